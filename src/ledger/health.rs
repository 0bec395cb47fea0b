//! How the ledger is: what the writer last did, for `/ready` and the metrics.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The ledger's state, as the writer last left it.
#[derive(Debug)]
pub struct Health {
    file: PathBuf,
    /// `i64::MIN` before the first commit.
    committed_ms: AtomicI64,
    rows: AtomicU64,
    expired: AtomicU64,
    trouble: Mutex<Option<String>>,
    generation: AtomicU64,
    open: AtomicBool,
    loss: Mutex<Option<Loss>>,
}

/// A ledger that was lost while this process ran, or found damaged when it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loss {
    /// What happened and what to do, in words that name no folder.
    pub(super) words: String,
    /// Where the lost one is: it is spoken of as long as it is there.
    pub(super) aside: Option<PathBuf>,
}

impl Health {
    pub(super) fn new(file: PathBuf) -> Health {
        let (rows, expired, generation) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let (committed_ms, open) = (AtomicI64::new(i64::MIN), AtomicBool::new(false));
        let (trouble, loss) = (Mutex::new(None), Mutex::new(None));
        Health { file, committed_ms, rows, expired, trouble, generation, open, loss }
    }

    /// The ledger's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// When the last commit was synced, milliseconds since 1970; `None` before the first since the start.
    pub fn committed_ms(&self) -> Option<i64> {
        Some(self.committed_ms.load(Ordering::Relaxed)).filter(|ms| *ms != i64::MIN)
    }

    /// Events committed since the start.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Acquire)
    }

    /// Events deleted since the start because their site's `retention_days` had passed.
    pub fn expired(&self) -> u64 {
        self.expired.load(Ordering::Relaxed)
    }

    /// Why the ledger cannot be written at present, in words; `None` when all is well.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// Grows whenever the writer lets go of its files: who keeps a connection opens it anew then.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether this process has the ledger: its lock, and its file open.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// What an earlier file was lost by since the start, and what to do about it; `None` where none was, or where the file
    /// that was set aside is no longer there.
    pub fn loss(&self) -> Option<String> {
        let loss = lock(&self.loss).clone()?;
        loss.aside.is_none_or(|aside| aside.symlink_metadata().is_ok()).then_some(loss.words)
    }

    pub(super) fn opened(&self) {
        self.open.store(true, Ordering::Release);
    }

    pub(super) fn let_go(&self) {
        self.open.store(false, Ordering::Release);
        self.generation.fetch_add(1, Ordering::Release);
    }

    pub(super) fn set_loss(&self, loss: Loss) {
        *lock(&self.loss) = Some(loss);
    }

    pub(super) fn committed(&self, now_ms: i64, rows: u64) {
        self.committed_ms.store(now_ms, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Release);
    }

    pub(super) fn add_expired(&self, rows: u64) {
        self.expired.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn set_trouble(&self, words: Option<String>) {
        *lock(&self.trouble) = words;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
