//! What a sink may hold back: beyond `hold_bytes` the oldest go, and owners are warned before anything does.

use std::time::Duration;

use super::fake::Answer;
use super::world::World;
use super::{DAY, HOUR, sink};
use crate::sink::Order;

/// What a row takes whose path has so many characters.
fn bytes(path: u64) -> u64 {
    80 + path
}

#[test]
fn beyond_hold_bytes_the_oldest_are_given_up_and_counted() {
    let mut sink = sink(10);
    // Rows 10 to 59, of "/10" to "/59".
    sink.hold_bytes = 50 * bytes(3);
    let mut world = World::new(sink);
    assert!(world.order(Order::Pause));
    world.commit_some(59, 0);
    world.rest();
    assert_eq!(world.numbers(), (0, 0, 9, 50), "a paused sink is bounded too");
    world.pass(5000);
    world.commit_some(1, 0);
    world.rest();
    assert_eq!(world.numbers(), (0, 0, 9, 51), "it is looked at every ten seconds");
    world.pass(10_000);
    world.rest();
    assert_eq!(world.numbers(), (0, 0, 10, 50));
    assert!(world.order(Order::Resume));
    world.rest();
    assert_eq!(world.told(), (11..=60).collect::<Vec<_>>());
    assert_eq!(world.numbers(), (50, 0, 10, 0));
}

#[test]
fn what_is_left_of_a_batch_that_was_cut_short_goes_under_a_new_key() {
    let mut sink = sink(10);
    sink.hold_bytes = 10 * bytes(3);
    sink.retry_most = Duration::from_secs(60);
    let mut world = World::new(sink);
    world.answer(Answer::Untold);
    world.commit_some(10, 0);
    world.rest();
    world.pass(10_000);
    world.commit_some(5, 0);
    world.rest();
    let attempts = world.attempts();
    assert_eq!(attempts[0].seqs, (1..=10).collect::<Vec<_>>());
    assert_eq!(attempts[1].seqs, (6..=15).collect::<Vec<_>>(), "the oldest five went");
    assert_ne!(attempts[0].key, attempts[1].key);
    assert_eq!(world.numbers(), (10, 0, 5, 0));
}

#[test]
fn a_day_before_events_expire_or_go_beyond_the_bound_there_is_a_warning() {
    let warning = |world: &World| world.desk.status().warning.clone();
    let mut world = World::new(sink(10));
    world.commit_some(1, 0);
    assert!(world.order(Order::Pause));
    world.rest();
    assert_eq!(warning(&world), None);
    world.commit_some(0, 2);
    world.pass(11_000);
    world.rest();
    assert_eq!(warning(&world).as_deref(), Some("2 events expire within a day and are not delivered yet"));
    assert!(world.order(Order::Resume));
    world.rest();
    world.pass(11_000);
    world.rest();
    assert_eq!(warning(&world), None, "it goes with its reason");

    let mut sink = sink(10);
    sink.hold_bytes = 15 * bytes(2);
    let mut world = World::new(sink);
    assert!(world.order(Order::Pause));
    world.commit_some(9, 0);
    world.rest();
    assert_eq!(warning(&world), None, "it has only just come");
    world.pass(2 * HOUR);
    world.rest();
    let words = warning(&world).expect("as much again would be too much");
    assert!(words.contains("738 bytes are held back") && words.contains("hold_bytes = 1230"), "{words}");
    world.pass(2 * DAY);
    world.rest();
    assert_eq!(warning(&world), None, "nothing came for a day");
}
