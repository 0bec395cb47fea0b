//! The numbers of a sink's status, read from the ledger once a second.

use super::{Shipper, Trouble};

/// When they are read next.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    next_ms: Option<i64>,
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
        Ok(())
    }
}
