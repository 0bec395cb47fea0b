//! Repair: what can be read of a damaged ledger goes into a new one, table by table, and the damaged file is kept.
//!
//! - A page that cannot be read costs its own rows (`walk`). A first page that cannot be read is replaced, in a copy, by that
//!   of a new ledger, whose tables begin at the same pages (`first_page`).
//!   Rows in pages that nothing leads to any more are found by reading the file page by page (`scan`, `lost_pages`).
//! - Counts whose page is lost are counted again from the rows that are left; of two numbers the greater stands, since rows
//!   go without changing counts, and never the other way round (`recount`).
//! - Spans are made anew of the rows. The last seq is the greatest of which anything tells.
//! - A file that was set aside, while a new ledger recorded on, is brought back into that one: rows by their seqs, counts by
//!   addition, once (`merge`).

mod first_page;
mod lost_pages;
mod merge;
mod recount;
mod scan;
mod tables;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::clock::Clock;
use super::home::Home;
use super::home::begin;
use super::home::check::{self, FileError};
use super::home::heritage::Heritage;
use super::home::watch::beside;
use super::open::OpenError;
use super::read::ReadError;
use super::read::inspect::{REPAIRED, inspect};

pub use merge::{BroughtBack, bring_back};
use tables::Old;
pub use tables::Saved;

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// By table.
    pub saved: Vec<Saved>,
    /// Seqs between the first and the last saved event that have none: damaged, or expired before.
    pub gaps: i64,
    /// Whether the file's first page had to be replaced.
    pub first_page: bool,
    /// Where the repaired ledger is.
    pub file: PathBuf,
}

impl Repaired {
    /// Whether nothing was found. A new ledger has its state, and a token that opens nothing where they could not be read.
    fn is_nothing(&self) -> bool {
        let is_found = |saved: &Saved| saved.rows > 0 && !matches!(saved.table, "tokens" | "state");
        !self.saved.iter().any(is_found) && self.saved.iter().any(|saved| !saved.whole)
    }
}

/// What became of a folder's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Nothing was wrong with it, and nothing was changed.
    Whole {
        /// Events in it.
        events: i64,
    },
    /// What could be read is in its place.
    Done {
        /// What that is.
        repaired: Repaired,
        /// Where the damaged file is now.
        aside: PathBuf,
    },
}

/// Why nothing was repaired.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The ledger's lock, or its folder, cannot be had.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is nothing to repair.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The result would overwrite something.
    #[error("{} exists already: move it away, or name it to bring it back", file.display())]
    Exists {
        /// What is there.
        file: PathBuf,
    },
    /// The file cannot be read or copied at all.
    #[error("{} cannot be read: {said}", file.display())]
    Io {
        /// The damaged file.
        file: PathBuf,
        /// What the system said.
        said: io::Error,
    },
    /// SQLite cannot write the result.
    #[error("what was saved cannot be written to {}: {said}", file.display())]
    Sqlite {
        /// The result.
        file: PathBuf,
        /// What SQLite said.
        said: rusqlite::Error,
    },
    /// It is a copy of the ledger, and not one that it took the place of: its counts would be added twice.
    #[error(
        "{events} of the events in {name} are in this ledger already: it is a copy of it, such as a backup, and no file that was \
         set aside. To go back to it, put it in the ledger's place (docs/ledger.md)"
    )]
    Copy {
        /// The file's name.
        name: String,
        /// How many.
        events: i64,
    },
    /// Nothing of a ledger is in it.
    #[error("nothing of a ledger could be read of {}: nothing was changed", file.display())]
    Nothing {
        /// The file.
        file: PathBuf,
    },
    /// It was brought back before: its counts would be added twice.
    #[error("{name} was brought back into this ledger on {when}")]
    BroughtBack {
        /// The file's name.
        name: String,
        /// When.
        when: String,
    },
}

/// What the name of a repaired file ends with.
const FINISHED: &str = ".repaired";

