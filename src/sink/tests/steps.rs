//! What may happen to a sink, at random.

use proptest::prelude::*;

use super::fake::{Answer, Meanwhile};
use super::{HOUR, SECOND};
use crate::config::Begin;
use crate::sink::Order;

/// What happens next.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Site, age in milliseconds, and whether the backend refuses it.
    Commit(Vec<(usize, i64, bool)>),
    Pass(i64),
    Expire,
    Answer(Answer, Meanwhile),
    Unready,
    /// Rows expire between the packing of the next batch and its being written down.
    Late,
    /// So many steps of the shipper.
    Go(usize),
    Crash(Changed),
    Order(Order),
    Hinder(bool),
}

/// What is another in the configuration at the next start.
#[derive(Debug, Clone)]
pub(super) struct Changed {
    pub(super) sites: Vec<usize>,
    pub(super) fields: bool,
    pub(super) limit: usize,
    /// Whether the ledger is opened anew too.
    pub(super) ledger: bool,
}

/// How few bytes a sink may hold back where it is to be little, and how many rows that is, at least.
pub(super) const HOLD: u64 = 1500;
pub(super) const HELD_ROWS: i64 = 15;

fn age() -> impl Strategy<Value = i64> {
    // All of it in steps of two seconds, so that no pause of random length ends between two of them.
    let minutes = |range: std::ops::Range<i64>| range.prop_map(|minutes| minutes * 60 * SECOND);
    prop_oneof![6 => Just(0), 2 => minutes(0..1500), 1 => minutes(1350..1380), 1 => minutes(43_100..43_140)]
}

fn commit() -> impl Strategy<Value = Step> {
    let event = (0..2_usize, age(), prop::bool::weighted(0.15));
    prop::collection::vec(event, 1..9).prop_map(Step::Commit)
}

fn answer() -> impl Strategy<Value = Step> {
    let answer = prop_oneof![
        4 => Just(Answer::Yes),
        4 => Just(Answer::Untold),
        2 => Just(Answer::Hindered),
        3 => prop::option::of(Just(61)).prop_map(Answer::Busy),
        3 => (1..4_usize).prop_map(Answer::AtMost),
        1 => Just(Answer::Credentials),
        1 => Just(Answer::NotFound),
    ];
    let meanwhile = prop_oneof![
        8 => Just(Meanwhile::Nothing),
        2 => Just(Meanwhile::Expiry),
        1 => Just(Meanwhile::Time(2 * SECOND)),
        1 => Just(Meanwhile::Time(10 * 60 * SECOND)),
    ];
    (answer, meanwhile).prop_map(|(answer, meanwhile)| Step::Answer(answer, meanwhile))
}

fn order() -> impl Strategy<Value = Step> {
    let begin = prop_oneof![Just(Begin::Start), Just(Begin::Now), (0..30_i64).prop_map(|hours| Begin::At(-hours))];
    let order = prop_oneof![
        2 => Just(Order::Pause),
        4 => Just(Order::Resume),
        2 => Just(Order::Drain),
        2 => Just(Order::Retry(None)),
        1 => (1..20_i64).prop_map(|seq| Order::Retry(Some(seq))),
        1 => begin.prop_map(Order::Replay),
    ];
    order.prop_map(Step::Order)
}

fn crash() -> impl Strategy<Value = Step> {
    let sites = prop_oneof![4 => Just(vec![]), 1 => Just(vec![0]), 1 => Just(vec![1])];
    (sites, prop::bool::weighted(0.1), 1..7_usize, any::<bool>())
        .prop_map(|(sites, fields, limit, ledger)| Step::Crash(Changed { sites, fields, limit, ledger }))
}

fn step() -> impl Strategy<Value = Step> {
    let pass = prop_oneof![
        4 => Just(2 * SECOND),
        4 => Just(62 * SECOND),
        2 => Just(10 * 60 * SECOND),
        2 => Just(HOUR),
        1 => Just(12 * HOUR),
    ];
    prop_oneof![
        6 => commit(),
        5 => pass.prop_map(Step::Pass),
        2 => Just(Step::Expire),
        6 => answer(),
        1 => Just(Step::Unready),
        1 => Just(Step::Late),
        12 => (1..8_usize).prop_map(Step::Go),
        2 => crash(),
        3 => order(),
        1 => any::<bool>().prop_map(Step::Hinder),
    ]
}

/// A sink and what happens to it.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// Events a batch.
    pub(super) limit: usize,
    /// Whether it may hold back but little.
    pub(super) small: bool,
    pub(super) wait_secs: u64,
    pub(super) steps: Vec<Step>,
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let steps = prop::collection::vec(step(), 1..60);
    (1..7_usize, prop::bool::weighted(0.2), prop_oneof![Just(0), Just(4)], steps)
        .prop_map(|(limit, small, wait_secs, steps)| Case { limit, small, wait_secs, steps })
}
