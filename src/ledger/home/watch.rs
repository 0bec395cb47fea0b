//! The watch over the open files: whether the names in the folder still lead to what SQLite has open.
//!
//! SQLite looks its files up when it opens them and goes on with what it has: after a deletion it would commit into files that
//! nobody will ever find again. Only `stat` is called. Opening the file and closing it again would let go of the locks that
//! SQLite has on it: they are the process's, and end with the first handle that is closed.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// Which file it is, whatever its name: device and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) struct Identity(u64, u64);

/// What was open when the watch began.
#[derive(Debug)]
pub(in crate::ledger) struct Watch {
    file: PathBuf,
    /// The file itself, where its name is a link: the log stands beside that.
    real: PathBuf,
    ledger: Identity,
    /// The least length that the file ever had here: it never becomes shorter by what the writer does.
    length: u64,
    /// The log and its index, where the ledger has them.
    log: Option<[Identity; 2]>,
}

/// What the names lead to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) enum Seen {
    /// What is open.
    Well,
    /// The ledger's file has no name in the folder any more.
    Gone,
    /// Another file has its name.
    Replaced,
    /// It is shorter than it was.
    Cut,
    /// The log or its index is gone, or has given way to another.
    LogLost,
}

impl Identity {
    /// The file's that a path leads to.
    pub(in crate::ledger) fn of(path: &Path) -> io::Result<Identity> {
        fs::metadata(path).map(|found| Identity::told(&found))
    }

    pub(super) fn told(found: &Metadata) -> Identity {
        Identity(found.dev(), found.ino())
    }
}

impl Watch {
    /// Begins right after `conn` opened `file`, which was `before` just before that: fails where they were exchanged meanwhile.
    pub(super) fn begin(file: &Path, before: Identity, conn: &Connection) -> io::Result<Watch> {
        let found = fs::metadata(file)?;
        if Identity::told(&found) != before {
            return Err(io::Error::other("ledger.db was exchanged while it was opened"));
        }
        let logs =
            conn.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).map_err(io::Error::other)?;
        // Where SQLite had to take up a log that has lost its name, because somebody in this process still reads it, this fails.
        let real = fs::canonicalize(file)?;
        let log = if logs == "wal" { Some(log_of(&real)?) } else { None };
        Ok(Watch { file: file.to_owned(), real, ledger: before, length: found.len(), log })
    }

    /// Looks. What cannot be looked at, because the folder's rights forbid it, is as it was.
    pub(in crate::ledger) fn look(&mut self) -> Seen {
        match fs::metadata(&self.file) {
            Err(error) if is_missing(&error) => return Seen::Gone,
            Err(_) => return Seen::Well,
            Ok(found) if Identity::told(&found) != self.ledger => return Seen::Replaced,
            Ok(found) if found.len() < self.length => return Seen::Cut,
            Ok(found) => self.length = found.len(),
        }
        match (self.log, log_of(&self.real)) {
            (Some(log), Ok(found)) if log != found => Seen::LogLost,
            (Some(_), Err(error)) if is_missing(&error) => Seen::LogLost,
            _ => Seen::Well,
        }
    }

    /// Removes the names of the log and its index where they still lead to those of the watched ledger: another ledger with its
    /// name would be taken for theirs.
    pub(in crate::ledger) fn remove_log(&self) {
        let Some(log) = self.log else { return };
        for (name, identity) in LOG.into_iter().zip(log) {
            let path = beside(&self.real, name);
            if Identity::of(&path).is_ok_and(|found| found == identity) {
                // A name that stays is met by whoever opens the next ledger, and said then.
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// What the names of the log and of its index end with.
pub(in crate::ledger) const LOG: [&str; 2] = ["-wal", "-shm"];

/// The path of what stands beside a file, by its name's end.
pub(in crate::ledger) fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn log_of(file: &Path) -> io::Result<[Identity; 2]> {
    let [log, index] = LOG.map(|end| Identity::of(&beside(file, end)));
    Ok([log?, index?])
}

/// Whether a path leads nowhere, or through something that is no folder.
pub(in crate::ledger) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
