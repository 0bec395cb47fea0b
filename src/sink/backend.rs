//! What a backend has to know: how to deliver bytes, and how to go back to what was written down.

use super::fault::Delivery;
use super::{file, http, stdout};
use crate::config::{self, Sink};

/// A storage backend. Everything here is called by one thread, and may block: nobody else waits for it.
///
/// A backend that has a place of its own (a file and its length) says so as its state. What it returns as a new state is
/// returned again until [`Backend::prepared`] says that it is written down in the ledger.
pub(super) trait Backend: Send {
    /// Goes back to the state that was last written down with the cursor; empty at first. `Err` says why that is not
    /// possible at present, in words.
    fn resume(&mut self, state: &str, unfinished: &Unfinished) -> Result<(), String> {
        let _ = (state, unfinished);
        Ok(())
    }

    /// Makes the bytes that are delivered out of lines of JSON: the same ones out of the same lines.
    fn encode(&mut self, lines: Vec<u8>) -> Vec<u8> {
        lines
    }

    /// Gets ready for a batch before it is delivered; the state to be written down first, where it has changed.
    fn prepare(&mut self, first_seq: i64, now_ms: i64) -> Result<Option<String>, String> {
        let _ = (first_seq, now_ms);
        Ok(None)
    }

    /// What was prepared is written down.
    fn prepared(&mut self) {}

    /// Delivers a batch.
    fn deliver(&mut self, sending: &Sending<'_>) -> Delivery;

    /// The state to be written down with the cursor behind what was just accepted.
    fn state(&self) -> Option<String> {
        None
    }

    /// The batch that was tried goes nowhere: what a failed attempt has left of it is taken back.
    fn abandon(&mut self) {}

    /// Called while nothing is to be sent; the state to be written down, where it has changed.
    fn idle(&mut self, now_ms: i64) -> Option<String> {
        let _ = now_ms;
        None
    }
}

/// What a backend may have more than its state says: delivered, or half so, and not written down before a crash.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    /// One of these bodies, or a part of it from its beginning.
    pub(super) bodies: Vec<Vec<u8>>,
    /// Or of one whose bytes are not known any more: a row of its batch has expired.
    pub(super) unknown: bool,
}

impl Unfinished {
    /// Whether these bytes are the beginning of what may have been delivered.
    pub(super) fn may_be(&self, bytes: &[u8]) -> bool {
        self.unknown || self.bodies.iter().any(|body| body.starts_with(bytes))
    }

    /// How many bytes are enough to tell.
    pub(super) fn longest(&self) -> usize {
        self.bodies.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// A batch on its way.
#[derive(Debug)]
pub(super) struct Sending<'a> {
    /// The same key always has the same bytes.
    pub(super) key: &'a str,
    /// What [`Backend::encode`] made.
    pub(super) body: &'a [u8],
    /// Now, in seconds since 1970.
    pub(super) now_s: i64,
}

/// The backend of a sink.
pub(super) fn of(sink: &Sink) -> Box<dyn Backend> {
    match &sink.backend {
        config::Backend::File(file) => Box::new(file::FileSink::new(&sink.name, file)),
        config::Backend::Http(http) => Box::new(http::HttpSink::new(http)),
        config::Backend::Stdout => Box::new(stdout::Stdout),
    }
}
