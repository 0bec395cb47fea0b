//! A copy of the ledger, made beside a running writer: one committed state, whole, synced, looked through before it has its name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::inspect::{Inspected, inspected};
use super::{ReadError, read};
use crate::ledger::home::check::FileError;
use crate::ledger::home::watch::beside;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Events in the copy.
    pub events: i64,
    /// The copy's length.
    pub bytes: u64,
    /// What is wrong with it as it is with the ledger, a sentence each.
    pub findings: Vec<String>,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is something by that name.
    #[error("{} exists already: name a file that does not", to.display())]
    Exists {
        /// Where the copy was to be.
        to: PathBuf,
    },
    /// The copy cannot be written.
    #[error("the copy {} cannot be written: {said}", to.display())]
    Io {
        /// Where the copy was to be.
        to: PathBuf,
        /// What the system said.
        said: io::Error,
    },
    /// SQLite cannot copy.
    #[error("the ledger cannot be copied to {}: {said}", to.display())]
    Sqlite {
        /// Where the copy was to be.
        to: PathBuf,
        /// What SQLite said.
        said: rusqlite::Error,
    },
    /// The copy cannot be read.
    #[error("the copy cannot be read, so it was removed: {0}")]
    Faulty(FileError),
}

/// What the copy's name ends with until it is whole.
const UNFINISHED: &str = ".part";

/// Copies the ledger in `dir` to the file `to`, which must not exist. Only its owner can read it.
pub fn backup(dir: &Path, to: &Path) -> Result<Copied, BackupError> {
    let conn = read(dir)?;
    let failed = |said: io::Error| match said.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists { to: to.to_owned() },
        _ => BackupError::Io { to: to.to_owned(), said },
    };
    // Takes the name, so that nobody's file is overwritten in the end.
    make(to).map_err(failed)?;
    let part = beside(to, UNFINISHED);
    let copied = copy(&conn, &part, to);
    if copied.is_err() {
        // What is left of it is in nobody's way but the next one's, which says so.
        let _ = fs::remove_file(&part);
        let _ = fs::remove_file(to);
    }
    copied
}

fn copy(conn: &Connection, part: &Path, to: &Path) -> Result<Copied, BackupError> {
    let io = |said| BackupError::Io { to: to.to_owned(), said };
    let sqlite = |said| BackupError::Sqlite { to: to.to_owned(), said };
    make(part).map_err(io)?;
    let name = part.to_str().ok_or_else(|| io(io::Error::other("the path is not UTF-8")))?;
    // It keeps statements from writing anything, also into another file; this connection cannot write into the ledger anyway.
    conn.pragma_update(None, "query_only", "OFF").map_err(sqlite)?;
    conn.execute("VACUUM INTO ?1", [name]).map_err(sqlite)?;
    let Inspected { events, findings, .. } = look_through(part)?;
    let file = File::open(part).map_err(io)?;
    file.sync_all().map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    fs::rename(part, to).map_err(io)?;
    let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)?;
    Ok(Copied { events, bytes, findings })
}

fn look_through(copy: &Path) -> Result<Inspected, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let looked = Connection::open_with_flags(copy, flags).and_then(|conn| inspected(&conn));
    looked.map_err(|said| BackupError::Faulty(FileError::told(copy, said)))
}

fn make(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}
