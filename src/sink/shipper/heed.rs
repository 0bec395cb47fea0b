//! What a shipper does at its owner's orders.

use super::super::orders::Order;
use super::{Shipper, Trouble};

impl Shipper {
    /// Carries out the orders that wait. One that fails stays, and is carried out later.
    pub(super) fn obey(&mut self) -> Result<(), Trouble> {
        while let Some(order) = self.parts.desk.next() {
            match order {
                Order::Pause => self.place.paused = true,
                Order::Resume => {
                    self.place.paused = false;
                    self.go_on()?;
                }
                Order::Drain => {
                    self.drain_to = Some(self.reader()?.last_seq()?);
                    self.draining = true;
                    self.end_pause();
                }
                Order::Retry(_) => (self.maybe_dead, self.raise_at_ms) = (true, None),
                Order::Replay(_) => self.replay_as_noted()?,
            }
            self.parts.desk.done();
            self.numbers.renew();
        }
        self.draining |= self.parts.desk.is_ending();
        Ok(())
    }

    fn end_pause(&mut self) {
        (self.retry_at_ms, self.raise_at_ms, self.at_once) = (None, None, true);
    }

    /// After a stop of its own, or a pause behind a failure.
    fn go_on(&mut self) -> Result<(), Trouble> {
        self.end_pause();
        self.refused = 0;
        if self.stopped.is_some() {
            self.parts.outbox.set_stopped(self.place.id, None)?;
            if let Some(place) = self.parts.outbox.place(&self.parts.sink.name)? {
                self.place.state = place.state;
            }
            (self.stopped, self.resumed) = (None, false);
        }
        Ok(())
    }

    /// Where from stands in the ledger since the order: by what was there then.
    fn replay_as_noted(&mut self) -> Result<(), Trouble> {
        let noted = self.parts.outbox.place(&self.parts.sink.name)?.and_then(|place| place.replay);
        noted.map_or(Ok(()), |seq| self.replay(seq))
    }

    pub(super) fn replay(&mut self, seq: i64) -> Result<(), Trouble> {
        self.parts.backend.abandon();
        let place = &mut self.place;
        self.parts.outbox.replay_behind(place.id, seq)?;
        (place.cursor, place.replay) = (seq, None);
        tracing::info!(sink = self.parts.sink.name, behind_seq = place.cursor, "a sink's events go again");
        self.looked = place.cursor;
        self.on_its_way = None;
        self.gathering = None;
        self.retry_at_ms = None;
        Ok(())
    }

    /// Says so where everything has gone that its owner waits for.
    pub(super) fn tell_drained(&mut self) {
        let gone = self.done.is_none() && self.drain_to.is_some_and(|seq| self.looked >= seq);
        if gone {
            self.drain_to = None;
            self.draining = self.parts.desk.is_ending();
            self.parts.desk.drained();
        }
    }
}
