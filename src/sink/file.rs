//! `file`: NDJSON in a folder, each event exactly once.
//!
//! The file that is written, and how long it is, are the sink's state: they are written down in the ledger with the cursor. A
//! batch is appended behind that length and synced before the cursor moves; so after a crash, and after a failed write, the file
//! goes back to that length, and the same batch is appended again. A file is begun (empty) before the batch that names it is
//! written down, so that none with events is ever unknown.
//!
//! A closed file is compressed where the owner wants that, on a thread of its own. It is hidden first (`.NAME.closing`) and the
//! result appears by a rename: nobody who reads `*.ndjson` and `*.ndjson.gz` sees an event twice, at any moment.
//!
//! Files are named `SINK-TIME-SEQ.ndjson`; others in the folder are left alone. One process writes a sink's files: it holds the
//! lock of `.SINK.lock`.

mod back;
mod close;
mod name;
#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::backend::{Backend, Sending, Unfinished};
use super::fault::{Delivery, Fault};
use crate::config;
use close::Closing;

/// Rights of files and of the folder, where it is made here: the owner's, and for reading the group's.
const FILE_MODE: u32 = 0o640;
const FOLDER_MODE: u32 = 0o750;

pub(super) struct FileSink {
    name: String,
    config: config::FileSink,
    state: Option<State>,
    /// Whether the state differs from what is written down.
    changed: bool,
    /// Closed by what was prepared; put aside once that is written down.
    outgoing: Vec<String>,
    closing: Closing,
    lock: Option<File>,
}

/// What is written down with the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    file: String,
    bytes: u64,
    /// When it was begun, milliseconds since 1970.
    since_ms: i64,
}

impl FileSink {
    pub(super) fn new(name: &str, config: &config::FileSink) -> FileSink {
        FileSink {
            name: name.to_owned(),
            config: config.clone(),
            state: None,
            changed: false,
            outgoing: Vec::new(),
            closing: Closing::new(name, config.folder.clone(), config.gzip),
            lock: None,
        }
    }

    /// Makes the folder and takes the lock of this sink's files. `Err` where another process has it.
    fn take_folder(&mut self) -> io::Result<Result<(), String>> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.config.folder)?;
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(FILE_MODE).open(self.lock_path())?;
        match lock.try_lock() {
            Ok(()) => self.lock = Some(lock),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {
                let folder = self.config.folder.display();
                return Ok(Err(format!(
                    "another process writes this sink's files in {folder}: give each a folder, or a name, of its own"
                )));
            }
        }
        Ok(Ok(()))
    }

    fn lock_path(&self) -> PathBuf {
        self.config.folder.join(format!(".{}.lock", self.name))
    }

    /// Begins a file of a name that nothing has, and syncs the folder, so that it is there after a crash as well.
    fn begin(&mut self, first_seq: i64, now_ms: i64) -> io::Result<()> {
        // Where somebody has taken the folder away, the lock went with it.
        if self.lock.is_none() || !self.lock_path().exists() {
            self.lock = None;
            self.take_folder()?.map_err(io::Error::other)?;
        }
        self.trim()?;
        let folder = &self.config.folder;
        for file in name::candidates(&self.name, now_ms, first_seq) {
            if self.closing.knows(&file) {
                continue;
            }
            match OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(folder.join(&file)) {
                Ok(_empty) => {
                    File::open(folder)?.sync_all()?;
                    self.leave(Some(State { file, bytes: 0, since_ms: now_ms }));
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Leaves the present file for the next one, or for none.
    fn leave(&mut self, next: Option<State>) {
        if let Some(old) = std::mem::replace(&mut self.state, next) {
            self.outgoing.push(old.file);
        }
        self.changed = true;
    }

    fn is_due(&self, now_ms: i64) -> bool {
        let rotation = &self.config.rotation;
        self.state.as_ref().is_some_and(|state| {
            let age_ms = now_ms.saturating_sub(state.since_ms).max(0).unsigned_abs();
            state.bytes > 0 && (state.bytes >= rotation.bytes || u128::from(age_ms) >= rotation.after.as_millis())
        })
    }

    /// Appends behind the known length, whatever a failed attempt has left there.
    fn append(&mut self, body: &[u8]) -> io::Result<()> {
        let Some(state) = &mut self.state else { return Err(io::Error::other("no file was begun")) };
        // By its name each time: somebody may have moved, deleted or exchanged it, and what was open would take what nobody
        // finds again.
        let mut file = OpenOptions::new().write(true).open(self.config.folder.join(&state.file))?;
        let there = file.metadata()?.len();
        if there < state.bytes {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} was cut by somebody", state.file)));
        }
        if there > state.bytes {
            file.set_len(state.bytes)?;
        }
        file.seek(SeekFrom::Start(state.bytes))?;
        file.write_all(body)?;
        file.sync_data()?;
        state.bytes += body.len() as u64;
        Ok(())
    }

    /// Forgets a file that was lost or cut: what follows begins a new one.
    fn lose(&mut self, why: &io::Error) {
        if let Some(State { file, bytes, .. }) = self.state.take() {
            let sink = &self.name;
            tracing::error!(sink, file, bytes, %why, "a sink's file is not as it was left; a new one is begun");
        }
        self.changed = true;
    }

    fn written(&self) -> String {
        // Texts and numbers: their JSON has no way to fail.
        self.state.as_ref().and_then(|state| serde_json::to_string(state).ok()).unwrap_or_default()
    }

    fn words(&self, error: &io::Error) -> String {
        format!("the folder {} cannot be written: {error}", self.config.folder.display())
    }
}

impl Backend for FileSink {
    fn resume(&mut self, state: &str, unfinished: &Unfinished) -> Result<(), String> {
        self.state = serde_json::from_str(state).ok();
        self.changed = false;
        self.outgoing.clear();
        if self.lock.is_none() {
            self.take_folder().map_err(|error| self.words(&error))??;
        }
        self.closing.tidy(self.state.as_ref().map(|state| state.file.as_str()));
        self.cut_back(unfinished).map_err(|error| self.words(&error))
    }

    fn prepare(&mut self, first_seq: i64, now_ms: i64) -> Result<Option<String>, String> {
        if self.state.is_none() || self.is_due(now_ms) {
            self.begin(first_seq, now_ms).map_err(|error| self.words(&error))?;
        }
        Ok(self.changed.then(|| self.written()))
    }

    fn prepared(&mut self) {
        self.changed = false;
        for file in self.outgoing.drain(..) {
            self.closing.close(&file);
        }
    }

    fn deliver(&mut self, sending: &Sending<'_>) -> Delivery {
        let Err(error) = self.append(sending.body) else { return Delivery::Accepted };
        if error.kind() == io::ErrorKind::NotFound {
            self.lose(&error);
        }
        Delivery::Failed(Fault::Again { why: self.words(&error), after: None })
    }

    fn state(&self) -> Option<String> {
        Some(self.written())
    }

    fn abandon(&mut self) {
        if let Err(error) = self.trim() {
            tracing::warn!(sink = self.name, %error, "what a failed attempt has left in a file could not be taken back");
        }
    }

    fn idle(&mut self, now_ms: i64) -> Option<String> {
        if self.is_due(now_ms) && self.trim().is_ok() {
            self.leave(None);
        }
        self.changed.then(|| self.written())
    }
}
