//! The writer: the one thread that takes hits from the lanes and commits them. It owns the connection; whoever else wants
//! something written sends it an errand. Old rows it deletes in between.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::drops::{DropReason, Drops};
use super::errands::{self, Errands, Inbox};
use super::expire::Expiry;
use super::health::Health;
use super::hit::Hit;
use super::lanes::Lanes;
use super::outbox::Bell;
use super::store::{Committed, Store};
use super::wal;

/// How often the lanes are looked at.
const LOOK: Duration = Duration::from_millis(25);
/// How long a batch gathers from its first hit. With a look before and one behind it, a hit waits 100 ms at most before its
/// commit begins; the other half of the 200 ms is the disk's.
const GATHER: Duration = Duration::from_millis(50);
/// How long a batch gathers while commits fail: there is then one attempt a second.
const GATHER_IN_TROUBLE: Duration = Duration::from_secs(1);
/// A batch of so many bytes is committed at once.
const ENOUGH: usize = 4 << 20;
/// How often a batch is tried while all was well before.
const ATTEMPTS: u32 = 3;
/// The pause before a repeated attempt.
const PAUSE: Duration = Duration::from_millis(20);
/// How long nothing came while commits fail, until the writer tries by itself whether there is room again.
const PROBE: Duration = Duration::from_secs(5);
/// How often the log repeats that commits fail.
const LOG_AGAIN: Duration = Duration::from_secs(60);

/// What the writer shares with the ledger's other handles.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) lanes: Arc<Lanes>,
    pub(super) drops: Arc<Drops>,
    pub(super) health: Arc<Health>,
    /// Tells sinks of commits.
    pub(super) bell: Arc<Bell>,
    /// No more hits are taken; what is there is committed.
    pub(super) draining: Arc<AtomicBool>,
    /// All of it is committed, or dropped.
    pub(super) drained: Arc<AtomicBool>,
    /// The writer ends when it has drained.
    pub(super) closing: Arc<AtomicBool>,
}

struct Writer {
    store: Store,
    shared: Shared,
    inbox: Inbox,
    batch: Vec<u8>,
    /// The buffer that is exchanged for a lane's.
    spare: Vec<u8>,
    /// When the batch got its first hit.
    since: Option<Instant>,
    /// The lane that is taken first, in turn.
    first_lane: usize,
    trouble: Option<Trouble>,
    expiry: Expiry,
}

/// While rows cannot be committed.
struct Trouble {
    /// When the log last said so.
    logged: Instant,
    /// When a commit of rows, or a probe, was last tried.
    tried: Instant,
}

/// Starts the writer's thread.
pub(super) fn start(store: Store, shared: Shared) -> std::io::Result<(JoinHandle<()>, Errands)> {
    let (errands, inbox) = errands::queue();
    let spare = shared.lanes.spare();
    let mut writer = Writer {
        store,
        shared,
        inbox,
        batch: Vec::new(),
        spare,
        since: None,
        first_lane: 0,
        trouble: None,
        expiry: Expiry::new(),
    };
    let thread = thread::Builder::new().name("ledger".into()).spawn(move || writer.run())?;
    let errands = errands(thread.thread().clone());
    Ok((thread, errands))
}

