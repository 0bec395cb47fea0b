//! The shipper: one sink's thread. It packs what was committed, has the backend deliver it, and moves the cursor.
//!
//! One batch at a time is on its way, so a sink has its events in the order of their commits. The steps of a batch:
//!
//! 1. packed out of rows that are synced;
//! 2. written down with key and digest (with the acceptance of the one before it, where that was full: one sync a batch);
//! 3. delivered, and again as long as it takes, each time packed anew, so that what has expired meanwhile goes nowhere;
//! 4. accepted: cursor, backend's state and the end of the batch are one transaction. Where the ledger cannot write at this
//!    moment, that is repeated and not the delivery.

mod bounds;
#[cfg(test)]
pub(super) mod by_hand;
mod dead;
mod deliver;
mod heed;
mod numbers;
mod pack;
mod size;
mod tell;

use std::sync::Arc;
use std::time::Duration;

use size::Size;

use super::backend::Backend;
use super::background;
use super::batch::Packed;
use super::orders::Desk;
use super::status::{LastError, Rate, State};
use crate::config::{Begin, Sink};
use crate::event::Shape;
use crate::ledger::{Batch, Clock, EventReader, Filter, Outbox, Place, ReadError, WriteError};

/// What a shipper is made of.
pub(super) struct Parts {
    pub(super) sink: Arc<Sink>,
    pub(super) filter: Filter,
    pub(super) outbox: Outbox,
    pub(super) backend: Box<dyn Backend>,
    pub(super) desk: Arc<Desk>,
    pub(super) clock: Clock,
}

pub(super) struct Shipper {
    parts: Parts,
    /// As it was found, but for the cursor and whether it is paused.
    place: Place,
    /// Which of the ledger's files it stands in.
    generation: u64,
    shape: Shape,
    /// Whether the backend has gone back to what is written down.
    resumed: bool,
    reader: Option<EventReader>,
    /// Up to here rows were looked at: behind the cursor only where nobody wants what lies between.
    looked: i64,
    /// Written down, packed and not accepted yet.
    on_its_way: Option<(Batch, Packed)>,
    /// Accepted and not written down yet.
    done: Option<Done>,
    /// A dead letter that was accepted, with the backend's state, and not written down yet.
    risen: Option<(i64, Option<String>)>,
    /// Whether a batch may be open that is not in hand: from before a crash, or after a failure.
    maybe_open: bool,
    /// Whether dead letters may wait to be tried again.
    maybe_dead: bool,
    size: Size,
    /// When the next of them may be tried, where the last attempt failed, and how many have in a row.
    raise_at_ms: Option<i64>,
    raises_failed: u32,
    gathering: Option<Gathering>,
    retry_at_ms: Option<i64>,
    /// Its owner wants no pause: one from before this process, which is not known yet, does not hold.
    at_once: bool,
    /// Attempts in a row that failed.
    failures: u32,
    /// Events in a row that were refused for good, with none accepted between them.
    refused: u32,
    /// Why it stopped by itself.
    stopped: Option<String>,
    draining: bool,
    /// Its owner waits until everything up to this seq has gone.
    drain_to: Option<i64>,
    rate: Rate,
    numbers: numbers::Numbers,
    bounds: bounds::Bounds,
}

/// What the backend has accepted.
struct Done {
    last_seq: i64,
    events: u64,
    state: Option<String>,
}

/// A batch that is not full yet.
#[derive(Debug, Clone, Copy)]
struct Gathering {
    /// Since when, milliseconds since 1970.
    since_ms: i64,
    /// Before this seq is committed it cannot be full.
    enough_seq: i64,
}

/// What comes next.
enum Turn {
    /// At once.
    Again,
    /// When the bell rings, or after so long.
    Wait(Duration),
}

/// Why a step came to nothing.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// How long it waits at most before it looks by itself.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_MS: i64 = 1000;
/// No pause after a failure is longer: what stands further in the future was written under another clock.
const LONGEST_PAUSE_MS: i64 = 25 * 60 * 60 * 1000;

/// Gives a sink its place in the ledger, as soon as that can be written, and ships until it is told to end.
pub(super) fn run(mut parts: Parts) {
    background::give_way();
    loop {
        let strokes = parts.outbox.bell().strokes();
        let generation = parts.outbox.generation();
        parts.outbox = parts.outbox.within(generation);
        match parts.outbox.join(&parts.sink.name, parts.sink.begin, &parts.filter) {
            Ok(place) => return Shipper::new(parts, place, generation).run(),
            Err(WriteError::Closed) => return,
            Err(error) => {
                let error = LastError { what: error.to_string(), at_ms: parts.clock.now_ms() };
                parts.desk.status().last_error = Some(error);
            }
        }
        if parts.desk.is_ending() {
            return;
        }
        parts.outbox.bell().wait(strokes, LOOK);
    }
}

