//! The start-up check: whether a file is a ledger that this program can use, and if not, what to do, in words.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema::{self, Kind};

/// Why a file cannot be used as the ledger. Its words name the cause, here and in the room's other errors: logs and answers
/// show no sources.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file is damaged.
    #[error(
        "{} is damaged ({what}). The next start of `inlay run` or `inlay proxy` sets it aside and begins a new ledger; \
         `inlay ledger repair` saves what can be saved, and a backup can be put in its place (docs/ledger.md)", file.display()
    )]
    Damaged {
        /// The ledger's file.
        file: PathBuf,
        /// What is wrong with it, as SQLite put it.
        what: String,
    },
    /// The file belongs to another program.
    #[error("{} is a SQLite file, but not Inlay's: give Inlay a data folder of its own", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The file was written by a newer Inlay.
    #[error(
        "{} was written by a newer Inlay (schema {found}, this one knows {known}): run that version, or put back a backup from \
         before the upgrade", file.display()
    )]
    Newer {
        /// The ledger's file.
        file: PathBuf,
        /// The schema's version in the file.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },
    /// The file cannot be opened.
    #[error("the ledger {} cannot be opened: {}", file.display(), words(said))]
    Sqlite {
        /// The ledger's file.
        file: PathBuf,
        /// What SQLite said.
        said: rusqlite::Error,
    },
}

/// How long the check may take. In a larger ledger the rest is not looked at; damage there shows when it is read.
const CHECK: Duration = Duration::from_secs(1);
/// How long another program's lock is waited for.
const BUSY: Duration = Duration::from_secs(1);
/// How many steps SQLite takes between two looks at the time.
const CHECK_STEPS: i32 = 10_000;

/// Opens a ledger for writing, checked and at this program's schema version; an empty file becomes a new one.
pub(in crate::ledger) fn open_checked(file: &Path) -> Result<Connection, FileError> {
    let wrong = |said| FileError::told(file, said);
    let mut conn = Connection::open(file).map_err(wrong)?;
    conn.busy_timeout(BUSY).map_err(wrong)?;
    let version = match schema::kind(&conn).map_err(wrong)? {
        Kind::Foreign => return Err(FileError::Foreign { file: file.to_owned() }),
        Kind::Unmarked => return Err(FileError::unmarked(file)),
        Kind::Empty => 0,
        Kind::Ledger(found) => found,
    };
    let known = schema::VERSION;
    if version > known {
        return Err(FileError::Newer { file: file.to_owned(), found: version, known });
    }
    if let Some(what) = quick_check(&mut conn).map_err(wrong)? {
        return Err(FileError::Damaged { file: file.to_owned(), what });
    }
    schema::migrate(&mut conn, version).map_err(wrong)?;
    if let Some(what) = schema::lacking(&conn).map_err(wrong)? {
        return Err(FileError::Damaged { file: file.to_owned(), what });
    }
    Ok(conn)
}

/// Opens a damaged file for reading what can be read.
pub(in crate::ledger) fn open_damaged(file: &Path) -> Result<Connection, FileError> {
    // SQLite would throw the log of an empty file away.
    if std::fs::metadata(file).is_ok_and(|found| found.len() == 0) {
        return Err(FileError::Damaged { file: file.to_owned(), what: "it is empty".to_owned() });
    }
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(file, flags)?;
        conn.busy_timeout(BUSY)?;
        // So SQLite reads a file that is shorter than it says of itself. Nothing is written.
        conn.pragma_update(None, "writable_schema", "ON")?;
        Ok(conn)
    };
    open().map_err(|said| FileError::told(file, said))
}

/// The first thing that is wrong with the file's pages; `None` where nothing is, as far as was looked.
fn quick_check(conn: &mut Connection) -> rusqlite::Result<Option<String>> {
    let began = Instant::now();
    conn.progress_handler(CHECK_STEPS, Some(move || began.elapsed() >= CHECK))?;
    let answer = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    conn.progress_handler(0, None::<fn() -> bool>)?;
    match answer {
        Ok(words) if words == "ok" => Ok(None),
        Ok(words) => Ok(Some(words.replace('\n', " "))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(None),
        Err(error) => Err(error),
    }
}

impl FileError {
    /// What SQLite said of a file: damage that it reports as an error is damage too.
    pub(in crate::ledger) fn told(file: &Path, said: rusqlite::Error) -> FileError {
        FileError::damage(file, &said).unwrap_or_else(|| FileError::Sqlite { file: file.to_owned(), said })
    }

    /// A ledger that does not say that it is one.
    pub(in crate::ledger) fn unmarked(file: &Path) -> FileError {
        let what = "its tables are a ledger's, and its mark is not".to_owned();
        FileError::Damaged { file: file.to_owned(), what }
    }

    /// The damage that an error of SQLite's tells of, if it does: a large file's shows only when that part of it is read.
    pub(crate) fn damage(file: &Path, said: &rusqlite::Error) -> Option<FileError> {
        is_damage(said).then(|| FileError::Damaged { file: file.to_owned(), what: said.to_string() })
    }
}

/// Whether this error says that the file is damaged: by SQLite's own word, or by a value that no ledger was ever given.
pub(in crate::ledger) fn is_damage(said: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    match said {
        E::Utf8Error(..)
        | E::FromSqlConversionFailure(..)
        | E::InvalidColumnType(..)
        | E::IntegralValueOutOfRange(..) => true,
        said => matches!(said.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)),
    }
}

/// What SQLite said, in words for whoever watches the machine.
pub(in crate::ledger) fn words(said: &rusqlite::Error) -> String {
    match said.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program has locked the file".to_owned(),
        // SQLite's binding names the file, and this is said to everybody.
        Some(ErrorCode::CannotOpen) => "it is no file, rights forbid to open it, or too many files are open".to_owned(),
        Some(ErrorCode::SystemIoFailure) => {
            format!("{said}: a full disk, a limit on the size of files, or a failing disk")
        }
        _ => said.to_string(),
    }
}

/// An instant, milliseconds since 1970, as people write it.
pub(in crate::ledger) fn minute(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y-%m-%d at %H:%M UTC").to_string()
}
