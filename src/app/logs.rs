//! Log lines: text or JSON on standard error, by `tracing`.
//!
//! pingora and its libraries write through `log`, with paths, addresses and whole headers in their lines. Of those only
//! that there was an error, and where in their code, is passed on; our own lines say what an owner has to know.

use std::io::IsTerminal;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use log::{Level, LevelFilter, Log, Metadata, Record};
use tracing_subscriber::filter::LevelFilter as TracingLevel;

use crate::config::LogFormat;

/// Starts logging. A second start in one process changes nothing.
pub fn start(format: LogFormat, level: TracingLevel) {
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    // In a file or a journal codes for colours are in the way of whoever searches it.
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = lines.with_ansi(colours);
    // A closed standard error is nothing that could be told there; trying to would panic.
    let lines = lines.log_internal_errors(false);
    // Both fail only where a logger is there already.
    _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(lines.finish()),
        LogFormat::Json => tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish()),
    };
    _ = log::set_logger(&LIBRARIES);
    log::set_max_level(LevelFilter::Error);
}

static LIBRARIES: Libraries = Libraries { last_s: AtomicU64::new(0) };
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What libraries write: errors alone, without their text, at most one a second.
struct Libraries {
    /// Second of the last line, counted from 1 at the start.
    last_s: AtomicU64,
}

impl Log for Libraries {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() == Level::Error
    }

    fn log(&self, record: &Record<'_>) {
        let now = START.elapsed().as_secs() + 1;
        if !self.enabled(record.metadata()) || self.last_s.swap(now, Ordering::Relaxed) == now {
            return;
        }
        let module = record.target();
        let line = record.line().unwrap_or_default();
        tracing::debug!(module, line, "an error inside a library; its text is withheld, it may name visitors");
    }

    fn flush(&self) {}
}
