//! Orders at any moment, and what is another in the configuration at the next start.

use super::fake::Answer;
use super::sink;
use super::world::World;
use crate::config::Begin;
use crate::sink::Order;

/// Three events, of which the backend took all but the second.
fn with_a_letter() -> World {
    let mut world = World::new(sink(1));
    [Answer::Yes, Answer::AtMost(0), Answer::Yes].into_iter().for_each(|answer| world.answer(answer));
    world.commit_some(3, 0);
    world.rest();
    assert_eq!(world.numbers(), (2, 1, 0, 0));
    world
}

#[test]
fn what_goes_again_is_no_dead_letter_any_more() {
    let mut world = with_a_letter();
    assert!(world.order(Order::Replay(Begin::Start)));
    world.shipper().heed();
    assert_eq!(world.numbers(), (2, 0, 0, 3), "each event is one of these, and the letter waits");
    world.rest();
    assert_eq!(world.numbers(), (5, 0, 0, 0));
    assert_eq!(world.told(), [1, 3, 1, 2, 3]);
}

#[test]
fn a_replay_that_was_ordered_outlives_a_crash_and_begins_where_it_was_ordered() {
    let mut world = World::new(sink(10));
    world.commit_some(3, 0);
    world.rest();
    assert!(world.order(Order::Replay(Begin::Start)));
    world.crash();
    world.rest();
    assert_eq!(world.told(), [1, 2, 3, 1, 2, 3], "once more, and not a third time");

    assert!(world.order(Order::Replay(Begin::Now)));
    world.commit_some(1, 0);
    world.rest();
    assert_eq!((world.told().last(), world.numbers().2), (Some(&4), 0), "now was when it was ordered");
}

#[test]
fn what_a_replay_leaves_behind_is_given_up_and_counted() {
    let mut world = World::new(sink(10));
    world.answer(Answer::Busy(None));
    world.commit_some(3, 0);
    world.rest();
    assert!(world.order(Order::Replay(Begin::Now)));
    world.rest();
    assert_eq!(world.numbers(), (0, 0, 3, 0));
    world.commit_some(1, 0);
    world.rest();
    assert_eq!((world.told(), world.numbers()), (vec![4], (1, 0, 3, 0)));
}

#[test]
fn what_is_wanted_since_the_last_start_goes_in_its_order_though_a_batch_was_open() {
    let mut world = World::new(sink(10));
    world.sink.sites = vec!["day".into()];
    world.start_sink();
    world.answer(Answer::Busy(None));
    world.commit_some(1, 2);
    world.rest();
    assert_eq!(world.look().open.map(|open| open.first_seq), Some(2), "the first event is the other site's");
    world.sink.sites.clear();
    world.crash();
    world.pass(2000);
    world.rest();
    assert_eq!((world.told(), world.numbers()), (vec![1, 2, 3], (3, 0, 0, 0)));
}

#[test]
fn what_is_no_longer_wanted_is_not_given_up() {
    let mut world = World::new(sink(10));
    world.answer(Answer::Busy(None));
    world.commit_some(2, 2);
    world.rest();
    world.sink.sites = vec!["day".into()];
    world.crash();
    world.pass(2000);
    world.rest();
    assert_eq!((world.told(), world.numbers()), (vec![3, 4], (2, 0, 0, 0)));
}

#[test]
fn a_start_that_changes_nothing_goes_on_with_the_same_batch() {
    let mut world = World::new(sink(10));
    world.sink.sites = vec!["month".into(), "day".into()];
    world.start_sink();
    world.answer(Answer::Untold);
    world.commit_some(2, 2);
    world.rest();
    world.sink.sites.reverse();
    world.crash();
    world.pass(2000);
    world.rest();
    let keys: Vec<_> = world.attempts().into_iter().map(|attempt| attempt.key).collect();
    assert_eq!((world.told(), keys.len()), (vec![1, 2, 3, 4], 2));
    assert_eq!(keys[0], keys[1], "it is told apart as a repetition");
}

#[test]
fn a_sink_that_is_resumed_after_a_stop_goes_back_to_what_was_written_down_last() {
    let mut world = World::new(sink(1));
    world.answer(Answer::Yes);
    world.answer(Answer::NotFound);
    world.commit_some(3, 0);
    world.rest();
    let seen = world.look();
    assert_eq!((seen.place.cursor, seen.place.state.as_str()), (1, "1 0"));
    assert!(seen.place.stopped.is_some(), "a wrong configuration stops it");
    let owed = world.attempts().pop().expect("an attempt");

    world.rest();
    assert_eq!(world.attempts().len(), 2, "it is not tried again by itself");
    assert!(world.order(Order::Resume));
    world.go();
    assert_eq!(world.tape().resumed.last().map(String::as_str), Some("1 0"), "and not to the state of the start");
    world.rest();
    let again = world.attempts().swap_remove(2);
    assert_eq!((again.key, again.body), (owed.key, owed.body), "the same batch goes on under the same key");
    assert_eq!((world.told(), world.numbers()), (vec![1, 2, 3], (3, 0, 0, 0)));
}

#[test]
fn a_resumed_or_drained_sink_goes_at_once_also_when_its_pause_is_from_before_the_start() {
    for order in [Order::Resume, Order::Drain] {
        let mut world = World::new(sink(10));
        world.answer(Answer::Busy(Some(3000)));
        world.commit_some(1, 0);
        world.rest();
        world.crash();
        world.pass(2000);
        world.rest();
        assert!(world.told().is_empty(), "the pause is kept");
        world.crash();
        assert!(world.order(order));
        world.rest();
        assert_eq!(world.told(), [1], "{order:?}");
    }
}

#[test]
fn a_dead_letter_does_not_wait_until_everything_else_has_gone() {
    let mut world = with_a_letter();
    world.commit_some(20, 0);
    while world.told().len() < 5 {
        world.go();
    }
    assert!(world.order(Order::Retry(None)));
    world.rest();
    let told = world.told();
    let at = told.iter().position(|seq| *seq == 2).expect("the letter arrives");
    assert!(at <= 7, "it is next behind the batch that is on its way: {told:?}");
    assert_eq!(world.numbers(), (23, 0, 0, 0));
}

#[test]
fn a_dead_letter_that_fails_again_holds_nothing_up_and_is_tried_on() {
    let mut world = with_a_letter();
    assert!(world.order(Order::Retry(None)));
    world.answer(Answer::Busy(Some(600)));
    world.rest();
    world.commit_some(2, 0);
    world.rest();
    assert_eq!(world.told(), [1, 3, 4, 5], "others arrive while the letter waits");
    world.pass(602_000);
    world.rest();
    assert_eq!((world.told().pop(), world.numbers()), (Some(2), (5, 0, 0, 0)));
    let letters = world.attempts().into_iter().filter(|attempt| attempt.seqs == [2]).map(|attempt| attempt.key);
    let letters: Vec<_> = letters.collect();
    assert!(letters[1].starts_with("dead-") && letters[1] == letters[2], "under a key of its own: {letters:?}");
}
