//! One line for each view as it comes, read from the ledger, so what is shown is what is durable; and one now and then for
//! what the sink has written.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::archive::Filling;
use crate::cli::tell;
use crate::ledger::{Tail, Viewed};
use crate::sink::Sinks;

/// How often the ledger is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Prints views until it is stopped.
pub(super) struct Views {
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Views {
    /// Prints what is recorded from now on.
    pub(super) fn follow(data: &Path, sinks: Arc<Sinks>) -> Views {
        let stopping = Arc::new(AtomicBool::new(false));
        let thread = match Tail::from_now(data) {
            Ok(tail) => {
                let stop = stopping.clone();
                let filling = Filling::new(sinks, data);
                Some(thread::spawn(move || print(tail, filling, &stop)))
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

fn print(mut tail: Tail, mut filling: Filling, stopping: &AtomicBool) {
    let zone = TimeZone::system();
    loop {
        let last = stopping.load(Ordering::Acquire);
        match tail.since() {
            Ok(views) => views.iter().for_each(|view| tell(line(view, &zone))),
            Err(error) => tracing::debug!(%error, "the ledger could not be read"),
        }
        if last {
            return;
        }
        if let Some(line) = filling.line() {
            tell(line);
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// The time is that of the clock on the wall, with its offset where that is not UTC.
fn line(view: &Viewed, zone: &TimeZone) -> String {
    let local = Timestamp::from_millisecond(view.ts_ms).unwrap_or_default().to_zoned_datetime(zone.clone());
    let time = local.strftime(if local.offset() == Offset::UTC { "%H:%M:%S" } else { "%H:%M:%S %:z" });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_view_is_the_local_one_and_says_so_where_it_is_not_utc() {
        let (path, referrer_host) = ("/help".to_owned(), Some("news.example".to_owned()));
        let view = Viewed { ts_ms: 0, path, status: 200, referrer_host, bot: None };
        assert_eq!(line(&view, &TimeZone::UTC), "00:00:00  view  200  /help  from news.example");
        let kolkata = TimeZone::get("Asia/Kolkata").expect("the zone is compiled in");
        assert_eq!(line(&view, &kolkata), "05:30:00 +05:30  view  200  /help  from news.example");
    }
}