impl Shipper {
    fn new(parts: Parts, place: Place, generation: u64) -> Shipper {
        Shipper {
            shape: Shape::new(&parts.sink.fields),
            resumed: false,
            reader: None,
            looked: place.cursor,
            on_its_way: None,
            done: None,
            risen: None,
            maybe_open: true,
            maybe_dead: true,
            size: Size::new(parts.sink.batch.events),
            raise_at_ms: None,
            raises_failed: 0,
            gathering: None,
            retry_at_ms: None,
            at_once: false,
            failures: 0,
            refused: 0,
            stopped: None,
            draining: false,
            drain_to: None,
            rate: Rate::default(),
            numbers: numbers::Numbers::default(),
            bounds: bounds::Bounds::default(),
            place,
            generation,
            parts,
        }
    }

    /// Ships until it is told to end.
    fn run(mut self) {
        loop {
            let strokes = self.parts.outbox.bell().strokes();
            let ending = self.parts.desk.is_ending();
            let turn = self.step();
            self.tell_drained();
            self.look_after();
            let time = match turn {
                Ok(Turn::Again) => continue,
                Ok(Turn::Wait(time)) => time,
                Err(Trouble::Write(WriteError::Closed)) => return,
                Err(trouble) => {
                    self.trouble(&trouble);
                    LOOK
                }
            };
            // Nothing waits any more, or nothing of it goes at present.
            if ending {
                return;
            }
            self.parts.outbox.bell().wait(strokes, time.min(LOOK));
        }
    }

    fn step(&mut self) -> Result<Turn, Trouble> {
        if self.parts.outbox.generation() != self.generation {
            self.join_again()?;
        }
        self.settle()?;
        if let Some(seq) = self.place.replay {
            // Ordered before this process began.
            self.replay(seq)?;
        }
        self.obey()?;
        let now_ms = self.parts.clock.now_ms();
        self.bound(now_ms)?;
        if let Some((state, time)) = self.rests(now_ms) {
            // What expires meanwhile goes nowhere: it is packed anew.
            self.maybe_open |= self.on_its_way.take().is_some();
            self.show(state);
            return Ok(Turn::Wait(time));
        }
        if !self.resumed {
            self.resume(now_ms)?;
            return Ok(Turn::Again);
        }
        if self.on_its_way.is_none() && self.maybe_open {
            self.reopen(now_ms)?;
            return Ok(Turn::Again);
        }
        if self.on_its_way.is_none() && self.may_raise(now_ms) {
            self.raise_dead(now_ms)?;
            return Ok(Turn::Again);
        }
        if self.on_its_way.is_none()
            && let Some(turn) = self.take_up(now_ms)?
        {
            return Ok(turn);
        }
        self.deliver(now_ms)
    }

    /// The ledger goes on in another file, which has this sink's place as the old one had it, or a backup's, or none: what was
    /// not written down in the old one is lost with it.
    fn join_again(&mut self) -> Result<(), Trouble> {
        let generation = self.parts.outbox.generation();
        self.parts.outbox = self.parts.outbox.within(generation);
        let Parts { sink, outbox, filter, .. } = &self.parts;
        // Where the file knows nothing of the sink, it has nothing that the sink has had.
        let mut place = outbox.join(&sink.name, Begin::Start, filter)?;
        if let Some(done) = self.done.as_ref().filter(|done| done.last_seq <= place.cursor) {
            outbox.accepted(place.id, place.cursor, done.events, done.state.clone(), None)?;
            place.state = done.state.clone().unwrap_or(place.state);
        }
        self.place = place;
        tracing::warn!(
            sink = sink.name,
            behind_seq = self.place.cursor,
            "the ledger is another file, a sink goes on in it"
        );
        (self.reader, self.on_its_way, self.done, self.risen, self.gathering) = (None, None, None, None, None);
        (self.maybe_open, self.maybe_dead, self.looked) = (true, true, self.place.cursor);
        (self.numbers, self.bounds) = Default::default();
        (self.generation, self.resumed) = (generation, false);
        Ok(())
    }

    /// Why nothing goes at present, if so, and for how long.
    fn rests(&mut self, now_ms: i64) -> Option<(State, Duration)> {
        if self.place.paused {
            return Some((State::Paused, LOOK));
        }
        if let Some(why) = &self.stopped {
            return Some((State::Stopped(why.clone()), LOOK));
        }
        let left_ms = self.retry_at_ms? - now_ms;
        if (1..=LONGEST_PAUSE_MS).contains(&left_ms) {
            return Some((State::Waiting(now_ms + left_ms), Duration::from_millis(left_ms.unsigned_abs())));
        }
        self.retry_at_ms = None;
        None
    }

    /// Writes down what was accepted.
    fn settle(&mut self) -> Result<(), Trouble> {
        if let Some(done) = &self.done {
            let place = &mut self.place;
            self.parts.outbox.accepted(place.id, done.last_seq, done.events, done.state.clone(), None)?;
            place.cursor = done.last_seq;
            self.done = None;
        }
        if let Some((seq, state)) = &self.risen {
            self.parts.outbox.risen(self.place.id, *seq, state.clone())?;
            self.risen = None;
        }
        Ok(())
    }

    fn reader(&mut self) -> Result<&mut EventReader, Trouble> {
        if self.reader.is_none() {
            self.reader = Some(self.parts.outbox.reader()?);
        }
        self.reader.as_mut().ok_or(Trouble::Write(WriteError::Closed))
    }
}
