//! Reading beside a running proxy: connections that cannot write, and do not hold the writer up.

pub(super) mod backup;
pub(super) mod inspect;
pub(super) mod tail;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::ledger::home::FILE;
use crate::ledger::home::check::FileError;
use crate::ledger::home::schema::{self, Kind};
use crate::ledger::home::watch::{LOG, beside, is_missing};

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
    /// Only who may write in the folder can read the ledger: its log is not yet in the file.
    #[error(
        "the ledger {} was not closed, and to read it one has to be able to write in its folder: run this as the user who runs \
         Inlay", file.display()
    )]
    NotClosed {
        /// The ledger's file.
        file: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
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
    /// SQLite could not read it.
    #[error("the ledger cannot be read: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for ReadError {
    fn from(said: rusqlite::Error) -> ReadError {
        ReadError::Sqlite(said)
    }
}

/// How long a reader waits for the writer in the rare moments in which it has to, such as the recovery after a crash.
const BUSY: Duration = Duration::from_secs(2);

/// Opens the ledger in `dir` for reading only. Each transaction on the connection sees one synced state.
pub fn read(dir: &Path) -> Result<Connection, ReadError> {
    let file = dir.join(FILE);
    let none = || ReadError::None { dir: dir.to_owned() };
    // SQLite's own words for all of this are "unable to open database file". The file is not opened here where SQLite can:
    // closing it would let go of the locks that this process's writer has on it.
    match std::fs::metadata(&file) {
        Ok(found) if found.len() == 0 => return Err(none()),
        Ok(_) => {}
        Err(error) if is_missing(&error) => return Err(none()),
        Err(source) => return Err(ReadError::Denied { file, source }),
    }
    let (conn, kind) = connect(&file)?;
    let known = schema::VERSION;
    match kind {
        Kind::Empty => Err(none()),
        Kind::Foreign => Err(FileError::Foreign { file }.into()),
        Kind::Unmarked => Err(FileError::unmarked(&file).into()),
        Kind::Ledger(found) if found > known => Err(FileError::Newer { file, found, known }.into()),
        Kind::Ledger(found) if found < known => Err(ReadError::Older { file, found, known }),
        Kind::Ledger(_) => Ok(conn),
    }
}

/// Readers of a write-ahead log share a file beside it. Who may not make one in the folder can still read a ledger that was
/// closed, since everything is in its file then, and nobody writes to it.
fn connect(file: &Path) -> Result<(Connection, Kind), ReadError> {
    let source = match open(file.as_os_str(), OpenFlags::empty()) {
        Ok(opened) => return Ok(opened),
        Err(source) if matches!(source.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) => {
            source
        }
        Err(source) => return Err(FileError::told(file, source).into()),
    };
    if let Err(source) = std::fs::File::open(file) {
        return Err(ReadError::Denied { file: file.to_owned(), source });
    }
    let [log, _] = LOG.map(|end| beside(file, end));
    if std::fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return Err(ReadError::NotClosed { file: file.to_owned(), source });
    }
    Ok(open(immutable(file).as_ref(), OpenFlags::SQLITE_OPEN_URI).map_err(|source| FileError::told(file, source))?)
}

fn open(name: &OsStr, more: OpenFlags) -> rusqlite::Result<(Connection, Kind)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let conn = Connection::open_with_flags(name, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "query_only", "ON")?;
    let kind = schema::kind(&conn)?;
    Ok((conn, kind))
}

/// The file's name as a URI that says it does not change.
fn immutable(file: &Path) -> String {
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let escaped = whole.as_os_str().as_encoded_bytes().iter().map(|byte| match plain(*byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    format!("file://{}?immutable=1", escaped.collect::<String>())
}
