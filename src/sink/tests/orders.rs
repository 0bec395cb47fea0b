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
