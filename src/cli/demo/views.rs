//! One line for each view as it comes: read from the ledger, so what is shown is what is durable.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;

use crate::ledger::{Tail, Viewed};

/// How often the ledger is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Prints views until it is stopped.
pub(super) struct Views {
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Views {
    /// Prints what is recorded from now on.
    pub(super) fn follow(data: &Path) -> Views {
        let stopping = Arc::new(AtomicBool::new(false));
        let thread = match Tail::from_now(data) {
            Ok(tail) => {
                let stop = stopping.clone();
                Some(thread::spawn(move || print(tail, &stop)))
            }
            Err(error) => {
                tracing::warn!(%error, "views cannot be shown as they come");
                None
            }
        };
        Views { stopping, thread }
    }

    /// Prints what came last, and ends.
    pub(super) fn stop(mut self) {
        self.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

fn print(mut tail: Tail, stopping: &AtomicBool) {
    loop {
        let last = stopping.load(Ordering::Acquire);
        match tail.since() {
            Ok(views) => views.iter().for_each(|view| println!("{}", line(view))),
            Err(error) => tracing::debug!(%error, "the ledger could not be read"),
        }
        if last {
            return;
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn line(view: &Viewed) -> String {
    let time = Timestamp::from_millisecond(view.ts_ms).unwrap_or_default().strftime("%H:%M:%S");
    let path = view.path.escape_debug();
    let from = match view.referrer_host.as_deref() {
        Some(host) => format!("  from {}", host.escape_debug()),
        None => String::new(),
    };
    let bot = match view.bot.as_deref() {
        Some(bot) => format!("  bot: {}", bot.escape_debug()),
        None => String::new(),
    };
    format!("{time}  view  {}  {path}{from}{bot}", view.status)
}
