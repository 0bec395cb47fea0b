//! One sink over a real ledger, with a clock and a backend of the test's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tempfile::TempDir;

use super::super::backend::Backend;
use super::super::orders::{Desk, Order};
use super::super::shipper::by_hand::Next;
use super::super::shipper::{Parts, Shipper};
use super::super::sinks;
use super::super::status::Status;
use super::NOON;
use super::fake::{Answer, Attempt, BAD, Fake, Meanwhile, Outcome, Tape};
use crate::config::{Sink, Site};
use crate::ledger::testing::{NewRow, site_keeping};
use crate::ledger::{Batch, Clock, DeadLetter, EventReader, Filter, Ledger, Outbox, Place, open};

pub(super) struct World {
    pub(super) dir: TempDir,
    sites: Vec<Arc<Site>>,
    pub(super) sink: Sink,
    pub(super) now: Arc<AtomicI64>,
    pub(super) tape: Arc<Mutex<Tape>>,
    /// Ends in this order: the sink, and then the ledger.
    shipper: Option<Shipper>,
    pub(super) desk: Arc<Desk>,
    reader: Option<EventReader>,
    ledger: Option<Arc<Ledger>>,
    last_seq: i64,
}

/// What the ledger says of the sink.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) place: Place,
    pub(super) open: Option<Batch>,
    pub(super) letters: Vec<DeadLetter>,
    /// Events behind the cursor.
    pub(super) waiting: u64,
}

/// An event that is to be committed.
#[derive(Debug, Clone, Copy)]
pub(super) struct New {
    pub(super) site: usize,
    pub(super) ts_ms: i64,
    pub(super) is_bad: bool,
}

/// A folder in memory, where the system has one: no case waits for a disk.
pub(super) fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// Two sites: one keeps its rows for a day, the other for thirty.
pub(super) fn sites() -> Vec<Arc<Site>> {
    vec![site_keeping("day", 1), site_keeping("month", 30)]
}

/// The ledger's own clock stands before every row's end, so that rows expire when a test says so.
pub(super) fn opened(dir: &std::path::Path, sites: &[Arc<Site>]) -> Arc<Ledger> {
    let ledger = open(dir, sites, Clock::new(|| NOON - 100 * super::DAY)).expect("the ledger opens");
    ledger.hurry();
    Arc::new(ledger)
}

/// What a shipper is made of, at a clock.
pub(super) fn parts(sink: &Sink, outbox: Outbox, backend: Box<dyn Backend>, now: &Arc<AtomicI64>) -> Parts {
    let desk = Arc::new(Desk::new(Status::new(&sink.name, "fake")));
    let filter = Filter { sites: sink.sites.clone(), ..Filter::default() };
    let now = now.clone();
    let clock = Clock::new(move || now.load(Ordering::Relaxed));
    Parts { sink: Arc::new(sink.clone()), filter, outbox, backend, desk, clock }
}

impl World {
    pub(super) fn new(sink: Sink) -> World {
        let mut world = World {
            dir: folder(),
            sites: sites(),
            sink,
            now: Arc::new(AtomicI64::new(NOON)),
            tape: Arc::default(),
            shipper: None,
            desk: Arc::new(Desk::new(Status::new("", ""))),
            reader: None,
            ledger: None,
            last_seq: 0,
        };
        world.start();
        world
    }

    /// Everything that is in memory is gone, and it starts again.
    pub(super) fn crash(&mut self) {
        (self.shipper, self.reader) = (None, None);
        self.ledger = None;
        self.start();
    }

    fn start(&mut self) {
        let ledger = opened(self.dir.path(), &self.sites);
        self.tape().is_hindered = false;
        self.reader = Some(ledger.outbox().reader().expect("the ledger is read"));
        self.ledger = Some(ledger);
        self.start_sink();
    }

    /// The sink's thread begins anew.
    pub(super) fn start_sink(&mut self) {
        self.shipper = None;
        self.hinder(false);
        let (tape, now, ledger) = (self.tape.clone(), self.now.clone(), self.ledger().clone());
        let backend = Fake { tape, ledger, now, state: (0, 0), changed: false };
        let parts = parts(&self.sink, self.ledger().outbox(), Box::new(backend), &self.now);
        self.desk = parts.desk.clone();
        self.shipper = Some(Shipper::by_hand(parts));
    }

