//! The writer: the one thread that takes hits from the lanes and commits them (`commit`). It owns the connection; whoever else
//! wants something written sends it an errand. Old rows it deletes in between, and it keeps the log short. How it gets a
//! connection, and another one when the file is lost: `mend`.

mod commit;
mod mend;
mod trouble;

pub(super) mod errands;
pub(super) mod store;
pub(super) mod wal;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use self::errands::{Errands, Inbox};
use self::store::Counted;
use self::trouble::Trouble;
use crate::ledger::handover::drops::{DropReason, Drops};
use crate::ledger::handover::lanes::{Lanes, Recorder};
use crate::ledger::health::Health;
use crate::ledger::home::check;
use crate::ledger::home::heritage::Heritage;
use crate::ledger::home::{Home, Opened};
use crate::ledger::kept::said::Said;
use crate::ledger::kept::tokens::Known;
use crate::ledger::open::OpenError;
use crate::ledger::outbox::Bell;
use crate::ledger::rows::expire::Expiry;

/// How often the lanes are looked at.
const LOOK: Duration = Duration::from_millis(25);
/// How long a batch gathers from its first hit. With a look before and one behind it, a hit waits 100 ms at most before its
/// commit begins; the other half of the 200 ms is the disk's.
const GATHER: Duration = Duration::from_millis(50);
/// How long a batch gathers while commits fail: there is then one attempt a second.
const GATHER_IN_TROUBLE: Duration = Duration::from_secs(1);
/// A batch of so many bytes is committed at once.
const ENOUGH: usize = 4 << 20;
/// How often it is looked whether the files are still there, at least; also before each commit.
const LOOK_AT_FILES: Duration = Duration::from_secs(1);

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
    /// The tokens of the file that is open.
    pub(super) known: Arc<ArcSwap<Known>>,
    pub(super) said: Arc<Mutex<Said>>,
}

struct Writer {
    /// What is written to; none while it cannot be had.
    opened: Option<Opened>,
    /// Why the first attempt to open it failed, until the writer has taken that up.
    refused: Option<OpenError>,
    /// What a lost file leaves, until another one has it.
    heritage: Option<Heritage>,
    /// What the tables of a lost file had of the drops.
    counted: Option<Counted>,
    /// When the files were last looked at.
    looked: Option<Instant>,
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
    shortener: wal::Shortener,
    /// Last, since it has the lock: that is let go of when the files are closed.
    home: Home,
}

/// Starts the writer's thread, with what could be opened.
pub(super) fn start(
    home: Home,
    opened: Result<Opened, OpenError>,
    shared: Shared,
) -> std::io::Result<(JoinHandle<()>, Errands)> {
    let (errands, inbox) = errands::queue();
    let spare = shared.lanes.spare();
    if opened.is_ok() {
        shared.health.opened();
    }
    let (opened, refused) = opened.map_or_else(|error| (None, Some(error)), |opened| (Some(opened), None));
    let mut writer = Writer {
        home,
        opened,
        refused,
        heritage: None,
        counted: None,
        looked: None,
        shared,
        inbox,
        batch: Vec::new(),
        spare,
        since: None,
        first_lane: 0,
        trouble: None,
        expiry: Expiry::new(),
        shortener: wal::Shortener::default(),
    };
    let thread = thread::Builder::new().name("ledger".into()).spawn(move || writer.run())?;
    let errands = errands(thread.thread().clone());
    Ok((thread, errands))
}

impl Shared {
    pub(super) fn recorder(&self) -> Recorder {
        Recorder { lanes: self.lanes.clone(), drops: self.drops.clone() }
    }
}

impl Writer {
    /// Runs until the ledger is closed. A panic costs the batch in hand and nothing else: a defect in what one hit became must
    /// not end the recording of all others.
    fn run(&mut self) {
        while catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            if let Some(opened) = &mut self.opened {
                opened.store.tally.forget();
            }
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
            self.look();
            let full = self.batch.len() >= ENOUGH && self.trouble.is_none();
            if draining || full || self.since.is_some_and(|since| since.elapsed() >= self.patience()) {
                self.commit(draining);
            }
            self.run_errands();
            if !closing {
                self.expire();
                self.probe();
            }
            self.shorten_log();
            let drained = draining && self.batch.is_empty() && self.shared.lanes.drained();
            if drained {
                self.shared.drained.store(true, Ordering::Release);
            }
            if drained && closing {
                if let Some(opened) = &self.opened {
                    self.expiry.tell(&opened.store.conn);
                    // So the file alone is the whole ledger, though a reader still has it open.
                    wal::empty(&opened.store.conn);
                }
                break;
            }
            if !closing && !full {
                thread::park_timeout(LOOK);
            }
        }
    }

    /// What was committed is told by now.
    fn shorten_log(&mut self) {
        if let Some(opened) = &self.opened {
            self.shortener.step(&opened.store.conn);
        }
    }

    /// Looks after the files now and then.
    fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_AT_FILES) {
            return;
        }
        if let Err(words) = self.mend() {
            self.tell_trouble(&words, 0);
        }
    }

    fn run_errands(&mut self) {
        let conn = match &mut self.opened {
            Some(opened) => Ok(&mut opened.store.conn),
            None => Err(self.trouble.as_ref().map_or("it is being opened", |trouble| trouble.words.as_str())),
        };
        self.inbox.work_off(conn);
    }

    /// Takes up what the lanes have.
    fn gather(&mut self) {
        self.first_lane = self.shared.lanes.take(&mut self.batch, &mut self.spare, self.first_lane, ENOUGH);
        let behind = self.opened.as_ref().is_some_and(|opened| opened.store.behind(&self.shared.drops));
        if self.since.is_none() && (!self.batch.is_empty() || behind) {
            self.since = Some(Instant::now());
        }
    }

    fn patience(&self) -> Duration {
        if self.trouble.is_some() { GATHER_IN_TROUBLE } else { GATHER }
    }

    fn draining(&self) -> bool {
        self.shared.draining.load(Ordering::Acquire)
    }

    fn closing(&self) -> bool {
        self.shared.closing.load(Ordering::Acquire)
    }

    /// Deletes a few of the rows whose time has passed.
    fn expire(&mut self) {
        let Some(Opened { store, .. }) = &mut self.opened else { return };
        match self.expiry.step(&mut store.conn, store.clock.now_ms()) {
            Ok(expired) => {
                for (id, rows) in expired {
                    self.shared.health.add_expired(rows);
                    // For the metrics. A site that left the configuration has no counter there any more.
                    if let Some(site) = store.sites.iter().position(|site| site.id == id) {
                        self.shared.drops.add(site, DropReason::Retention, rows);
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "rows past their retention could not be deleted, trying again in a minute");
                if check::is_damage(&error) {
                    self.leave_damaged(&error);
                }
            }
        }
    }
}
