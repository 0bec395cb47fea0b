//! The next batch: the one that is open from before, or a new one when enough has come or waited long enough.

use std::time::Duration;

use super::super::backend::Unfinished;
use super::super::backoff::Pace;
use super::super::batch::{Limits, Pack, Packed, pack};
use super::super::status::State;
use super::{Gathering, LOOK, Shipper, Trouble, Turn};
use crate::ledger::{DUE_AHEAD_MS, Filter};

/// Rows that nobody wants are passed over in the ledger only when so many have come: each time is a sync.
const PASS_OVER: i64 = 10_000;
/// What a batch has when it is packed again does not expire within this time.
const LEFT_MS: i64 = 60_000;

impl Shipper {
    /// Puts a new batch on its way, if there is one; else says what to wait for.
    pub(super) fn take_up(&mut self, now_ms: i64) -> Result<Option<Turn>, Trouble> {
        if let Some(left) = self.gathers(now_ms) {
            return Ok(Some(Turn::Wait(left)));
        }
        let after = self.looked.max(self.place.cursor);
        let packed = match self.pack_behind(after, now_ms)? {
            Pack::Batch(packed) => packed,
            Pack::Nothing { last_seq, more } => return self.nothing(last_seq, more, now_ms).map(Some),
        };
        if !packed.full && !self.draining {
            let missing = self.size.events().saturating_sub(packed.seqs.len());
            let enough_seq = packed.last_seq.saturating_add(i64::try_from(missing).unwrap_or(i64::MAX));
            let since_ms = self.gathering.map_or(now_ms, |gathering| gathering.since_ms);
            self.gathering = Some(Gathering { since_ms, enough_seq });
            if let Some(left) = self.gathers(now_ms) {
                self.show(State::Idle);
                return Ok(Some(Turn::Wait(left)));
            }
        }
        self.gathering = None;
        self.write_down(packed, now_ms)?;
        Ok(self.on_its_way.is_none().then_some(Turn::Again))
    }

    /// How long the batch that gathers may still wait, where it cannot be full yet.
    fn gathers(&self, now_ms: i64) -> Option<Duration> {
        let gathering = self.gathering.filter(|_| !self.draining)?;
        if self.parts.outbox.bell().last_seq() >= gathering.enough_seq {
            return None;
        }
        let waited = Duration::from_millis(u64::try_from(now_ms - gathering.since_ms).ok()?);
        self.parts.sink.batch.wait.checked_sub(waited).filter(|left| !left.is_zero())
    }

    /// The backend goes back to what was written down; where it cannot, it is asked again later.
    pub(super) fn resume(&mut self, now_ms: i64) -> Result<(), Trouble> {
        let unfinished = self.unfinished()?;
        match self.parts.backend.resume(&self.place.state, &unfinished) {
            Ok(()) => self.resumed = true,
            Err(why) => self.again_later(&why, Pace::Growing(None), now_ms),
        }
        Ok(())
    }

    /// What was delivered before a crash, perhaps, and not written down: the open batch, or a dead letter.
    fn unfinished(&mut self) -> Result<Unfinished, Trouble> {
        let id = self.place.id;
        let mut unfinished = Unfinished { unknown: self.place.batch_gone, ..Unfinished::default() };
        if let Some(open) = self.parts.outbox.open_batch(id)? {
            match self.pack_range((open.first_seq - 1, open.last_seq), open.alive_ms, Limits::NONE)? {
                Pack::Batch(packed) if packed.digest == open.digest => unfinished.bodies.push(packed.body),
                _ => unfinished.unknown = true,
            }
        }
        if let Some(letter) = self.reader()?.dead_letters(id, 0, true, 1)?.pop()
            && let Pack::Batch(packed) = self.pack_range((letter.seq - 1, letter.seq), 0, Limits::NONE)?
        {
            unfinished.bodies.push(packed.body);
        }
        Ok(unfinished)
    }

