//! The ledger's home: the folder, the lock, the file. Opens what is there, begins what is not, and sets aside what is damaged.
//!
//! `check` and `schema`: whether a file is a ledger, of which version, and the way to the present one. `lock`: one process.
//! `begin`: a new file, made whole. `watch`: whether the names still lead to what is open. `heritage`: what a lost file leaves.

pub(super) mod begin;
pub(super) mod check;
pub(super) mod heritage;
pub(super) mod lock;
pub(super) mod schema;
pub(super) mod watch;

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::Connection;

use self::check::FileError;
use self::heritage::Heritage;
use self::lock::{Lock, NotTaken};
use self::watch::{Identity, LOG, Watch, beside, is_missing};
use crate::config;
use crate::event::EventIds;
use crate::ledger::clock::Clock;
use crate::ledger::open::OpenError;
use crate::ledger::repair;
use crate::ledger::writer::store::{Site, Store};

/// Where a ledger is to be, and for whom.
#[derive(Debug)]
pub(super) struct Home {
    dir: PathBuf,
    sites: Vec<Arc<config::Site>>,
    clock: Clock,
    lock: Option<Lock>,
    /// When a file was last set aside.
    set_aside: Option<Instant>,
}

/// A ledger that can be written.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) watch: Watch,
}

/// A file that made room for a new ledger.
pub(super) struct SetAside {
    /// Where it is now.
    pub(super) path: PathBuf,
    /// What the new one does not have of its small tables, in words.
    pub(super) losses: String,
}

/// The ledger's file within its folder.
pub(super) const FILE: &str = "ledger.db";
const LOCK_FILE: &str = "ledger.lock";
/// How long the writer waits for another connection's lock. Readers hold none that it would wait for.
const BUSY: Duration = Duration::from_millis(100);
/// Where new files are damaged too, the folder is not filled with them.
const SET_ASIDE_AGAIN: Duration = Duration::from_secs(60);

impl Home {
    pub(super) fn new(dir: &Path, sites: &[Arc<config::Site>], clock: Clock) -> Home {
        Home { dir: dir.to_owned(), sites: sites.to_vec(), clock, lock: None, set_aside: None }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn file(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    pub(super) fn sites(&self) -> &[Arc<config::Site>] {
        &self.sites
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether this process has the lock that others would meet.
    pub(super) fn is_held(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.is_at(&self.dir.join(LOCK_FILE)))
    }

    /// Takes the lock and opens the ledger. One that begins here gets what another one left.
    pub(super) fn open(&mut self, heritage: Option<&Heritage>) -> Result<Opened, OpenError> {
        self.hold()?;
        let file = self.file();
        let folder = |said| OpenError::folder(&file, &said);
        if is_there(&file)? {
            begin::remove_unfinished(&file);
        } else {
            begin::begin(&file, heritage, self.clock.now_ms())?;
        }
        let before = Identity::of(&file).map_err(folder)?;
        let mut conn = check::open_checked(&file)?;
        let sqlite = |said| OpenError::sqlite(&file, said);
        configure(&conn).map_err(sqlite)?;
        let sites = register(&mut conn, &self.sites).map_err(sqlite)?;
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| OpenError::Random)?;
        let store = Store::new(conn, sites, EventIds::seeded(seed), self.clock.clone()).map_err(sqlite)?;
        let watch = Watch::begin(&file, before, &store.conn).map_err(folder)?;
        Ok(Opened { store, watch })
    }

    /// Sets the file aside, which cannot be used, and begins a new ledger in its place. What the old one leaves is what `known`
    /// says, or what can be read of it.
    pub(super) fn begin_anew(&mut self, why: &str, known: Option<&Heritage>) -> Result<SetAside, OpenError> {
        self.hold()?;
        let file = self.file();
        let read;
        let heritage = match known {
            Some(known) => known,
            None => {
                read = repair::heritage(&file, self.clock.now_ms());
                &read
            }
        };
        let path = begin::begin_anew(&file, why, heritage, self.clock.now_ms())?;
        self.set_aside = Some(Instant::now());
        Ok(SetAside { path, losses: heritage.losses() })
    }

    /// Whether it is long enough since a file was set aside.
    pub(super) fn may_set_aside(&self) -> bool {
        self.set_aside.is_none_or(|at| at.elapsed() >= SET_ASIDE_AGAIN)
    }

    /// Makes the folder and takes the lock in it, unless this process has it.
    pub(super) fn hold(&mut self) -> Result<(), OpenError> {
        let folder = |said| OpenError::Folder { dir: self.dir.clone(), said };
        make_folder(&self.dir).map_err(folder)?;
        if self.is_held() {
            return Ok(());
        }
        let lock = Lock::take(&self.dir.join(LOCK_FILE), &own_name()).map_err(|not| match not {
            NotTaken::Held(holder) => OpenError::Held { dir: self.dir.clone(), holder },
            NotTaken::Io(said) => folder(io::Error::new(said.kind(), format!("{LOCK_FILE}: {said}"))),
        })?;
        self.lock = Some(lock);
        Ok(())
    }
}

/// Whether there is a ledger's file with something in it.
fn is_there(file: &Path) -> Result<bool, OpenError> {
    match fs::metadata(file) {
        Ok(found) if found.len() > 0 => Ok(true),
        // SQLite would throw the log away.
        Ok(_) if fs::metadata(beside(file, LOG[0])).is_ok_and(|log| log.len() > 0) => {
            let what = "it is empty, and its log is not".to_owned();
            Err(FileError::Damaged { file: file.to_owned(), what }.into())
        }
        Ok(_) => Ok(false),
        Err(error) if is_missing(&error) => Ok(false),
        Err(said) => Err(OpenError::folder(file, &said)),
    }
}

/// What is personal is nobody else's to read: a folder made here is its owner's alone.
fn make_folder(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
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
