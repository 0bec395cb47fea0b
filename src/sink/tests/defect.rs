//! A defect in a sink's thread: it ends nothing for good.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::super::backend::{Backend, Sending};
use super::super::fault::Delivery;
use super::super::orders::Desk;
use super::super::sinks::keep_running;
use super::sink;
use super::world::{World, parts};

/// Panics so often, and then takes everything.
struct Falling {
    falls: Arc<AtomicU32>,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Backend for Falling {
    fn deliver(&mut self, sending: &Sending<'_>) -> Delivery {
        let left = self.falls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        assert!(left.is_err(), "this is the test's own");
        self.taken.lock().expect("nobody panicked").push(sending.body.to_vec());
        Delivery::Accepted
    }
}

#[test]
fn a_sink_whose_thread_panics_begins_anew_with_the_same_batch() {
    let mut world = World::new(sink(10));
    world.commit_some(3, 0);
    let (falls, taken) = (Arc::new(AtomicU32::new(1)), Arc::<Mutex<Vec<Vec<u8>>>>::default());
    let desks: Arc<Mutex<Vec<Arc<Desk>>>> = Arc::default();
    let (made, own) = (desks.clone(), Falling { falls: falls.clone(), taken: taken.clone() });
    let (config, outbox, now) = (world.sink.clone(), world.ledger().outbox(), world.now.clone());
    let running = thread::spawn(move || {
        keep_running(|| {
            let backend = Falling { falls: own.falls.clone(), taken: own.taken.clone() };
            let parts = parts(&config, outbox.clone(), Box::new(backend), &now);
            made.lock().expect("nobody panicked").push(parts.desk.clone());
            parts
        });
    });
    let end = Instant::now() + Duration::from_secs(20);
    while taken.lock().expect("nobody panicked").is_empty() {
        assert!(Instant::now() < end, "it does not begin anew");
        thread::sleep(Duration::from_millis(5));
    }
    desks.lock().expect("nobody panicked").iter().for_each(|desk| desk.end());
    world.ledger().outbox().bell().ring();
    running.join().expect("it ended");
    let taken = taken.lock().expect("nobody panicked");
    assert_eq!((falls.load(Ordering::Relaxed), desks.lock().expect("nobody panicked").len()), (0, 2), "it fell once");
    assert_eq!(taken.iter().map(|body| body.split(|byte| *byte == b'\n').count() - 1).sum::<usize>(), 3);
    assert_eq!(world.numbers(), (3, 0, 0, 0), "and nothing is lost or counted twice");
}
