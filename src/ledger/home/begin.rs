//! How a ledger begins, and how one that cannot be used makes room for it.
//!
//! A new ledger is made whole under another name and then given its own: whatever happens in between, there is never half a
//! ledger, and never one without what the last one left (`heritage`).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::check;
use super::heritage::Heritage;
use super::watch::{LOG, beside, is_missing};
use crate::ledger::open::OpenError;

/// What a new ledger's name ends with while it is made.
const UNFINISHED: &str = ".new";

/// Makes a ledger in the place of `file`, which is missing or empty, with what another one left.
pub(super) fn begin(file: &Path, heritage: Option<&Heritage>, now_ms: i64) -> Result<(), OpenError> {
    let made = unfinished(file);
    // A crash left it without its name. What was to go into it went with that process.
    let left = heritage.is_none() && fs::metadata(&made).is_ok_and(|found| found.len() > 0);
    let left = left && check::open_checked(&made).is_ok();
    if !left {
        make(&made, heritage, now_ms)?;
    }
    // Another ledger's log would be taken for this one's.
    LOG.iter().try_for_each(|end| remove(&beside(file, end))).map_err(|said| OpenError::folder(file, &said))?;
    put(&made, file).map_err(|said| OpenError::folder(file, &said))
}

/// Makes a ledger in the place of `file`, which cannot be used and gets another name: `ledger.db.damaged-20261125T090807`.
/// Returns that name's path.
pub(super) fn begin_anew(file: &Path, why: &str, heritage: &Heritage, now_ms: i64) -> Result<PathBuf, OpenError> {
    make(&unfinished(file), Some(heritage), now_ms)?;
    exchange(file, why, now_ms)
}

/// Sets a file aside and puts the one that was made for its place there.
pub(in crate::ledger) fn exchange(file: &Path, why: &str, now_ms: i64) -> Result<PathBuf, OpenError> {
    let failed = |said| OpenError::folder(file, &said);
    let aside = set_aside(file, why, now_ms).map_err(failed)?;
    put(&unfinished(file), file).map_err(failed)?;
    Ok(aside)
}

/// The name of the ledger that is made for a file's place.
pub(in crate::ledger) fn unfinished(file: &Path) -> PathBuf {
    beside(file, UNFINISHED)
}

/// Gives a file, its log and the log's index another name together.
fn set_aside(file: &Path, why: &str, now_ms: i64) -> io::Result<PathBuf> {
    let time = Timestamp::from_millisecond(now_ms).unwrap_or_default().strftime("%Y%m%dT%H%M%S");
    let mut aside = beside(file, &format!(".{why}-{time}"));
    let mut count = 1;
    while aside.symlink_metadata().is_ok() {
        count += 1;
        aside = beside(file, &format!(".{why}-{time}-{count}"));
    }
    fs::rename(file, &aside)?;
    let [log, index] = LOG.map(|end| beside(file, end));
    // A log in which nothing stands, and the index to it, tell nothing.
    if fs::metadata(&log).is_ok_and(|found| found.len() > 0) {
        fs::rename(log, beside(&aside, LOG[0]))?;
    } else {
        remove(&log)?;
    }
    remove(&index)?;
    sync_folder(file)?;
    Ok(aside)
}

/// Makes a ledger by another name than its own.
pub(in crate::ledger) fn make(made: &Path, heritage: Option<&Heritage>, now_ms: i64) -> Result<(), OpenError> {
    remove_all(made).and_then(|()| make_file(made)).map_err(|said| OpenError::folder(made, &said))?;
    let mut conn = check::open_checked(made)?;
    if let Some(heritage) = heritage {
        heritage.write(&mut conn, now_ms).map_err(|said| OpenError::sqlite(made, said))?;
    }
    conn.close().map_err(|(_, said)| OpenError::sqlite(made, said))
}

/// Removes what is left of a ledger that was not finished.
pub(super) fn remove_unfinished(file: &Path) {
    // It is in nobody's way but the next one's, which says so.
    let _ = remove_all(&unfinished(file));
}

/// Removes a file and what SQLite may have beside it.
pub(in crate::ledger) fn remove_all(file: &Path) -> io::Result<()> {
    remove(file)?;
    ["-wal", "-shm", "-journal"].iter().try_for_each(|end| remove(&beside(file, end)))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if is_missing(&error) => Ok(()),
        done => done,
    }
}

/// What is personal is nobody else's to read. SQLite gives its own files the rights of this one.
fn make_file(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

fn put(made: &Path, file: &Path) -> io::Result<()> {
    fs::rename(made, file)?;
    sync_folder(file)
}

/// Makes the names in a file's folder durable.
fn sync_folder(file: &Path) -> io::Result<()> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}
