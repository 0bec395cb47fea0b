//! Opening and closing: the home is opened, the writer started; at the end the writer commits what is left.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::clock::Clock;
use super::handover::drops::{DropReason, Drops};
use super::handover::lanes::{Lanes, Recorder};
use super::health::Health;
use super::home::check::{FileError, words};
use super::home::{Home, Opened};
use super::kept::scripts::{self, Script};
use super::kept::since;
use super::kept::tokens::{Known, Tokens};
use super::outbox::{Bell, Outbox};
use super::read::read;
use super::writer::errands::{Errands, WriteError};
use super::writer::{self, Shared};
use crate::config;

/// An open ledger: this process holds its lock and runs its writer, or tries to. Dropping it closes it.
#[derive(Debug)]
pub struct Ledger {
    recorder: Recorder,
    shared: Shared,
    pub(super) errands: Errands,
    tokens: Tokens,
    clock: Clock,
    writer: Option<JoinHandle<()>>,
}

/// What a ledger did between its opening and its closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Events committed.
    pub rows: u64,
    /// Hits that were dropped, for whatever reason; rows that expired are not among them.
    pub dropped: u64,
}

/// Why a ledger was not opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or used.
    #[error("the folder {} cannot be used for the ledger: {said}", dir.display())]
    Folder {
        /// The ledger's folder.
        dir: PathBuf,
        /// What the system said.
        said: io::Error,
    },
    /// Another process has the ledger.
    #[error("the ledger in {} is in use by {holder}: stop that process first, or give this one a data folder of its own", dir.display())]
    Held {
        /// The ledger's folder.
        dir: PathBuf,
        /// What the other process says of itself.
        holder: String,
    },
    /// There is a file, but it is no ledger that can be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The writer's thread cannot be started.
    #[error("the ledger's writer cannot be started: {0}")]
    Writer(io::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

/// How often it is looked whether the lanes are drained.
const LOOK_DRAINED: Duration = Duration::from_millis(2);

/// Opens the ledger in `dir`, which is made where it is missing, for the sites of the configuration. Fails where it cannot be
/// written: this is for commands, which have something to write.
pub fn open(dir: &Path, sites: &[Arc<config::Site>], clock: Clock) -> Result<Ledger, OpenError> {
    let mut home = Home::new(dir, sites, clock);
    let opened = open_whole(&mut home)?;
    Ledger::over(home, Ok(opened))
}

/// The same for who serves pages, which do not wait for the ledger: a damaged file is set aside and a new one begun, and where
/// the ledger cannot be opened for now its writer goes on trying. Fails where that would not help: another process has the
/// ledger, or the file is not this program's to write.
pub fn start(dir: &Path, sites: &[Arc<config::Site>], clock: Clock) -> Result<Ledger, OpenError> {
    let mut home = Home::new(dir, sites, clock);
    let opened = match open_whole(&mut home) {
        Err(error) if error.is_final() => return Err(error),
        opened => opened,
    };
    Ledger::over(home, opened)
}

/// Opens the ledger and reads its tokens.
fn open_whole(home: &mut Home) -> Result<(Opened, Known), OpenError> {
    let opened = home.open(None)?;
    let known = Known::load(&opened.store.conn).map_err(|said| OpenError::sqlite(&home.file(), said))?;
    Ok((opened, known))
}

impl Ledger {
    /// Starts the writer over what was opened, or was not.
    fn over(home: Home, opened: Result<(Opened, Known), OpenError>) -> Result<Ledger, OpenError> {
        let file = home.file();
        let (opened, known) = match opened {
            Ok((opened, known)) => (Ok(opened), known),
            // Whoever can be let in without a token is not let in while it is not known whether there is one.
            Err(error) => (Err(error), Known::as_far_as_read(read(home.dir()))),
        };
        let shared = Shared {
            lanes: Arc::new(Lanes::new()),
            drops: Arc::new(Drops::new(home.sites().len())),
            health: Arc::new(Health::new(file)),
            bell: Arc::new(Bell::default()),
            draining: Arc::new(AtomicBool::new(false)),
            drained: Arc::new(AtomicBool::new(false)),
            closing: Arc::new(AtomicBool::new(false)),
            known: Arc::new(ArcSwap::from_pointee(known)),
            said: Arc::default(),
        };
        let (recorder, clock) = (shared.recorder(), home.clock().clone());
        let (thread, errands) = writer::start(home, opened, shared.clone()).map_err(OpenError::Writer)?;
        let tokens = Tokens::new(errands.clone(), clock.clone(), shared.known.clone());
        Ok(Ledger { recorder, shared, errands, tokens, clock, writer: Some(thread) })
    }

    /// Where requests leave their hits.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// How the ledger is, now and from now on.
    pub fn health(&self) -> Arc<Health> {
        self.shared.health.clone()
    }

    /// The access tokens.
    pub fn tokens(&self) -> Tokens {
        self.tokens.clone()
    }

    /// The way of sinks into the ledger.
    pub fn outbox(&self) -> Outbox {
        let (health, bell) = (self.shared.health.clone(), self.shared.bell.clone());
        Outbox::new(self.errands.clone(), health, bell, self.clock.clone())
    }

    /// Makes these the current scripts, and returns all that are to be served: these, and those that were current within the
    /// last 30 days. Waits for the disk.
    pub fn scripts(&self, current: Vec<Script>) -> Result<Vec<Script>, WriteError> {
        let now_ms = self.clock.now_ms();
        self.shared.said.lock().unwrap_or_else(PoisonError::into_inner).scripts = Some(current.clone());
        self.errands.run(move |conn| scripts::renew(conn, &current, now_ms))
    }

    /// These sites say `gpc_json` now, and no others: returns since when each of them has, milliseconds since 1970. Waits for
    /// the disk.
    pub fn gpc_json_since(&self, sites: Vec<String>) -> Result<Vec<i64>, WriteError> {
        let now_ms = self.clock.now_ms();
        self.shared.said.lock().unwrap_or_else(PoisonError::into_inner).gpc_json = Some(sites.clone());
        self.errands.run(move |conn| since::renew(conn, &sites, now_ms))
    }

    /// Takes no more hits, and returns when everything that was handed over is committed or dropped. Errands are still done.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Release);
        let Some(writer) = &self.writer else { return };
        writer.thread().unpark();
        while !self.shared.drained.load(Ordering::Acquire) && !writer.is_finished() {
            std::thread::sleep(LOOK_DRAINED);
        }
    }

    /// Commits everything that was handed over, then closes the file. Hits that come later are counted as dropped.
    pub fn close(mut self) -> Summary {
        self.stop();
        let dropped = DropReason::OF_HITS.into_iter().map(|reason| self.shared.drops.total(reason)).sum();
        Summary { rows: self.shared.health.rows(), dropped }
    }

    fn stop(&mut self) {
        let Some(writer) = self.writer.take() else { return };
        self.shared.draining.store(true, Ordering::Release);
        self.shared.closing.store(true, Ordering::Release);
        writer.thread().unpark();
        if writer.join().is_err() {
            tracing::error!("the ledger's writer ended by a defect");
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.stop();
    }
}

impl OpenError {
    /// What the system said of the folder of a file.
    pub(super) fn folder(file: &Path, said: &io::Error) -> OpenError {
        let dir = file.parent().unwrap_or(file).to_owned();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        OpenError::Folder { dir, said: io::Error::new(said.kind(), format!("{name}: {said}")) }
    }

    /// What SQLite said of a file.
    pub(super) fn sqlite(file: &Path, said: rusqlite::Error) -> OpenError {
        FileError::told(file, said).into()
    }

    /// Whether trying again would be wrong: the file is another's to write.
    pub(super) fn is_final(&self) -> bool {
        match self {
            OpenError::Held { .. } | OpenError::File(FileError::Foreign { .. } | FileError::Newer { .. }) => true,
            OpenError::Random | OpenError::Writer(_) => true,
            OpenError::Folder { .. } | OpenError::File(FileError::Damaged { .. } | FileError::Sqlite { .. }) => false,
        }
    }

    /// The same for everybody to read: it names no path.
    pub(super) fn in_public(&self) -> String {
        match self {
            OpenError::Folder { said, .. } => format!("the data folder cannot be used: {said}"),
            OpenError::Held { .. } => "the ledger is in use by another process".to_owned(),
            OpenError::File(FileError::Damaged { what, .. }) => format!("the ledger is damaged ({what})"),
            OpenError::File(FileError::Foreign { .. }) => "the ledger's file is not Inlay's".to_owned(),
            OpenError::File(FileError::Newer { .. }) => "the ledger's file was written by a newer Inlay".to_owned(),
            OpenError::File(FileError::Sqlite { said, .. }) => format!("the ledger cannot be opened: {}", words(said)),
            OpenError::Writer(_) | OpenError::Random => self.to_string(),
        }
    }
}
