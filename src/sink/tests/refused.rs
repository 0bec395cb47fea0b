//! What a backend refuses: halves, dead letters, credentials.

use super::fake::{Answer, Outcome};
use super::sink;
use super::world::{New, World};
use crate::sink::Order;

/// Commits so many events, of which those that stand at these places are bad.
fn commit(world: &mut World, events: i64, bad: impl Fn(i64) -> bool) {
    let ts_ms = world.now_ms();
    let new: Vec<New> = (1..=events).map(|at| New { site: 1, ts_ms, is_bad: bad(at) }).collect();
    world.commit(&new);
}

#[test]
fn halving_finds_exactly_the_bad_events_and_the_others_arrive_in_their_order() {
    let mut world = World::new(sink(64));
    let is_bad = |at: i64| [1, 5, 6, 40, 200].contains(&at);
    commit(&mut world, 200, is_bad);
    world.rest();
    let good: Vec<i64> = (1..=200).filter(|at| !is_bad(*at)).collect();
    assert_eq!(world.told(), good);
    let letters = world.look().letters;
    let seqs: Vec<i64> = letters.iter().map(|letter| letter.seq).collect();
    assert_eq!(seqs, [1, 5, 6, 40, 200]);
    assert!(
        letters.iter().all(|letter| (letter.status, letter.answer.as_str()) == (Some(400), "no 400")),
        "{letters:?}"
    );
    assert_eq!(world.numbers(), (195, 5, 0, 0));
    assert!(world.attempts().len() < 80, "{} attempts", world.attempts().len());
}

#[test]
fn a_batch_that_is_too_large_is_halved_until_it_fits() {
    let mut world = World::new(sink(16));
    (0..9).for_each(|_| world.answer(Answer::AtMost(3)));
    commit(&mut world, 16, |_| false);
    world.rest();
    assert_eq!(world.told(), (1..=16).collect::<Vec<_>>());
    assert_eq!(world.numbers(), (16, 0, 0, 0), "no event alone was too large");
}

#[test]
fn a_hundred_refused_in_a_row_stop_the_sink_and_no_more_are_buried() {
    let mut world = World::new(sink(1));
    commit(&mut world, 150, |_| true);
    world.rest();
    let seen = world.look();
    let why = seen.place.stopped.expect("it stopped");
    assert!(why.starts_with("100 events in a row were refused") && why.contains("400"), "{why}");
    assert_eq!((seen.place.cursor, seen.letters.len()), (100, 100));
    world.rest();
    assert_eq!(world.attempts().len(), 100, "it stays stopped");

    // One that is taken begins the count anew.
    commit(&mut world, 1, |_| false);
    commit(&mut world, 60, |_| true);
    assert!(world.order(Order::Resume));
    world.rest();
    assert_eq!(world.numbers(), (1, 210, 0, 0));
    assert_eq!(world.look().place.stopped, None);
}

#[test]
fn a_letter_that_is_refused_again_has_the_last_answer() {
    let mut world = World::new(sink(1));
    world.answer(Answer::AtMost(0));
    commit(&mut world, 1, |_| true);
    world.rest();
    assert_eq!(world.look().letters[0].status, Some(413));
    assert!(world.order(Order::Retry(Some(1))));
    world.rest();
    let letter = world.look().letters.pop().expect("it is dead still");
    assert_eq!((letter.status, letter.retry), (Some(400), false));
    assert_eq!(world.attempts().len(), 2, "it is tried once an order");
}

#[test]
fn credentials_that_are_refused_are_tried_every_minute_however_often() {
    let mut sink = sink(10);
    sink.retry_most = std::time::Duration::from_secs(3600);
    let mut world = World::new(sink);
    commit(&mut world, 1, |_| false);
    for attempts in 1..20 {
        world.answer(Answer::Credentials);
        world.rest();
        assert_eq!(world.attempts().len(), attempts, "one attempt a minute");
        world.pass(59_000);
        world.rest();
        assert_eq!(world.attempts().len(), attempts, "and not before it is over");
        world.pass(2000);
    }
    world.rest();
    let attempts = world.attempts();
    assert!(attempts.iter().all(|attempt| attempt.key == attempts[0].key), "the same batch");
    assert_eq!(attempts.last().map(|attempt| attempt.outcome), Some(Outcome::Told));
}
