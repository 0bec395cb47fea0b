//! When a process is killed: at a time of no meaning, or at a moment that is looked for.

use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::support::receiver::Moment;
use crate::support::sink;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kill {
    /// Whatever it is doing.
    Anytime,
    /// A batch is accepted, and not a word of the answer is written.
    Accepted,
    /// The answer is written; the cursor is not.
    Answered,
    /// A new file was begun.
    Rotating,
    /// A closed file is hidden, or being compressed.
    Compressing,
}

/// How long a moment is looked for before the kill comes without it.
const MOMENT: Duration = Duration::from_secs(4);
/// How long an answer is held back for a kill at most.
const HELD: Duration = Duration::from_secs(10);

impl Kill {
    /// So many kills of every kind, in an order of chance.
    pub(super) fn schedule(rounds: usize, random: &mut StdRng) -> Vec<Kill> {
        use Kill::{Accepted, Answered, Anytime, Compressing, Rotating};
        let kinds = [Anytime, Answered, Compressing, Anytime, Accepted, Rotating, Answered];
        let mut kills: Vec<_> = kinds.into_iter().cycle().take(rounds).collect();
        kills.shuffle(random);
        kills
    }

    /// Waits for the moment.
    pub(super) fn wait(self, trap: &Trap, folder: &Path) {
        match self {
            Kill::Anytime => {}
            Kill::Accepted => trap.wait(Moment::Accepted),
            Kill::Answered => trap.wait(Moment::Answered),
            Kill::Rotating => {
                let written = |name: &String| name.ends_with(".ndjson") && !name.starts_with('.');
                let names = || sink::names(folder).into_iter().filter(written).collect::<Vec<_>>();
                let before = names();
                look_for(|| names().iter().any(|name| !before.contains(name)));
            }
            Kill::Compressing => look_for(|| !sink::in_progress(folder).is_empty()),
        }
    }
}

fn look_for(mut moment: impl FnMut() -> bool) {
    let end = Instant::now() + MOMENT;
    while !moment() && Instant::now() < end {
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Set for a moment of a delivery. An acceptance that springs it is not answered until the process is gone.
#[derive(Debug, Default)]
pub(super) struct Trap {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    set_for: Option<Moment>,
    sprung: bool,
}

impl Trap {
    /// Called by the backend at each moment.
    pub(super) fn meet(&self, moment: Moment) {
        let mut state = self.state.lock().expect("unpoisoned");
        if state.set_for != Some(moment) {
            return;
        }
        state.sprung = true;
        self.changed.notify_all();
        if moment == Moment::Accepted {
            let held = self.changed.wait_timeout_while(state, HELD, |state| state.set_for.is_some());
            drop(held.expect("unpoisoned"));
        }
    }

    /// Sets it, and waits until it springs.
    fn wait(&self, moment: Moment) {
        let mut state = self.state.lock().expect("unpoisoned");
        *state = State { set_for: Some(moment), sprung: false };
        drop(self.changed.wait_timeout_while(state, MOMENT, |state| !state.sprung).expect("unpoisoned"));
    }

    /// The process is gone.
    pub(super) fn release(&self) {
        *self.state.lock().expect("unpoisoned") = State::default();
        self.changed.notify_all();
    }
}