    pub(super) fn ledger(&self) -> &Arc<Ledger> {
        self.ledger.as_ref().expect("it runs")
    }

    pub(super) fn shipper(&mut self) -> &mut Shipper {
        self.shipper.as_mut().expect("it runs")
    }

    pub(super) fn tape(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().expect("nobody panicked")
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(super) fn pass(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    /// Nothing can be written to the ledger from now on, or it can again.
    pub(super) fn hinder(&self, is_hindered: bool) {
        let mut tape = self.tape();
        if tape.is_hindered != is_hindered {
            self.ledger().hinder(is_hindered);
            tape.is_hindered = is_hindered;
        }
    }

    fn unhindered<T>(&self, work: impl FnOnce() -> T) -> T {
        let is_hindered = self.tape().is_hindered;
        self.hinder(false);
        let done = work();
        self.hinder(is_hindered);
        done
    }

    /// Commits events, whose paths tell their seqs.
    pub(super) fn commit(&mut self, new: &[New]) {
        let first = self.last_seq + 1;
        let row = |(event, seq): (&New, i64)| {
            let path = if event.is_bad { format!("/{seq}/{BAD}") } else { format!("/{seq}") };
            NewRow { site: event.site, ts_ms: event.ts_ms, path }
        };
        let rows = new.iter().zip(first..).map(row).collect();
        self.last_seq = self.unhindered(|| self.ledger().append(rows));
    }

    /// Commits so many good events of now: of the site that keeps them for a month, and of the one that does so for a day.
    pub(super) fn commit_some(&mut self, month: usize, day: usize) {
        let new = |site| New { site, ts_ms: self.now_ms(), is_bad: false };
        let new = [vec![new(1); month], vec![new(0); day]].concat();
        self.commit(&new);
    }

    pub(super) fn expire(&self) {
        self.unhindered(|| self.ledger().expire(self.now_ms()));
    }

    pub(super) fn answer(&self, answer: Answer) {
        self.tape().replies.push_back((answer, Meanwhile::Nothing));
    }

    /// As the owner gives it. Where the ledger cannot write it down it is not taken.
    pub(super) fn order(&self, order: Order) -> bool {
        let taken = sinks::write_down(&self.ledger().outbox(), &self.sink.name, order).is_ok();
        if taken {
            self.desk.leave(order);
        }
        taken
    }

    pub(super) fn go(&mut self) -> Next {
        self.shipper().go()
    }

    /// Goes on until there is nothing to do at once.
    pub(super) fn rest(&mut self) {
        for _ in 0..100_000 {
            if self.go() != Next::Again {
                return;
            }
        }
        panic!("a hundred thousand steps, and no rest");
    }

    pub(super) fn look(&self) -> Seen {
        let reader = self.reader.as_ref().expect("it runs");
        let (_, place) = reader.places().expect("places").pop().expect("the sink's place");
        let letters = reader.dead_letters(place.id, 0, false, u32::MAX).expect("letters");
        let waiting = reader.held(place.id, place.cursor).expect("what waits").events;
        let open = self.unhindered(|| self.ledger().outbox().open_batch(place.id).expect("the open batch"));
        Seen { place, open, letters, waiting }
    }

    /// Everything that was sent so far.
    pub(super) fn attempts(&self) -> Vec<Attempt> {
        self.tape().attempts().cloned().collect()
    }

    /// The seqs of what was taken, and told, in the order of deliveries.
    pub(super) fn told(&self) -> Vec<i64> {
        let told = |attempt: Attempt| if attempt.outcome == Outcome::Told { attempt.seqs } else { vec![] };
        self.attempts().into_iter().flat_map(told).collect()
    }

    /// Delivered, dead, given up and waiting.
    pub(super) fn numbers(&self) -> (u64, u64, u64, u64) {
        let Seen { place, letters, waiting, .. } = self.look();
        (place.delivered, letters.len() as u64, place.given_up, waiting)
    }
}
