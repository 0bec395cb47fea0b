//! `[[sink]]` and `[sink.fields]` as they stand in the file. Keys of one kind alone have no value where they do not stand, so
//! that one which stands in a sink of another kind is seen.

use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

use crate::config::marked::{Marked, Texts};
#[cfg(test)]
use crate::config::schema::or_env;
use crate::config::sink::EventKind;

/// A storage backend that events are forwarded to.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[cfg_attr(test, schemars(extend("required" = ["name", "kind"])))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Sink {
    /// Its name in messages and commands. How far it has come is kept under its name.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) name: Option<Marked<String>>,
    /// What it forwards to.
    #[cfg_attr(test, schemars(with = "Kind"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) kind: Option<Marked<Kind>>,
    /// The names of the sites whose events it gets; none: all sites.
    pub(in crate::config) sites: Vec<Marked<String>>,
    /// The kinds of events that it gets; none: all kinds.
    pub(in crate::config) events: Vec<EventKind>,
    /// Where it begins when it is new: `now`, `start` (all that is recorded), or a time such as `2026-11-01` (in UTC) or
    /// `2026-11-01T08:00:00+01:00`.
    pub(in crate::config) from: Marked<String>,
    /// A batch is sent as soon as it has so many events.
    #[cfg_attr(test, schemars(range(min = 1, max = 100_000)))]
    pub(in crate::config) batch_events: u32,
    /// A batch is sent as soon as it has so many bytes of JSON.
    #[cfg_attr(test, schemars(range(min = 1_000, max = 67_108_864)))]
    pub(in crate::config) batch_bytes: u32,
    /// A batch is sent as soon as its first event has waited so many seconds.
    #[cfg_attr(test, schemars(range(min = 0, max = 3600)))]
    pub(in crate::config) batch_secs: u32,
    /// The longest pause between two attempts, in seconds.
    #[cfg_attr(test, schemars(range(min = 1, max = 86_400)))]
    pub(in crate::config) retry_secs: u32,
    /// How many bytes of events may wait for it in the ledger.
    #[cfg_attr(test, schemars(range(min = 1_048_576)))]
    pub(in crate::config) hold_bytes: u64,
    /// What of an event is sent.
    pub(in crate::config) fields: Fields,
    /// `file`: the folder of its files.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) path: Option<Marked<String>>,
    /// `file`: a file is closed when it has so many bytes; 100,000,000 where this does not stand.
    #[cfg_attr(test, schemars(with = "u64", range(min = 1_000, max = 1_099_511_627_776_i64)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) rotate_bytes: Option<Marked<u64>>,
    /// `file`: a file is closed when it was begun so many seconds ago; 3600 where this does not stand.
    #[cfg_attr(test, schemars(with = "u32", range(min = 1, max = 2_592_000)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) rotate_secs: Option<Marked<u32>>,
    /// `file`: whether closed files are compressed, `true` where this does not stand. `http`: whether bodies are, `false`
    /// where this does not stand.
    #[cfg_attr(test, schemars(with = "bool"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) gzip: Option<Marked<bool>>,
    /// `http`: where batches are posted.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) url: Option<Marked<String>>,
    /// `http`: headers that are sent with each batch.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) headers: Option<Marked<Texts>>,
    /// `http`: the secret that batches are signed with, at least 16 characters.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) sign: Option<Marked<String>>,
    /// `http`: how long one delivery may take, in seconds; 30 where this does not stand.
    #[cfg_attr(test, schemars(with = "u32", range(min = 1, max = 600)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) timeout_secs: Option<Marked<u32>>,
}

/// What a sink forwards to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema), schemars(rename = "SinkKind", transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Kind {
    /// NDJSON files in a folder.
    File,
    /// NDJSON, posted.
    Http,
    /// NDJSON on standard output.
    Stdout,
}

/// What of an event is sent. `v` and `id` always are.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Fields {
    /// These fields alone; none: all.
    pub(in crate::config) keep: Vec<Marked<String>>,
    /// All fields but these.
    pub(in crate::config) drop: Vec<Marked<String>>,
    /// From a field's name to the one that it is sent under.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub(in crate::config) rename: Texts,
    /// Fields whose value is sent as its keyed hash (HMAC-SHA256).
    pub(in crate::config) hash: Vec<Marked<String>>,
    /// The key of the hashes, at least 16 characters.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) hash_key: Option<Marked<String>>,
}

impl Kind {
    /// The word in the file.
    pub(in crate::config) fn word(self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Http => "http",
            Kind::Stdout => "stdout",
        }
    }
}

impl Default for Sink {
    fn default() -> Self {
        Sink {
            name: None,
            kind: None,
            sites: Vec::new(),
            events: Vec::new(),
            from: "now".into(),
            batch_events: 1_000,
            batch_bytes: 1_000_000,
            batch_secs: 1,
            retry_secs: 300,
            hold_bytes: 10 * 1024 * 1024 * 1024,
            fields: Fields::default(),
            path: None,
            rotate_bytes: None,
            rotate_secs: None,
            gzip: None,
            url: None,
            headers: None,
            sign: None,
            timeout_secs: None,
        }
    }
}
