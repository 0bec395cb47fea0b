//! What the process looks like at one moment, in plain numbers: `app` fills it in, health, metrics and page write it down.

use std::net::IpAddr;
use std::time::Duration;

use crate::inject::Outcome;
use crate::ledger::DropReason;
use crate::sink::Status;

/// Where the process stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not every listener is open yet.
    Starting,
    /// Visitors are answered.
    Serving,
    /// New connections are refused, answers in hand are finished.
    Stopping,
}

/// Whether views reach the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recording {
    /// They do.
    Works,
    /// They do not: why, in words. They are shown to everybody who can reach `/ready`, so they name no path.
    Fails(String),
}

/// The process at one moment. Counters count from its start.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Where it stands in its life.
    pub phase: Phase,
    /// Its start, in seconds since 1970.
    pub started_s: f64,
    /// Whether views reach the disk.
    pub recording: Recording,
    /// What became of an earlier file of the ledger, where one was lost since the start; in words for everybody, as above.
    pub ledger_lost: Option<String>,
    /// Time since the last commit of the ledger; `None` before the first.
    pub last_commit: Option<Duration>,
    /// Events that a sync has made durable.
    pub events_committed: u64,
    /// Requests whose answer is not finished.
    pub requests_in_hand: u64,
    /// Requests for a host that no site has.
    pub requests_unknown_host: u64,
    /// A peer with a private address that sends `X-Forwarded-*` or `Forwarded` and is not in `trusted_proxies`, seen lately.
    pub untrusted_forwarder: Option<IpAddr>,
    /// The sites, in the configuration's order.
    pub sites: Vec<SiteNumbers>,
    /// The sinks, in the configuration's order.
    pub sinks: Vec<Status>,
}

/// What was counted for one site.
#[derive(Debug, Clone)]
pub struct SiteNumbers {
    /// The site's name.
    pub name: String,
    /// Requests that were for it.
    pub requests: u64,
    /// Pages by final word, at [`Outcome::code`].
    pub pages: [u64; Outcome::COUNT],
    /// What would have become of pages in shadow, at [`Outcome::code`].
    pub shadow: [u64; Outcome::COUNT],
    /// The time that shadow took, in seconds.
    pub shadow_s: f64,
    /// Events that were dropped, in the order of [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Failures of the origin, by kind: every kind, also those not met.
    pub origin_errors: Vec<(&'static str, u64)>,
}
