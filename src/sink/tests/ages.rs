//! What has expired, or is about to, goes nowhere, and is counted once.

use super::fake::Answer;
use super::world::{New, World};
use super::{DAY, HOUR, sink};
use crate::sink::Order;
use crate::sink::shipper::by_hand::Next;

/// An event of the site that keeps its rows for a day, of so long ago.
fn old(world: &World, age_ms: i64) -> New {
    New { site: 0, ts_ms: world.now_ms() - age_ms, is_bad: false }
}

#[test]
fn what_has_expired_is_not_sent_however_long_its_batch_waited() {
    let mut world = World::new(sink(3));
    world.answer(Answer::Busy(None));
    world.commit_some(1, 2);
    world.rest();
    // The process was down meanwhile: no row is deleted yet when it comes back.
    world.pass(2 * DAY);
    world.crash();
    world.rest();
    let attempts = world.attempts();
    let [first, second] = attempts.as_slice() else { panic!("two attempts: {attempts:?}") };
    assert_eq!((first.seqs.as_slice(), second.seqs.as_slice()), (&[1, 2, 3][..], &[1][..]));
    assert_ne!(first.key, second.key, "other bytes go under another key");
    assert_eq!(world.numbers(), (1, 0, 2, 0));
    world.expire();
    assert_eq!(world.numbers(), (1, 0, 2, 0), "it is counted once");
}

#[test]
fn what_expires_between_packing_and_sending_is_not_sent() {
    let mut world = World::new(sink(1));
    world.commit_some(1, 2);
    while world.look().place.cursor == 0 {
        world.go();
    }
    assert_eq!(world.look().open.map(|open| open.last_seq), Some(2), "the second batch is packed and written down");
    world.pass(2 * DAY);
    world.rest();
    assert_eq!(world.told(), [1]);
    world.expire();
    assert_eq!(world.numbers(), (1, 0, 2, 0));
}

#[test]
fn a_batch_that_expired_whole_is_given_up_and_the_next_one_goes() {
    let mut world = World::new(sink(2));
    world.answer(Answer::Busy(None));
    world.commit_some(0, 2);
    world.rest();
    world.pass(2 * DAY);
    world.expire();
    assert_eq!(world.numbers(), (0, 0, 0, 0), "the batch's end counts what it has lost");
    world.commit_some(2, 0);
    world.rest();
    assert_eq!((world.told(), world.numbers()), (vec![3, 4], (2, 0, 2, 0)));
}

#[test]
fn however_many_of_a_batch_have_expired_the_others_arrive() {
    const MANY: usize = 20_001;
    let mut world = World::new(sink(2 * MANY));
    world.answer(Answer::Busy(None));
    world.commit_some(0, MANY);
    world.commit_some(1, 0);
    world.rest();
    world.pass(2 * DAY);
    world.rest();
    assert_eq!(world.told(), [MANY as i64 + 1]);
    assert_eq!(world.numbers(), (1, 0, MANY as u64, 0));
}

#[test]
fn what_is_about_to_expire_is_not_sent_and_given_up_once() {
    let mut world = World::new(sink(10));
    let minutes = |minutes: i64| minutes * 60_000;
    let (due, not_due) = (old(&world, DAY - minutes(69)), old(&world, DAY - minutes(71)));
    world.commit(&[due, not_due, due]);
    world.rest();
    assert_eq!(world.told(), [2]);
    assert_eq!(world.numbers(), (1, 0, 2, 0), "the cursor went over both");
    world.pass(HOUR);
    world.expire();
    assert_eq!(world.numbers(), (1, 0, 2, 0), "expiry counts what is behind the cursor alone");
    world.commit_some(1, 0);
    world.rest();
    assert_eq!(world.numbers(), (2, 0, 2, 0));
}

#[test]
fn a_dead_letter_that_is_about_to_expire_is_not_tried_again() {
    let mut world = World::new(sink(1));
    world.commit(&[New { is_bad: true, ..old(&world, 0) }]);
    world.rest();
    assert_eq!(world.numbers(), (0, 1, 0, 0));
    world.pass(23 * HOUR);
    assert!(world.order(Order::Retry(None)));
    world.rest();
    assert_eq!(world.attempts().len(), 1, "it is not sent any more");
    assert!(!world.look().letters[0].retry, "nor is it tried for ever");
    assert!(matches!(world.go(), Next::Wait(_)));
    world.pass(HOUR);
    world.expire();
    assert_eq!(world.numbers(), (0, 0, 1, 0), "it goes with its event");
}
