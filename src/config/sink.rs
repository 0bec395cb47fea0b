//! `[[sink]]`: where events go, which ones, and how. The checked types, whose `Debug` shows no secret; below them step two.

mod begin;
mod fields;
mod http;
mod resolve;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ::http::{HeaderName, HeaderValue};
use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

#[cfg(test)]
use super::schema::or_env;

/// A storage backend that events are forwarded to.
#[derive(Debug, Clone)]
pub struct Sink {
    /// Its name: its cursor in the ledger is of this name.
    pub name: String,
    /// What it forwards to.
    pub backend: Backend,
    /// Names of the sites whose events it gets; empty: all.
    pub sites: Vec<String>,
    /// The kinds of events that it gets; empty: all.
    pub events: Vec<EventKind>,
    /// Where it begins when it is new.
    pub begin: Begin,
    /// When a batch is sent.
    pub batch: BatchLimits,
    /// What of an event is sent.
    pub fields: Fields,
    /// The longest pause between two attempts.
    pub retry_most: Duration,
    /// How many bytes of events it may hold back.
    pub hold_bytes: u64,
}

/// What a sink forwards to.
#[derive(Debug, Clone)]
pub enum Backend {
    /// NDJSON files in a folder.
    File(FileSink),
    /// POST of NDJSON.
    Http(HttpSink),
    /// Standard output.
    Stdout,
}

/// `kind = "file"`.
#[derive(Debug, Clone)]
pub struct FileSink {
    /// The folder of its files.
    pub folder: PathBuf,
    /// When a file is closed and the next one begun.
    pub rotation: Rotation,
    /// Whether a closed file is compressed.
    pub gzip: bool,
}

/// When a file is closed: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// It has so many bytes.
    pub bytes: u64,
    /// It was begun so long ago.
    pub after: Duration,
}

/// `kind = "http"`.
#[derive(Clone)]
pub struct HttpSink {
    /// Where batches are posted: `http` or `https`, without user name and fragment.
    pub url: String,
    /// Headers of the owner's, such as `Authorization`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether bodies are compressed.
    pub gzip: bool,
    /// The secret that bodies are signed with.
    pub sign: Option<String>,
    /// How long one delivery may take.
    pub timeout: Duration,
}

/// A kind of event that a sink may be held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// One page shown to one visitor.
    View,
}

/// Where a new sink begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Begin {
    /// With what is recorded from now on.
    Now,
    /// With all that the ledger holds.
    Start,
    /// With events of this time and later, milliseconds since 1970.
    At(i64),
}

/// As `from` has it: `now`, `start`, a date (its midnight in UTC), or a time with its offset.
impl FromStr for Begin {
    type Err = String;

    fn from_str(written: &str) -> Result<Begin, String> {
        begin::begin(written)
    }
}

/// When a batch is sent: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// It has so many events.
    pub events: usize,
    /// It has so many bytes of JSON.
    pub bytes: usize,
    /// Its first event has waited so long.
    pub wait: Duration,
}

/// What of an event's JSON is sent. `v` and `id` always are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// These alone; empty: all.
    pub keep: Vec<String>,
    /// All but these.
    pub drop: Vec<String>,
    /// From a field's name to the one that it is sent under.
    pub rename: BTreeMap<String, String>,
    /// Fields whose value is sent as its keyed hash.
    pub hash: Vec<String>,
    /// The key of the hashes; there where `hash` is not empty.
    pub key: Option<String>,
}

impl Sink {
    /// Whether it gets a site's events.
    pub fn wants_site(&self, name: &str) -> bool {
        self.sites.is_empty() || self.sites.iter().any(|site| site == name)
    }
}

impl Backend {
    /// The word of its kind.
    pub fn word(&self) -> &'static str {
        match self {
            Backend::File(_) => "file",
            Backend::Http(_) => "http",
            Backend::Stdout => "stdout",
        }
    }
}

/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";

/// Without the values of headers, the secret, and the URL's path and query, in which services want tokens.
impl fmt::Debug for HttpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HttpSink")
            .field("url", &self.url.split('/').take(3).collect::<Vec<_>>().join("/"))
            .field("headers", &names)
            .field("gzip", &self.gzip)
            .field("sign", &self.sign.as_ref().map(|_| HIDDEN))
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Without the key.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields")
            .field("keep", &self.keep)
            .field("drop", &self.drop)
            .field("rename", &self.rename)
            .field("hash", &self.hash)
            .field("key", &self.key.as_ref().map(|_| HIDDEN))
            .finish()
    }
}
