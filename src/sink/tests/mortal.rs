//! A file backend that dies at a chosen point: of the ledger and of its folder an image is taken as they stand at that moment,
//! and the next life begins with that.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::super::backend::{Backend, Sending};
use super::super::fault::{Delivery, Fault};
use super::super::file::FileSink;
use crate::ledger::Ledger;

/// Where it is to die, and how far it got in writing.
#[derive(Debug, Default)]
pub(super) struct Fortune {
    /// After so many points, if at all.
    pub(super) left: Option<u32>,
    /// How many bytes of a batch the last write leaves behind, and those of an attempt that fails.
    pub(super) torn: usize,
    /// The next attempts that fail, half written.
    pub(super) failing: u32,
    pub(super) is_dead: bool,
}

pub(super) struct Mortal {
    pub(super) inner: FileSink,
    pub(super) ledger: Arc<Ledger>,
    pub(super) fortune: Arc<Mutex<Fortune>>,
    /// The folder of this life, and of the next one.
    pub(super) here: PathBuf,
    pub(super) next: PathBuf,
}

impl Mortal {
    /// One of the points between two effects. Returns whether it died here.
    fn point(&mut self) -> bool {
        let mut fortune = self.fortune.lock().expect("nobody panicked");
        let Some(left) = fortune.left.filter(|_| !fortune.is_dead) else { return false };
        fortune.left = Some(left.saturating_sub(1));
        if left > 0 {
            return false;
        }
        fortune.is_dead = true;
        drop(fortune);
        self.take_image();
        true
    }

    /// Takes it while nothing is written and nothing is being closed.
    fn take_image(&mut self) {
        self.inner.wait_for_closing();
        let (from, to) = (self.here.clone(), self.next.clone());
        self.ledger.still(move || copy(&from, &to)).expect("an image is taken");
    }

    /// Writes a piece of a batch behind what the state says, as an append that ended in the middle.
    fn tear(&self, folder: &Path, body: &[u8], torn: usize) {
        let state: serde_json::Value =
            serde_json::from_str(&self.inner.state().unwrap_or_default()).unwrap_or_default();
        let Some(file) = state.get("file").and_then(|file| file.as_str()) else { return };
        let mut file = OpenOptions::new().append(true).open(folder.join("events").join(file)).expect("it opens");
        file.set_len(state.get("bytes").and_then(|bytes| bytes.as_u64()).expect("a length")).expect("it is cut");
        file.write_all(&body[..torn.min(body.len())]).expect("it is written");
    }
}

/// Copies a life, but for what is only about who has it open.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.join("events"))?;
    for name in ["ledger.db", "ledger.db-wal"] {
        match fs::copy(from.join(name), to.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for entry in fs::read_dir(from.join("events"))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join("events").join(entry.file_name()))?;
    }
    Ok(())
}

impl Backend for Mortal {
    fn resume(&mut self, state: &str) -> Result<(), String> {
        self.inner.resume(state)?;
        self.point();
        Ok(())
    }

    fn prepare(&mut self, first_seq: i64, now_ms: i64) -> Result<Option<String>, String> {
        self.point();
        let state = self.inner.prepare(first_seq, now_ms);
        self.point();
        state
    }

    fn prepared(&mut self) {
        self.point();
        self.inner.prepared();
        self.point();
    }

    fn deliver(&mut self, sending: &Sending<'_>) -> Delivery {
        let (failing, torn) = {
            let mut fortune = self.fortune.lock().expect("nobody panicked");
            let failing = fortune.failing > 0;
            fortune.failing = fortune.failing.saturating_sub(1);
            (failing, fortune.torn)
        };
        if self.point() {
            self.tear(&self.next, sending.body, torn);
        }
        if failing {
            self.tear(&self.here, sending.body, torn);
            return Delivery::Failed(Fault::Again { why: "the disk is full".into(), after: None });
        }
        let delivery = self.inner.deliver(sending);
        self.point();
        delivery
    }

    fn state(&self) -> Option<String> {
        self.inner.state()
    }

    fn idle(&mut self, now_ms: i64) -> Option<String> {
        let state = self.inner.idle(now_ms);
        self.point();
        state
    }
}