/// Repairs the ledger in `dir`, which nobody may have open.
pub fn repair_ledger(dir: &Path, clock: &Clock) -> Result<Repair, RepairError> {
    let mut home = Home::new(dir, &[], clock.clone());
    let file = home.file();
    if !file.exists() {
        return Err(ReadError::None { dir: dir.to_owned() }.into());
    }
    home.hold()?;
    match inspect(dir) {
        Ok(inspected) if inspected.findings.is_empty() => return Ok(Repair::Whole { events: inspected.events }),
        Ok(_) | Err(ReadError::File(FileError::Damaged { .. }) | ReadError::Older { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let made = begin::unfinished(&file);
    let mut repaired = recover(&file, &made, clock)?;
    let aside = begin::exchange(&file, "damaged", clock.now_ms())?;
    repaired.file = file;
    Ok(Repair::Done { repaired, aside })
}

/// Saves what can be read of a file that was set aside into one beside it, whose name ends with `.repaired`.
pub fn repair_file(file: &Path, clock: &Clock) -> Result<Repaired, RepairError> {
    let made = beside(file, FINISHED);
    if made.symlink_metadata().is_ok() {
        return Err(RepairError::Exists { file: made });
    }
    let unfinished = beside(&made, ".part");
    let mut repaired = recover(file, &unfinished, clock)?;
    if repaired.is_nothing() {
        begin::remove_all(&unfinished).map_err(|said| RepairError::Io { file: unfinished.clone(), said })?;
        return Err(RepairError::Nothing { file: file.to_owned() });
    }
    std::fs::rename(&unfinished, &made).map_err(|said| RepairError::Io { file: made.clone(), said })?;
    repaired.file = made;
    Ok(repaired)
}

/// A longer file is not copied where pages wait for the ledger: a few seconds' work.
const COPIED: u64 = 512 << 20;
const FRESH: &str = ".fresh";

/// What a damaged file leaves to a ledger that takes its place at once. The file is not changed.
pub(super) fn heritage(file: &Path, now_ms: i64) -> Heritage {
    let mut read = check::open_damaged(file).map_or_else(|_| Heritage::unread(), |mut conn| Heritage::of(&mut conn));
    let short = std::fs::metadata(file).is_ok_and(|found| (1..=COPIED).contains(&found.len()));
    if short && read.is_nothing() {
        let fresh = beside(file, FRESH);
        let opened =
            begin::make(&fresh, None, now_ms).map_err(RepairError::from).and_then(|()| first_page::open(file, &fresh));
        if let Ok((mut conn, _)) = opened {
            read = Heritage::of(&mut conn);
        }
        first_page::remove_copy(file);
        // What stays is removed by the next one.
        let _ = begin::remove_all(&fresh);
    }
    read
}

/// Makes the ledger `to` of what can be read of `file`.
fn recover(file: &Path, to: &Path, clock: &Clock) -> Result<Repaired, RepairError> {
    begin::make(to, None, clock.now_ms())?;
    let (source, first_page) = first_page::open(file, to)?;
    let sqlite = |said| RepairError::Sqlite { file: to.to_owned(), said };
    let done = fill(source, file, to, clock.now_ms()).map_err(sqlite);
    first_page::remove_copy(file);
    let (saved, gaps) = done?;
    Ok(Repaired { saved, gaps, first_page, file: to.to_owned() })
}

const MARK: &str = "INSERT INTO state(name, value) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
const SET_LAST_SEQ: &str = "UPDATE state SET value = max(value, ?1, (SELECT coalesce(max(seq), 0) FROM events))
    WHERE name = 'last_seq'";
const GAPS: &str = "SELECT coalesce(max(seq) - min(seq) + 1 - count(*), 0) FROM events";

fn fill(mut source: Connection, file: &Path, to: &Path, now_ms: i64) -> rusqlite::Result<(Vec<Saved>, i64)> {
    let last_seq = Heritage::of(&mut source).last_seq;
    let mut conn = Connection::open(to)?;
    let tx = conn.transaction()?;
    let saved = tables::save(&Old { conn: &source, file, last_seq, now_ms }, &tx)?;
    recount::months(&tx)?;
    tx.execute(SET_LAST_SEQ, [last_seq])?;
    tx.execute(MARK, (REPAIRED, now_ms))?;
    let gaps = tx.query_row(GAPS, [], |row| row.get(0))?;
    tx.commit()?;
    conn.close().map_err(|(_, said)| said)?;
    Ok((saved, gaps))
}

/// The words for a set-aside file's time.
fn when(ms: i64) -> String {
    check::minute(ms)
}
