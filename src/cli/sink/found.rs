//! Which sinks there are, and who tells of them: the process that runs them, or the ledger where none does.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::now_ms;
use crate::admin::{self, Answer, Command, ControlError};
use crate::cli::folder::Folder;
use crate::ledger::{EventReader, Place, ReadError};
use crate::sink::{State, Status, statuses};

/// The sinks of a ledger.
#[derive(Debug)]
pub(in crate::cli) struct Found {
    /// The ledger's folder.
    pub(super) dir: PathBuf,
    /// The sinks: those of the configuration in its order, then those that the ledger alone knows.
    pub(in crate::cli) sinks: Vec<Status>,
    /// Whether the process that runs them told.
    pub(super) is_running: bool,
}

/// Why an order for a sink cannot be right, whatever the state of things.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum WrongSink {
    /// There is no such sink.
    #[error("there is no sink {name:?}{hint}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What to ask for instead.
        hint: Hint,
    },
    /// The ledger knows it, the configuration does not.
    #[error(
        "the ledger keeps the place of a sink {name:?}, but the configuration does not name it, so nothing ships for it: write \
         its [[sink]] again, and it goes on from there"
    )]
    Unnamed {
        /// Its name.
        name: String,
    },
    /// Events do not go again from a time that has not come.
    #[error("--from lies ahead: write a time that has passed, or `now` to leave out all that {name} has not got yet")]
    Ahead {
        /// The sink.
        name: String,
    },
    /// There is no such dead letter.
    #[error("{name} has no dead letter {letter:?}: `inlay sink dead {name}` lists them")]
    Letter {
        /// The sink.
        name: String,
        /// What was asked for.
        letter: String,
    },
}

/// The sinks that there are, the nearest to the one asked for apart.
#[derive(Debug)]
pub(in crate::cli) struct Hint {
    nearest: Option<String>,
    known: Vec<String>,
}

/// A sink that has no place in the ledger yet.
#[derive(Debug, thiserror::Error)]
#[error("{name} has not started yet, so there is nothing of it in the ledger: it begins with `inlay run`")]
pub(super) struct NotStarted {
    name: String,
}

/// How long the process may take to tell of its sinks: nothing is written for that.
const PATIENCE: Duration = Duration::from_secs(5);

impl Found {
    /// The sinks as one part of a report on other things: whoever knows is asked, and what stands in the way is nobody's business
    /// here.
    pub(in crate::cli) fn glance(dir: &Path, folder: &Folder) -> Found {
        if let Ok(Some(Answer::Sinks(running))) = admin::send_for(dir, &Command::SinkStatus, PATIENCE) {
            return Found::running(dir.to_owned(), running);
        }
        let resting = Found::resting(dir.to_owned(), folder.sink_names().ok().flatten());
        resting.unwrap_or_else(|_| Found { dir: dir.to_owned(), sinks: Vec::new(), is_running: false })
    }

    /// Asks whoever knows. What stands in the way of the process's own words is said in `notes`.
    pub(super) fn look(folder: &Folder, notes: &mut dyn Write) -> anyhow::Result<Found> {
        let dir = folder.path()?;
        let command = Command::SinkStatus;
        let trouble = match admin::send_for(&dir, &command, PATIENCE) {
            Ok(Some(Answer::Sinks(running))) => return Ok(Found::running(dir, running)),
            Ok(None) => None,
            Ok(Some(_)) => Some("it is of another version".to_owned()),
            Err(error @ (ControlError::Words(_) | ControlError::Io { .. })) => Some(error.to_string()),
        };
        let found = Found::resting(dir, folder.sink_names()?)?;
        if let Some(trouble) = trouble {
            writeln!(
                notes,
                "The running inlay does not tell of its sinks: {trouble}. This is what stands in the ledger."
            )?;
        }
        Ok(found)
    }

    /// What a process tells of the sinks that it runs, and what the ledger knows besides.
    fn running(dir: PathBuf, mut sinks: Vec<Status>) -> Found {
        // What the process runs is what was asked for; others are told of where the ledger can be read.
        let stored = stored(&dir).unwrap_or_default();
        let is_there = |name: &str, sinks: &[Status]| sinks.iter().any(|sink| sink.name == name);
        for sink in stored {
            if !is_there(&sink.name, &sinks) {
                sinks.push(Status { state: State::Unnamed, ..sink });
            }
        }
        Found { dir, sinks, is_running: true }
    }

    /// What stands in the ledger; `named` is what the configuration names, where one was given.
    fn resting(dir: PathBuf, named: Option<Vec<(String, &'static str)>>) -> Result<Found, ReadError> {
        let stored = match (stored(&dir), &named) {
            // Sinks that have not started yet are sinks all the same.
            (Err(ReadError::None { .. }), Some(named)) if !named.is_empty() => Vec::new(),
            (stored, _) => stored?,
        };
        let Some(named) = named else { return Ok(Found { dir, sinks: stored, is_running: false }) };
        let mut left = stored;
        let mut sinks = Vec::with_capacity(named.len());
        for (name, kind) in named {
            let known = left.iter().position(|sink| sink.name == name).map(|at| left.remove(at));
            let sink = known.unwrap_or_else(|| Status { state: State::Off, ..Status::new(&name, kind) });
            sinks.push(Status { kind: kind.to_owned(), ..sink });
        }
        sinks.extend(left.into_iter().map(|sink| Status { state: State::Unnamed, ..sink }));
        Ok(Found { dir, sinks, is_running: false })
    }

    /// The sink of this name.
    pub(super) fn sink(&self, name: &str) -> Result<&Status, WrongSink> {
        self.sinks.iter().find(|sink| sink.name == name).ok_or_else(|| {
            let known: Vec<String> = self.sinks.iter().map(|sink| sink.name.clone()).collect();
            WrongSink::Unknown { name: name.to_owned(), hint: Hint::new(name, known) }
        })
    }

    /// The same, where it is to be told something.
    pub(super) fn sink_to_order(&self, name: &str) -> Result<&Status, WrongSink> {
        let sink = self.sink(name)?;
        match sink.state {
            State::Unnamed => Err(WrongSink::Unnamed { name: name.to_owned() }),
            _ => Ok(sink),
        }
    }

    /// A sink's place in the ledger, and who reads on from there.
    pub(super) fn place(&self, name: &str) -> anyhow::Result<(EventReader, Place)> {
        self.sink(name)?;
        let not_started = || NotStarted { name: name.to_owned() };
        let reader = match EventReader::open(&self.dir) {
            Err(ReadError::None { .. }) => return Err(not_started().into()),
            reader => reader?,
        };
        let place = reader.places()?.into_iter().find(|(known, _)| known == name);
        let (_, place) = place.ok_or_else(not_started)?;
        Ok((reader, place))
    }
}

fn stored(dir: &Path) -> Result<Vec<Status>, ReadError> {
    statuses(&EventReader::open(dir)?, now_ms())
}

impl Hint {
    fn new(name: &str, known: Vec<String>) -> Hint {
        let distance = |known: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase());
        let near = known.iter().map(|known| (distance(known), known));
        let nearest = near.filter(|(distance, known)| *distance <= (known.len() / 3).max(1)).min();
        Hint { nearest: nearest.map(|(_, known)| known.clone()), known }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean {nearest:?}?")?;
        }
        match self.known.as_slice() {
            [] => f.write_str(": there is none here"),
            [_] if self.nearest.is_some() => Ok(()),
            known if self.nearest.is_some() => write!(f, " The sinks here are: {}", known.join(", ")),
            known => write!(f, "; the sinks here are: {}", known.join(", ")),
        }
    }
}
