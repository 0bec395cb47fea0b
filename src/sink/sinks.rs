//! All sinks of a process: started, told, asked, and stopped at a deadline.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::backend;
use super::orders::{Desk, Order};
use super::shipper::{self, Parts};
use super::status::{LastError, Status};
use crate::config::{Config, Sink};
use crate::event::Kind;
use crate::ledger::{Clock, Filter, Outbox, WriteError};

/// The running sinks.
pub struct Sinks {
    outbox: Outbox,
    running: Vec<Running>,
}

struct Running {
    name: String,
    desk: Arc<Desk>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Why an order was not taken.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is no such sink.
    #[error("there is no sink {name:?}; the sinks here are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The ledger cannot write it down.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The pause behind a panic.
const BEGIN_ANEW: Duration = Duration::from_secs(1);
/// How often a thread's end is looked for.
const LOOK: Duration = Duration::from_millis(10);

impl Sinks {
    /// Gives every sink of the configuration a thread.
    pub fn start(config: &Config, outbox: &Outbox, clock: &Clock) -> Sinks {
        let running = config.sinks.iter().map(|sink| start(sink, outbox, clock)).collect();
        Sinks { outbox: outbox.clone(), running }
    }

    /// How every sink is, in the configuration's order.
    pub fn status(&self) -> Vec<Status> {
        self.running.iter().map(|sink| sink.desk.status().clone()).collect()
    }

    /// Gives an order. What has to outlive the process is written down before this returns.
    pub fn order(&self, name: &str, order: Order) -> Result<(), OrderError> {
        let Some(sink) = self.running.iter().find(|sink| sink.name == name) else {
            let known = self.running.iter().map(|sink| sink.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(OrderError::Unknown { name: name.to_owned(), known });
        };
        write_down(&self.outbox, name, order)?;
        sink.desk.leave(order);
        self.outbox.bell().ring();
        Ok(())
    }

    /// Lets every sink send what waits, for so long at most, and ends them. A delivery that takes longer is left behind: its
    /// batch is written down and goes again at the next start.
    pub fn stop(&self, time: Duration) {
        let end = Instant::now() + time;
        self.running.iter().for_each(|sink| sink.desk.end());
        self.outbox.bell().ring();
        for sink in &self.running {
            let thread = sink.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(thread) = thread else { continue };
            while !thread.is_finished() && Instant::now() < end {
                thread::sleep(LOOK);
            }
            if thread.is_finished() {
                // A panic was reported where it happened.
                _ = thread.join();
            } else {
                tracing::warn!(
                    sink = sink.name,
                    "a delivery does not end in time; its batch goes again at the next start"
                );
            }
        }
    }
}

fn start(sink: &Arc<Sink>, outbox: &Outbox, clock: &Clock) -> Running {
    let kinds = sink.events.iter().map(|kind| Kind::from(*kind)).collect();
    let filter = Filter { sites: sink.sites.clone(), kinds, ..Filter::default() };
    let desk = Arc::new(Desk::new(Status::new(&sink.name, sink.backend.word())));
    let (with, outbox, told, clock) = (sink.clone(), outbox.clone(), desk.clone(), clock.clone());
    let parts = move || Parts {
        sink: with.clone(),
        filter: filter.clone(),
        outbox: outbox.clone(),
        backend: backend::of(&with),
        desk: told.clone(),
        clock: clock.clone(),
    };
    let thread = thread::Builder::new().name(format!("sink-{}", sink.name)).spawn(move || keep_running(parts));
    let thread = thread.map_err(|error| tracing::error!(sink = sink.name, %error, "a sink's thread cannot be started"));
    Running { name: sink.name.clone(), desk, thread: Mutex::new(thread.ok()) }
}

/// Runs a shipper until it ends by itself. A panic costs what it had in memory, and everything that matters stands in the
/// ledger: it begins anew, as after a crash.
pub(super) fn keep_running(parts: impl Fn() -> Parts) {
    loop {
        let parts = parts();
        let (desk, clock) = (parts.desk.clone(), parts.clock.clone());
        if catch_unwind(AssertUnwindSafe(|| shipper::run(parts))).is_ok() || desk.is_ending() {
            return;
        }
        let what = "a defect of Inlay's, see the log; the sink begins anew".to_owned();
        desk.status().last_error = Some(LastError { what, at_ms: clock.now_ms() });
        thread::sleep(BEGIN_ANEW);
    }
}

/// What of an order stands in the ledger, so that it holds for the next process too.
pub(super) fn write_down(outbox: &Outbox, name: &str, order: Order) -> Result<(), WriteError> {
    let Some(place) = outbox.place(name)? else { return Ok(()) };
    match order {
        Order::Pause => outbox.set_paused(place.id, true),
        Order::Resume => outbox.set_paused(place.id, false),
        Order::Retry(seq) => outbox.retry_dead(place.id, seq).map(drop),
        Order::Replay(begin) => outbox.note_replay(place.id, begin),
        Order::Drain => Ok(()),
    }
}

impl std::fmt::Debug for Sinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.running.iter().map(|sink| &sink.name)).finish()
    }
}