    /// The batch that is written down and not in hand.
    pub(super) fn reopen(&mut self, now_ms: i64) -> Result<(), Trouble> {
        let id = self.place.id;
        let open = self.parts.outbox.open_batch(id)?;
        let at_once = std::mem::take(&mut self.at_once);
        let Some(open) = open else {
            self.maybe_open = false;
            return Ok(());
        };
        if self.failures == 0 && open.attempts > 0 {
            // From before this process: its pause is kept.
            self.failures = open.attempts;
            self.retry_at_ms = open.retry_at_ms.filter(|_| !at_once);
        }
        // What has expired meanwhile goes nowhere, whether its rows are gone already or not.
        let alive_ms = open.alive_ms.max(now_ms.saturating_add(LEFT_MS));
        match self.pack_range((open.first_seq - 1, open.last_seq), alive_ms, Limits::NONE)? {
            Pack::Nothing { last_seq, more } => {
                // Nothing is left of it, or of so many that the look ended: the rest is packed as if it were new.
                let last_seq = if more { last_seq } else { open.last_seq };
                self.pass_over(last_seq)?;
                self.place.cursor = last_seq;
                self.looked = self.looked.max(last_seq);
            }
            Pack::Batch(mut packed) => {
                if !packed.full {
                    packed.last_seq = open.last_seq;
                }
                (packed.full, packed.gaps) = (true, true);
                if packed.digest == open.digest {
                    self.on_its_way = Some((open, packed));
                } else {
                    // Rows have gone, or its owner wants other fields: other bytes go under another key.
                    self.write_down(packed, now_ms)?;
                }
            }
        }
        self.maybe_open = false;
        Ok(())
    }

    /// Packs what is behind a seq, but for what is about to expire.
    pub(super) fn pack_behind(&mut self, after: i64, now_ms: i64) -> Result<Pack, Trouble> {
        let limits = Limits { events: self.size.events(), bytes: self.parts.sink.batch.bytes };
        self.pack_range((after, i64::MAX), now_ms.saturating_add(DUE_AHEAD_MS), limits)
    }

    /// Packs a range, but for what had expired at a time.
    pub(super) fn pack_range(&mut self, range: (i64, i64), alive_ms: i64, limits: Limits) -> Result<Pack, Trouble> {
        self.reader()?;
        let Some(reader) = &mut self.reader else { return Ok(Pack::Nothing { last_seq: range.0, more: true }) };
        let filter = Filter { alive_ms: Some(alive_ms), ..self.parts.filter.clone() };
        Ok(pack(reader, &mut *self.parts.backend, range, (&filter, &self.shape), limits)?)
    }

    /// Writes a batch down and puts it on its way; a backend that cannot get ready is asked again later.
    pub(super) fn write_down(&mut self, packed: Packed, now_ms: i64) -> Result<(), Trouble> {
        // It may take the place of one that was tried: what of that was written is not its own.
        self.parts.backend.abandon();
        match self.parts.backend.prepare(packed.first_seq(), now_ms) {
            Ok(state) => {
                let new = packed.as_new(key(), self.has_looked(), state);
                let batch = self.parts.outbox.begin(self.place.id, new)?;
                self.parts.backend.prepared();
                self.on_its_way = Some((batch, packed));
            }
            Err(why) => self.again_later(&why, Pace::Growing(None), now_ms),
        }
        Ok(())
    }

    /// Whether it has looked at rows behind its cursor that it did not take.
    pub(super) fn has_looked(&self) -> bool {
        self.looked > self.place.cursor
    }

    /// Moves the cursor over what is not sent; what was wanted of it is given up, and that is said.
    fn pass_over(&mut self, seq: i64) -> Result<(), Trouble> {
        self.parts.backend.abandon();
        let events = self.parts.outbox.pass_over(self.place.id, seq)?;
        self.place.cursor = seq;
        if events > 0 {
            let sink = &self.parts.sink.name;
            tracing::error!(
                sink,
                events,
                "events expire, or have expired, before the sink had them: they are given up"
            );
        }
        Ok(())
    }

    /// Nothing is wanted of what is there.
    fn nothing(&mut self, last_seq: i64, more: bool, now_ms: i64) -> Result<Turn, Trouble> {
        self.looked = last_seq;
        self.gathering = None;
        let place = &mut self.place;
        let passed = last_seq - place.cursor;
        if passed >= PASS_OVER || passed > 0 && self.parts.desk.is_ending() {
            self.pass_over(last_seq)?;
        }
        if more {
            return Ok(Turn::Again);
        }
        self.draining = self.parts.desk.is_ending();
        self.drain_to = self.drain_to.map(|_| last_seq);
        if let Some(state) = self.parts.backend.idle(now_ms) {
            self.parts.outbox.set_state(self.place.id, state)?;
            self.parts.backend.prepared();
        }
        self.show(State::Idle);
        Ok(Turn::Wait(LOOK))
    }
}

/// A key that no batch had before: 128 random bits.
pub(super) fn key() -> String {
    format!("{:032x}", rand::random::<u128>())
}
