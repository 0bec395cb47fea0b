//! The demo's sink: a folder of files that fills as pages are opened, and a line now and then that says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cli::words::counted;
use crate::config::{Backend, BatchLimits, Begin, Fields, FileSink, Rotation, Sink};
use crate::ledger::{Clock, EventReader};
use crate::sink::{Sinks, Status, statuses};

const NAME: &str = "archive";
/// Between two lines.
const QUIET: Duration = Duration::from_secs(3);

/// The folder of its files, in that of the ledger.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("events")
}

/// The sink. Its files are small and its batches short, so that there is something to see soon.
pub(super) fn sink(data: &Path) -> Sink {
    let rotation = Rotation { bytes: 20_000, after: Duration::from_secs(600) };
    Sink {
        name: NAME.to_owned(),
        backend: Backend::File(FileSink { folder: folder(data), rotation, gzip: true }),
        sites: Vec::new(),
        events: Vec::new(),
        begin: Begin::Start,
        batch: BatchLimits { events: 100, bytes: 100_000, wait: Duration::from_millis(250) },
        fields: Fields::default(),
        retry_most: Duration::from_secs(60),
        hold_bytes: 1_000_000_000,
    }
}

/// How the folder fills, as it does.
pub(super) struct Filling {
    sinks: Arc<Sinks>,
    told: u64,
    told_at: Option<Instant>,
}

impl Filling {
    /// Nothing is said of what was there before.
    pub(super) fn new(sinks: Arc<Sinks>, data: &Path) -> Filling {
        Filling { sinks, told: written(data), told_at: None }
    }

    /// A line, where there is something to say and the last one was a while ago.
    pub(super) fn line(&mut self) -> Option<String> {
        if self.told_at.is_some_and(|at| at.elapsed() < QUIET) {
            return None;
        }
        let status = self.sinks.status().into_iter().find(|sink| sink.name == NAME)?;
        if status.delivered <= self.told {
            return None;
        }
        (self.told, self.told_at) = (status.delivered, Some(Instant::now()));
        Some(line(status.delivered))
    }
}

/// The line for so many events.
pub(super) fn line(events: u64) -> String {
    format!("{NAME}: {} written", counted(events, "event", "events"))
}

/// How many events it has written, as the ledger knows.
pub(super) fn written(data: &Path) -> u64 {
    let read = || statuses(&EventReader::open(data).ok()?, Clock::system().now_ms()).ok();
    let sink: Option<Status> = read().and_then(|all| all.into_iter().find(|sink| sink.name == NAME));
    sink.map_or(0, |sink| sink.delivered)
}
