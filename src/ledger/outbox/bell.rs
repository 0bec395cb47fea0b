//! A bell that wakes whoever waits for something: events that were committed, an order, the end.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts its strokes, so that none is missed between two looks.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<Rung>,
    stroke: Condvar,
}

#[derive(Debug, Default)]
struct Rung {
    strokes: u64,
    last_seq: i64,
}

impl Bell {
    /// Wakes all who wait.
    pub fn ring(&self) {
        let mut rung = self.lock();
        rung.strokes = rung.strokes.wrapping_add(1);
        drop(rung);
        self.stroke.notify_all();
    }

    /// Events up to this seq are committed: says so to all who wait.
    pub(in crate::ledger) fn committed(&self, last_seq: i64) {
        self.lock().last_seq = last_seq;
        self.ring();
    }

    /// The last seq that was committed since the start; 0 before the first.
    pub fn last_seq(&self) -> i64 {
        self.lock().last_seq
    }

    /// How often it was rung so far: ask before you look at what you wait for.
    pub fn strokes(&self) -> u64 {
        self.lock().strokes
    }

    /// Waits until it was rung since `strokes`, or the time is over.
    pub fn wait(&self, strokes: u64, time: Duration) {
        let rung = self.lock();
        // Whether the time ran out is seen by looking.
        let _unlocked = self.stroke.wait_timeout_while(rung, time, |rung| rung.strokes == strokes);
    }

    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
