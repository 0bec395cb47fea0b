//! What a shipper tells of itself: its state, its failures and the pauses behind them.

use super::super::backoff::{self, Pace};
use super::super::status::{LastError, State};
use super::{LONGEST_PAUSE_MS, LOOK_MS, Shipper, Trouble};

impl Shipper {
    /// Stops by itself: the cursor stays, and its owner is told why.
    pub(super) fn stop(&mut self, why: String) {
        tracing::error!(sink = self.parts.sink.name, why, "a sink stopped; `inlay sink resume` lets it try again");
        self.failed(&why);
        if let Err(error) = self.parts.outbox.set_stopped(self.place.id, Some(why.clone())) {
            tracing::warn!(sink = self.parts.sink.name, %error, "that a sink stopped could not be written down");
        }
        self.stopped = Some(why);
    }

    /// The ledger is in trouble: that is told where the ledger's own is, and passes.
    pub(super) fn trouble(&mut self, trouble: &Trouble) {
        tracing::debug!(sink = self.parts.sink.name, %trouble, "a sink waits for the ledger");
        let at_ms = self.parts.clock.now_ms();
        let mut status = self.parts.desk.status();
        status.last_error = Some(LastError { what: trouble.to_string(), at_ms });
        status.state = State::Waiting(at_ms + LOOK_MS);
        drop(status);
        self.reader = None;
    }

    /// Notes a failure, and when the next attempt may be.
    pub(super) fn again_later(&mut self, why: &str, pace: Pace, now_ms: i64) {
        self.failures = self.failures.saturating_add(1);
        self.failed(why);
        self.retry_at_ms = Some(self.pause_end(self.failures, pace, now_ms));
    }

    pub(super) fn pause_end(&self, failures: u32, pace: Pace, now_ms: i64) -> i64 {
        let pause = backoff::pause(failures, self.parts.sink.retry_most, pace, rand::random());
        now_ms.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(LONGEST_PAUSE_MS))
    }

    pub(super) fn failed(&mut self, why: &str) {
        let at_ms = self.parts.clock.now_ms();
        let mut status = self.parts.desk.status();
        status.failures += 1;
        status.retries = self.failures;
        status.last_error = Some(LastError { what: why.to_owned(), at_ms });
    }

    pub(super) fn show(&self, state: State) {
        self.parts.desk.status().state = state;
    }
}
