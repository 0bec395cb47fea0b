//! Why a question has no answer, in words for the person who asked.

use std::fmt;
use std::path::Path;

use rusqlite::Connection;

use crate::ledger::FileError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger knows no such site.
    #[error("there is no site `{asked}` in this ledger{hint}")]
    UnknownSite {
        /// The name that was asked for.
        asked: String,
        /// What to ask for instead.
        hint: Hint,
    },
    /// The ledger holds a time zone that this system does not know.
    #[error("the days of site `{site}` are those of the time zone `{zone}`, which this machine does not know")]
    Zone {
        /// The site.
        site: String,
        /// Its zone in the ledger.
        zone: String,
        /// What the calendar said.
        source: jiff::Error,
    },
    /// The ledger is damaged where it was read.
    #[error(transparent)]
    File(FileError),
    /// SQLite could not read.
    #[error("the ledger cannot be read: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(said: rusqlite::Error) -> Error {
        Error::Sqlite(said)
    }
}

impl Error {
    /// The same, met on this connection: of damage it is told what to do.
    pub(super) fn met_on(self, conn: &Connection) -> Error {
        let Error::Sqlite(said) = self else { return self };
        let file = Path::new(conn.path().unwrap_or_default());
        FileError::damage(file, &said).map_or(Error::Sqlite(said), Error::File)
    }
}

/// The sites that there are, the nearest to the one asked for apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub(super) nearest: Option<String>,
    pub(super) known: Vec<String>,
}

/// So many names are listed; who has more knows where they stand.
const LISTED: usize = 12;

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nearest) = &self.nearest {
            write!(f, ", did you mean `{nearest}`?")?;
        }
        let colon = if self.nearest.is_some() { " There are:" } else { ": there are" };
        match self.known.as_slice() {
            [] => write!(f, ": there is none at all yet"),
            [one] if self.nearest.is_none() => write!(f, ": there is only `{one}`"),
            [_] => Ok(()),
            all => {
                write!(f, "{colon}")?;
                for (i, name) in all.iter().take(LISTED).enumerate() {
                    write!(f, "{} `{name}`", if i > 0 { "," } else { "" })?;
                }
                match all.len().saturating_sub(LISTED) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}
