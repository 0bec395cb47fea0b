//! Reading beside a running proxy: connections that cannot write, and do not hold the writer up.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::check::FileError;
use super::open::FILE;
use super::schema::{self, Kind};

/// Why a ledger cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing was recorded in this folder yet.
    #[error("there is no ledger in {} yet: it begins when `inlay proxy` or `inlay run` is started with this data folder", dir.display())]
    None {
        /// The folder that was asked for.
        dir: PathBuf,
    },
    /// The file is there, but its rights or the folder's keep it from being read.
    #[error("the ledger {} cannot be read: {source}", file.display())]
    Denied {
        /// The ledger's file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The ledger was written by an older Inlay, whose tables this one no longer reads.
    #[error(
        "the ledger {} was written by an older Inlay (schema {found}, this one reads {known}): start this version of the proxy \
         once, which brings it up to date", file.display()
    )]
    Older {
        /// The ledger's file.
        file: PathBuf,
        /// The schema's version in the file.
        found: i64,
        /// The version that this program reads.
        known: i64,
    },
    /// The file is no ledger that can be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// How long a reader waits for the writer in the rare moments in which it has to, such as the recovery after a crash.
const BUSY: Duration = Duration::from_secs(2);

/// Opens the ledger in `dir` for reading only. Each transaction on the connection sees one synced state.
pub fn read(dir: &Path) -> Result<Connection, ReadError> {
    let file = dir.join(FILE);
    let none = || ReadError::None { dir: dir.to_owned() };
    // SQLite's own words for all of this are "unable to open database file".
    match std::fs::File::open(&file).and_then(|file| file.metadata()) {
        Ok(found) if found.len() == 0 => return Err(none()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(none()),
        Err(source) => return Err(ReadError::Denied { file, source }),
    }
    let conn = connect(&file).map_err(|source| FileError::told(&file, source))?;
    let known = schema::VERSION;
    match schema::kind(&conn).map_err(|source| FileError::told(&file, source))? {
        Kind::Empty => Err(none()),
        Kind::Foreign => Err(FileError::Foreign { file }.into()),
        Kind::Ledger(found) if found > known => Err(FileError::Newer { file, found, known }.into()),
        Kind::Ledger(found) if found < known => Err(ReadError::Older { file, found, known }),
        Kind::Ledger(_) => Ok(conn),
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "query_only", "ON")?;
    Ok(conn)
}
