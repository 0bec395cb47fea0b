//! Opening and closing: the folder, the lock, the file's check, the sites, then the writer.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::Connection;

use super::check;
use super::clock::Clock;
use super::drops::{DropReason, Drops};
use super::errands::{Errands, WriteError};
use super::health::Health;
use super::lanes::{Lanes, Recorder};
use super::lock::{Lock, NotTaken};
use super::outbox::{Bell, Outbox};
use super::scripts::{self, Script};
use super::since;
use super::store::{Site, Store};
use super::tokens::{Known, Tokens};
use super::writer::{self, Shared};
use crate::config;
use crate::event::EventIds;

/// An open ledger: this process holds its lock and runs its writer. Dropping it closes it.
#[derive(Debug)]
pub struct Ledger {
    recorder: Recorder,
    shared: Shared,
    pub(super) errands: Errands,
    tokens: Tokens,
    clock: Clock,
    writer: Option<JoinHandle<()>>,
    /// Let go of last.
    _lock: Lock,
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
    File(#[from] check::FileError),
    /// SQLite cannot open or prepare the file.
    #[error("the ledger {} cannot be opened: {said}", file.display())]
    Sqlite {
        /// The ledger's file.
        file: PathBuf,
        /// What SQLite said.
        said: rusqlite::Error,
    },
    /// The writer's thread cannot be started.
    #[error("the ledger's writer cannot be started: {0}")]
    Writer(io::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

/// The ledger's file within its folder.
pub(super) const FILE: &str = "ledger.db";
const LOCK_FILE: &str = "ledger.lock";
/// How often it is looked whether the lanes are drained.
const LOOK_DRAINED: Duration = Duration::from_millis(2);
/// How long the writer waits for another connection's lock. Readers hold none that it would wait for.
const BUSY: Duration = Duration::from_millis(100);

/// Opens the ledger in `dir`, which is made where it is missing, for the sites of the configuration.
pub fn open(dir: &Path, sites: &[Arc<config::Site>], clock: Clock) -> Result<Ledger, OpenError> {
    let folder = |said| OpenError::Folder { dir: dir.to_owned(), said };
    make_folder(dir).map_err(folder)?;
    let lock = Lock::take(&dir.join(LOCK_FILE), &own_name()).map_err(|not| match not {
        NotTaken::Held(holder) => OpenError::Held { dir: dir.to_owned(), holder },
        NotTaken::Io(source) => folder(of_file(LOCK_FILE, &source)),
    })?;
    let file = dir.join(FILE);
    make_file(&file).map_err(|source| folder(of_file(FILE, &source)))?;
    let sqlite = |said| OpenError::Sqlite { file: file.clone(), said };
    let mut conn = check::open_checked(&file)?;
    configure(&conn).map_err(sqlite)?;
    let known = register(&mut conn, sites).map_err(sqlite)?;
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| OpenError::Random)?;
    let tokens = Known::load(&conn).map_err(sqlite)?;
    let store = Store::new(conn, known, EventIds::seeded(seed), clock.clone()).map_err(sqlite)?;

    let shared = Shared {
        lanes: Arc::new(Lanes::new()),
        drops: Arc::new(Drops::new(sites.len())),
        health: Arc::new(Health::new(file.clone())),
        bell: Arc::new(Bell::default()),
        draining: Arc::new(AtomicBool::new(false)),
        drained: Arc::new(AtomicBool::new(false)),
        closing: Arc::new(AtomicBool::new(false)),
    };
    let recorder = Recorder { lanes: shared.lanes.clone(), drops: shared.drops.clone() };
    let (thread, errands) = writer::start(store, shared.clone()).map_err(OpenError::Writer)?;
    let tokens = Tokens::new(errands.clone(), clock.clone(), tokens);
    Ok(Ledger { recorder, shared, errands, tokens, clock, writer: Some(thread), _lock: lock })
}

impl Ledger {
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
        let dir = self.shared.health.file().parent().unwrap_or(Path::new(""));
        Outbox::new(dir, self.errands.clone(), self.shared.bell.clone(), self.clock.clone())
    }

    /// Makes these the current scripts, and returns all that are to be served: these, and those that were current within the
    /// last 30 days. Waits for the disk.
    pub fn scripts(&self, current: Vec<Script>) -> Result<Vec<Script>, WriteError> {
        let now_ms = self.clock.now_ms();
        self.errands.run(move |conn| scripts::renew(conn, &current, now_ms))
    }

    /// These sites say `gpc_json` now, and no others: returns since when each of them has, milliseconds since 1970. Waits for
    /// the disk.
    pub fn gpc_json_since(&self, sites: Vec<String>) -> Result<Vec<i64>, WriteError> {
        let now_ms = self.clock.now_ms();
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

/// What is personal is nobody else's to read: a folder made here is its owner's alone.
fn make_folder(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// SQLite gives its own files the rights of this one.
fn make_file(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// An error that names the file in the folder.
fn of_file(name: &str, source: &io::Error) -> io::Error {
    io::Error::new(source.kind(), format!("{name}: {source}"))
}

/// This process, as another one is told of it.
fn own_name() -> String {
    let command: Vec<_> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    format!("process {} ({})", std::process::id(), command.join(" "))
}

fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(32);
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "secure_delete", "ON")?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    // 32 MiB: the pages that counts of a busy day are spread over.
    conn.pragma_update(None, "cache_size", -32 * 1024)
}

/// Gives every site its row and id; a name is the same site for ever.
fn register(conn: &mut Connection, sites: &[Arc<config::Site>]) -> rusqlite::Result<Vec<Site>> {
    let tx = conn.transaction()?;
    let mut known = Vec::with_capacity(sites.len());
    for site in sites {
        let timezone = site.timezone.iana_name().unwrap_or("UTC");
        let id: i64 = tx.query_row(
            "INSERT INTO sites(name, timezone) VALUES(?1, ?2)
             ON CONFLICT(name) DO UPDATE SET timezone = excluded.timezone RETURNING id",
            (&site.name, timezone),
            |row| row.get(0),
        )?;
        tx.execute(
            "INSERT INTO retention(site, days) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET days = excluded.days",
            (id, site.privacy.retention_days),
        )?;
        known.push(Site::new(id, site.clone()));
    }
    tx.commit()?;
    Ok(known)
}
