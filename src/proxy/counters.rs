//! What the proxy counts for the metrics: relaxed atomics, no labels but the site and a closed list.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::inject::Outcome;

/// Why an origin gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginFault {
    /// Its name has no address.
    Unresolved,
    /// No connection.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection ended or spoke no HTTP.
    Broken,
}

impl OriginFault {
    /// Every fault, in the order of [`Counters::origin_faults`].
    pub const ALL: [OriginFault; 5] =
        [OriginFault::Unresolved, OriginFault::Connect, OriginFault::Tls, OriginFault::Timeout, OriginFault::Broken];

    /// The word in metrics and logs.
    pub fn word(self) -> &'static str {
        match self {
            OriginFault::Unresolved => "unresolved",
            OriginFault::Connect => "connect",
            OriginFault::Tls => "tls",
            OriginFault::Timeout => "timeout",
            OriginFault::Broken => "broken",
        }
    }
}

/// One site's counts since the start.
#[derive(Debug)]
struct SiteCounts {
    requests: AtomicU64,
    pages: [AtomicU64; Outcome::COUNT],
    /// In shadow: what would have become of the page, and the time that it took, in nanoseconds.
    shadow: [AtomicU64; Outcome::COUNT],
    shadow_ns: AtomicU64,
    origin_faults: [AtomicU64; OriginFault::ALL.len()],
}

impl Default for SiteCounts {
    fn default() -> Self {
        SiteCounts {
            requests: AtomicU64::new(0),
            pages: [const { AtomicU64::new(0) }; _],
            shadow: [const { AtomicU64::new(0) }; _],
            shadow_ns: AtomicU64::new(0),
            origin_faults: [const { AtomicU64::new(0) }; _],
        }
    }
}

/// All counts of the proxy since the start. Sites by their place in the configuration.
#[derive(Debug)]
pub struct Counters {
    sites: Box<[SiteCounts]>,
    unknown_host: AtomicU64,
    in_hand: AtomicI64,
    /// The untrusted private peer that sent forwarding fields last, and when (milliseconds since 1970).
    untrusted_forwarder: Mutex<Option<(IpAddr, i64)>>,
}

/// For so long an untrusted forwarder is shown, and so long the log is not told again.
const FORWARDER_SHOWN_MS: i64 = 10 * 60_000;
const FORWARDER_LOGGED_MS: i64 = 60_000;

impl Counters {
    /// Counters for so many sites.
    pub fn new(sites: usize) -> Self {
        Counters {
            sites: (0..sites).map(|_| SiteCounts::default()).collect(),
            unknown_host: AtomicU64::new(0),
            in_hand: AtomicI64::new(0),
            untrusted_forwarder: Mutex::new(None),
        }
    }

    /// Pages of a site by [`Outcome::code`].
    pub fn pages(&self, site: usize) -> impl Iterator<Item = (Outcome, u64)> {
        by_outcome(self.sites.get(site).map(|counts| counts.pages.as_slice()).unwrap_or_default())
    }

    /// What would have become of a site's pages in shadow, by [`Outcome::code`].
    pub fn shadow(&self, site: usize) -> impl Iterator<Item = (Outcome, u64)> {
        by_outcome(self.sites.get(site).map(|counts| counts.shadow.as_slice()).unwrap_or_default())
    }

    /// The time that shadow took for a site's pages.
    pub fn shadow_time(&self, site: usize) -> Duration {
        Duration::from_nanos(self.sites.get(site).map_or(0, |counts| counts.shadow_ns.load(Ordering::Relaxed)))
    }

    /// Answers that a site's origin did not give, by fault.
    pub fn origin_faults(&self, site: usize) -> impl Iterator<Item = (OriginFault, u64)> {
        let faults = self.sites.get(site).map(|counts| counts.origin_faults.as_slice()).unwrap_or_default();
        OriginFault::ALL.into_iter().zip(faults).map(|(fault, n)| (fault, n.load(Ordering::Relaxed)))
    }

    /// Requests that were for a site.
    pub fn requests(&self, site: usize) -> u64 {
        self.sites.get(site).map_or(0, |counts| counts.requests.load(Ordering::Relaxed))
    }

    /// Requests for a host that no site has.
    pub fn unknown_host(&self) -> u64 {
        self.unknown_host.load(Ordering::Relaxed)
    }

    /// Requests whose answer is not done.
    pub fn in_hand(&self) -> u64 {
        u64::try_from(self.in_hand.load(Ordering::Acquire)).unwrap_or_default()
    }

    /// A peer with a private address that is not trusted and sent forwarding fields in the last minutes.
    pub fn untrusted_forwarder(&self, now_ms: i64) -> Option<IpAddr> {
        let noted = self.untrusted_forwarder.try_lock().ok().and_then(|noted| *noted);
        noted.filter(|(_, at)| now_ms - at < FORWARDER_SHOWN_MS).map(|(peer, _)| peer)
    }

    pub(super) fn count_request(&self, site: Option<usize>) {
        let n = match site {
            Some(site) => self.sites.get(site).map(|counts| &counts.requests),
            None => Some(&self.unknown_host),
        };
        if let Some(n) = n {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn count_page(&self, site: usize, outcome: Outcome) {
        if let Some(n) = self.sites.get(site).and_then(|counts| counts.pages.get(usize::from(outcome.code()))) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn count_shadow(&self, site: usize, outcome: Outcome, spent: Duration) {
        let Some(counts) = self.sites.get(site) else { return };
        if let Some(n) = counts.shadow.get(usize::from(outcome.code())) {
            n.fetch_add(1, Ordering::Relaxed);
        }
        counts.shadow_ns.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn count_fault(&self, site: usize, fault: OriginFault) {
        if let Some(n) = self.sites.get(site).and_then(|counts| counts.origin_faults.get(fault as usize)) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes an untrusted forwarder; true where the log was not told for a minute. Never waits: another thread that notes
    /// one at this moment is enough.
    pub(super) fn note_untrusted_forwarder(&self, peer: IpAddr, now_ms: i64) -> bool {
        let Ok(mut noted) = self.untrusted_forwarder.try_lock() else { return false };
        let due = noted.is_none_or(|(_, at)| now_ms - at >= FORWARDER_LOGGED_MS);
        if due {
            *noted = Some((peer, now_ms));
        }
        due
    }
}

/// Counts by the place of their outcome.
fn by_outcome(counts: &[AtomicU64]) -> impl Iterator<Item = (Outcome, u64)> {
    (0u8..).zip(counts).filter_map(|(code, n)| Some((Outcome::from_code(code)?, n.load(Ordering::Relaxed))))
}

/// One request in hand, until it is dropped: also when its task is cancelled or panics.
#[derive(Debug)]
pub(super) struct InHand(std::sync::Arc<Counters>);

impl InHand {
    pub(super) fn new(counters: &std::sync::Arc<Counters>) -> Self {
        counters.in_hand.fetch_add(1, Ordering::AcqRel);
        InHand(counters.clone())
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.in_hand.fetch_sub(1, Ordering::AcqRel);
    }
}
