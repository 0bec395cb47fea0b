//! The numbers of a sink's status, read from the ledger once a second.

use super::{Shipper, Trouble};

/// When they were last read, and what was told.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    next_ms: Option<i64>,
    /// What was told as given up.
    given_up: Option<u64>,
}

const EVERY_MS: i64 = 1000;

impl Numbers {
    /// An order has changed what they tell of.
    pub(super) fn renew(&mut self) {
        self.next_ms = None;
    }
}

impl Shipper {
    /// Keeps the status' numbers fresh.
    pub(super) fn look_after(&mut self) {
        let now_ms = self.parts.clock.now_ms();
        // A clock that was set back is no reason to stand still.
        if self.numbers.next_ms.is_some_and(|next| (next - EVERY_MS..next).contains(&now_ms)) {
            return;
        }
        self.numbers.next_ms = Some(now_ms + EVERY_MS);
        if let Err(trouble) = self.read_numbers(now_ms) {
            tracing::debug!(sink = self.parts.sink.name, %trouble, "a sink's numbers could not be read");
            self.reader = None;
        }
    }

    fn read_numbers(&mut self, now_ms: i64) -> Result<(), Trouble> {
        let (id, looked) = (self.place.id, self.looked);
        let mut status = self.parts.desk.status().clone();
        let reader = self.reader()?;
        let place = reader.place(id)?;
        // Rows that nobody here wants are not waited for.
        status.read(reader, &place, looked.max(place.cursor), now_ms)?;
        status.rate = self.rate.of(now_ms);
        status.retries = self.failures;
        let mut told = self.parts.desk.status();
        // Meanwhile an order may have come.
        status.draining = told.draining;
        *told = status;
        drop(told);
        self.tell_given_up(place.given_up);
        Ok(())
    }

    /// Says what was given up since the last look.
    fn tell_given_up(&mut self, now: u64) {
        let told = self.numbers.given_up.replace(now).unwrap_or(now);
        if let Some(events) = now.checked_sub(told).filter(|events| *events > 0) {
            tracing::error!(sink = self.parts.sink.name, events, "events were given up before the sink delivered them");
        }
    }
}
