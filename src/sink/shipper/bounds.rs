//! What a sink may hold back: bytes by `hold_bytes`, age by its sites' retention. What is given up is counted, logged and shown,
//! the oldest first, and warned of a day before.

use super::super::status::expiring;
use super::{Shipper, Trouble};
use crate::ledger::STEP;

/// When bounds were looked at, and warned of.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    next_ms: i64,
    warned_ms: Option<i64>,
}

const EVERY_MS: i64 = 10_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A sink that keeps up holds back a batch's events: of those nobody is warned.
const LAGS_MS: i64 = 10 * 60 * 1000;

impl Shipper {
    /// Keeps the bounds.
    pub(super) fn bound(&mut self, now_ms: i64) -> Result<(), Trouble> {
        if (self.bounds.next_ms - EVERY_MS..self.bounds.next_ms).contains(&now_ms) {
            return Ok(());
        }
        self.bounds.next_ms = now_ms.saturating_add(EVERY_MS);
        let (cursor, most) = (self.looked.max(self.place.cursor), self.parts.sink.hold_bytes);
        if let Some(seq) = self.own_surplus(cursor, most)? {
            self.give_up(seq)?;
        }
        self.warn(now_ms)
    }

    fn own_surplus(&mut self, cursor: i64, most: u64) -> Result<Option<i64>, Trouble> {
        let id = self.place.id;
        Ok(self.reader()?.surplus(id, cursor, most)?)
    }

    /// Gives up what is behind the cursor, up to a seq.
    fn give_up(&mut self, seq: i64) -> Result<(), Trouble> {
        self.parts.backend.abandon();
        let mut events = 0;
        while self.place.cursor < seq {
            let place = &mut self.place;
            let next = seq.min(place.cursor.saturating_add(STEP));
            events += self.parts.outbox.pass_over(place.id, next)?;
            place.cursor = next;
            self.looked = self.looked.max(next);
            (self.on_its_way, self.gathering) = (None, None);
            (self.retry_at_ms, self.failures) = (None, 0);
        }
        let hold_bytes = self.parts.sink.hold_bytes;
        let name = &self.parts.sink.name;
        tracing::error!(
            sink = name,
            events,
            hold_bytes,
            "a sink holds back more than hold_bytes: its oldest events go"
        );
        Ok(())
    }

    /// Says what will be given up within a day if nothing changes: to the log once an hour.
    fn warn(&mut self, now_ms: i64) -> Result<(), Trouble> {
        let warning = self.foresee(now_ms)?;
        let silent = self.bounds.warned_ms.is_some_and(|warned| (warned..warned + HOUR_MS).contains(&now_ms));
        if let Some(warning) = warning.as_deref().filter(|_| !silent) {
            tracing::warn!(sink = self.parts.sink.name, warning, "a sink will lose events within a day");
            self.bounds.warned_ms = Some(now_ms);
        }
        self.parts.desk.status().warning = warning;
        Ok(())
    }

    fn foresee(&mut self, now_ms: i64) -> Result<Option<String>, Trouble> {
        let (mut place, most) = (self.place.clone(), self.parts.sink.hold_bytes);
        place.cursor = place.cursor.max(self.looked);
        let reader = self.reader()?;
        let held = reader.held(place.id, place.cursor)?;
        let age_ms = held.oldest_ms.map_or(0, |oldest| now_ms - oldest);
        if held.events == 0 || age_ms < LAGS_MS {
            return Ok(None);
        }
        if let Some(warning) = expiring(reader.expiring(&place, now_ms)?) {
            return Ok(Some(warning));
        }
        let grows = reader.growth((now_ms - DAY_MS).div_euclid(HOUR_MS))?;
        let fills = age_ms > HOUR_MS && held.bytes.saturating_add(grows) > most;
        let bytes = held.bytes;
        Ok(fills
            .then(|| format!("{bytes} bytes are held back, and within a day it may be more than hold_bytes = {most}")))
    }
}
