//! What was not recorded, and why: counters that never go back, one for each site and reason.
//!
//! Read by the metrics as they are; the writer puts what was added since into the counts with its next commit. Rows that
//! expired are counted there already, by the transaction that deleted them (`rows::expire`).

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a hit was not recorded, or a row did not stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The lanes were full: the disk, or the writer, did not keep up.
    QueueFull,
    /// The commit failed, and failed again: a full disk, for instance.
    Ledger,
    /// The row was older than the site's `retention_days` and was deleted. Its counts stay.
    Retention,
    /// It came when the ledger was closing, or could not be committed any more.
    Shutdown,
}

/// Counters of what was dropped since the start.
#[derive(Debug)]
pub(in crate::ledger) struct Drops {
    /// By site, then by reason.
    sites: Box<[[AtomicU64; DropReason::ALL.len()]]>,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [DropReason; 4] =
        [DropReason::QueueFull, DropReason::Ledger, DropReason::Retention, DropReason::Shutdown];

    /// Those by which a hit never became a row.
    pub(in crate::ledger) const OF_HITS: [DropReason; 3] =
        [DropReason::QueueFull, DropReason::Ledger, DropReason::Shutdown];

    /// The word in the metric, the log and the statistics.
    pub fn word(self) -> &'static str {
        match self {
            DropReason::QueueFull => "queue-full",
            DropReason::Ledger => "ledger",
            DropReason::Retention => "retention",
            DropReason::Shutdown => "shutdown",
        }
    }
}

impl Drops {
    pub(in crate::ledger) fn new(sites: usize) -> Drops {
        Drops { sites: (0..sites).map(|_| Default::default()).collect() }
    }

    /// Adds to a counter; a site that does not exist is not counted.
    pub(in crate::ledger) fn add(&self, site: usize, reason: DropReason, n: u64) {
        if let Some(counter) = self.counter(site, reason) {
            counter.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// How many were dropped since the start.
    pub(super) fn get(&self, site: usize, reason: DropReason) -> u64 {
        self.counter(site, reason).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// How many were dropped for a reason since the start, of all sites.
    pub(in crate::ledger) fn total(&self, reason: DropReason) -> u64 {
        (0..self.sites.len()).map(|site| self.get(site, reason)).sum()
    }

    /// A site's dropped hits, in the order of [`DropReason::OF_HITS`].
    pub(in crate::ledger) fn of_site(&self, site: usize) -> [u64; DropReason::OF_HITS.len()] {
        DropReason::OF_HITS.map(|reason| self.get(site, reason))
    }

    fn counter(&self, site: usize, reason: DropReason) -> Option<&AtomicU64> {
        self.sites.get(site)?.get(reason as usize)
    }
}
