//! How the ledger is: what the writer last did, for `/ready` and the metrics.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
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
}

impl Health {
    pub(super) fn new(file: PathBuf) -> Health {
        let (rows, expired) = (AtomicU64::new(0), AtomicU64::new(0));
        Health { file, committed_ms: AtomicI64::new(i64::MIN), rows, expired, trouble: Mutex::new(None) }
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
        self.lock().clone()
    }

    pub(super) fn committed(&self, now_ms: i64, rows: u64) {
        self.committed_ms.store(now_ms, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Release);
    }

    pub(super) fn add_expired(&self, rows: u64) {
        self.expired.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn set_trouble(&self, words: Option<String>) {
        *self.lock() = words;
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