impl Writer {
    /// Runs until the ledger is closed. A panic costs the batch in hand and nothing else: a defect in what one hit became must
    /// not end the recording of all others.
    fn run(&mut self) {
        while catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            self.store.tally.forget();
            self.give_up("a defect of Inlay's, see the log", self.loss());
            thread::sleep(LOOK);
        }
    }

    fn work(&mut self) {
        loop {
            let (draining, closing) = (self.draining(), self.closing());
            if draining {
                self.shared.lanes.close();
            }
            self.gather();
            let full = self.batch.len() >= ENOUGH && self.trouble.is_none();
            if draining || full || self.since.is_some_and(|since| since.elapsed() >= self.patience()) {
                self.commit(draining);
            }
            self.inbox.work_off(&mut self.store.conn);
            if !closing {
                self.expire();
                self.probe();
            }
            let drained = draining && self.batch.is_empty() && self.shared.lanes.drained();
            if drained {
                self.shared.drained.store(true, Ordering::Release);
            }
            if drained && closing {
                self.expiry.tell(&self.store.conn);
                break;
            }
            if !closing && !full {
                thread::park_timeout(LOOK);
            }
        }
    }

    /// Takes up what the lanes have.
    fn gather(&mut self) {
        self.first_lane = self.shared.lanes.take(&mut self.batch, &mut self.spare, self.first_lane, ENOUGH);
        if self.since.is_none() && (!self.batch.is_empty() || self.store.behind(&self.shared.drops)) {
            self.since = Some(Instant::now());
        }
    }

    fn patience(&self) -> Duration {
        if self.trouble.is_some() { GATHER_IN_TROUBLE } else { GATHER }
    }

    /// Commits the batch, or drops it after a bounded number of attempts.
    fn commit(&mut self, draining: bool) {
        if self.since.take().is_none() {
            return;
        }
        let attempts = if self.trouble.is_some() && !draining { 1 } else { ATTEMPTS };
        let mut failed = String::new();
        for attempt in 0..attempts {
            if attempt > 0 {
                thread::sleep(PAUSE);
            }
            match self.store.commit(&self.batch, &self.shared.drops) {
                Ok(committed) => return self.committed(committed),
                Err(error) => failed = error.to_string(),
            }
        }
        self.give_up(&failed, self.loss());
    }

    /// What a batch is lost to at present.
    fn loss(&self) -> DropReason {
        if self.draining() { DropReason::Shutdown } else { DropReason::Ledger }
    }

    fn draining(&self) -> bool {
        self.shared.draining.load(Ordering::Acquire)
    }

    fn closing(&self) -> bool {
        self.shared.closing.load(Ordering::Acquire)
    }

    fn committed(&mut self, committed: Committed) {
        self.batch.clear();
        self.shared.health.committed(self.store.clock.now_ms(), committed.rows);
        if let Some(hour) = committed.oldest_hour {
            self.expiry.appended(hour);
        }
        // Where a disk is full, a few counts of dropped hits may still find room.
        if committed.rows > 0 {
            self.shared.bell.committed(committed.last_seq);
            self.recovered();
        }
        if let Err(error) = wal::shorten(&self.store.conn) {
            tracing::warn!(%error, "the ledger's write-ahead log could not be shortened");
        }
    }

    /// While commits fail and nothing comes that could show whether they still do: tries.
    fn probe(&mut self) {
        let Some(trouble) = self.trouble.as_mut().filter(|trouble| trouble.tried.elapsed() >= PROBE) else { return };
        trouble.tried = Instant::now();
        if self.store.probe().is_ok() {
            self.recovered();
        }
    }

    fn recovered(&mut self) {
        if self.trouble.take().is_some() {
            self.shared.health.set_trouble(None);
            tracing::info!("the ledger can be written again");
        }
    }

    /// Deletes a few of the rows whose time has passed.
    fn expire(&mut self) {
        match self.expiry.step(&mut self.store.conn, self.store.clock.now_ms()) {
            Ok(expired) => {
                for (id, rows) in expired {
                    self.shared.health.add_expired(rows);
                    // For the metrics. A site that left the configuration has no counter there any more.
                    if let Some(site) = self.store.sites.iter().position(|site| site.id == id) {
                        self.shared.drops.add(site, DropReason::Retention, rows);
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "rows past their retention could not be deleted, trying again in a minute");
            }
        }
    }

    fn give_up(&mut self, error: &str, reason: DropReason) {
        let mut dropped: u64 = 0;
        let mut rest = self.batch.as_slice();
        while let Some(hit) = Hit::take(&mut rest) {
            self.shared.drops.add(hit.site, reason, 1);
            dropped += 1;
        }
        self.batch.clear();
        let now = Instant::now();
        let logged = self.trouble.as_ref().map(|trouble| trouble.logged).filter(|logged| logged.elapsed() < LOG_AGAIN);
        if logged.is_none() {
            tracing::error!(error, dropped, "the ledger cannot be written, hits are dropped");
        }
        self.trouble = Some(Trouble { logged: logged.unwrap_or(now), tried: now });
        self.shared.health.set_trouble(Some(error.into()));
    }
}
