//! The configuration as it stands in the file: what serde reads after `walk` has seen that every key and type is right.
//!
//! These types are also the source of `config/schema.json` (docs become descriptions), which `walk` checks files against
//! and editors complete with. Values are still texts with a place; `resolve` turns them into the checked types.

mod sink;
mod tag;

use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

use super::marked::Marked;
#[cfg(test)]
use super::schema::or_env;
use super::types::{Compress, Csp, Identity, InFront, LogFormat, Mode};
pub(super) use sink::{Fields, Kind as SinkKind, Sink};
pub(super) use tag::{Needs, Snippet, Tag, When};

/// Inlay's configuration file. Any text may be `env:NAME`, the value of an environment variable. Relative paths start in
/// the folder of the file they stand in.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema), schemars(title = "inlay.toml"))]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    /// More files with `[[site]]` in them, such as `sites.d/*.toml`: `*` and `?` may stand in the file name.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sites: Option<Marked<String>>,
    /// What belongs to the process: listeners, folders, trust.
    pub(super) server: Server,
    /// The web sites.
    pub(super) site: Vec<Site>,
    /// The storage backends that events are forwarded to.
    pub(super) sink: Vec<Sink>,
}

/// What belongs to the process: listeners, folders, trust.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Server {
    /// Where visitors connect: addresses with a port, such as `0.0.0.0:80` or `[::]:80`.
    pub(super) listen: Marked<Vec<Marked<String>>>,
    /// Where the owner connects: statistics, metrics, health.
    pub(super) admin: Marked<String>,
    /// The folder of the ledger; it is made where it does not exist.
    pub(super) data: Marked<String>,
    /// Networks whose `X-Forwarded-*` headers are believed.
    pub(super) trusted_proxies: Vec<Marked<String>>,
    /// Host names, besides addresses and `localhost`, under which the owner's listener may be asked.
    pub(super) admin_hosts: Vec<Marked<String>>,
    /// How long a stop waits for answers in hand, in seconds.
    #[cfg_attr(test, schemars(range(min = 0, max = 3600)))]
    pub(super) drain_secs: u32,
    /// How log lines look.
    pub(super) log: LogFormat,
    /// Whether each request writes a line, without address and query.
    pub(super) access_log: bool,
}

/// One web site.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[cfg_attr(test, schemars(extend("required" = ["name", "hosts", "origin"])))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Site {
    /// Its name in statistics, logs and events: letters, digits, `-`, `_` and `.`.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Marked<String>>,
    /// The hosts that are this site, without port; `*` takes every host that no other site has.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hosts: Option<Marked<Vec<Marked<String>>>>,
    /// The site's own server: `http://` or `https://`, a name or an address, and a port where it is not the usual one.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<Marked<String>>,
    /// The path below which Inlay itself answers.
    pub(super) prefix: Marked<String>,
    /// The `Host` that the origin is sent: `keep` (the visitor's), `origin` (its own, and `Location` is mapped back), or a
    /// name.
    pub(super) host: Marked<String>,
    /// `false`: no page of the site is tagged. Or the owner's snippets, as `[[site.tag]]` tables.
    pub(super) tag: Tag,
    /// The paths whose pages are tagged: `?` is one character, `*` any within a segment, `**` any at all.
    pub(super) paths: Marked<Vec<Marked<String>>>,
    /// The paths among them whose pages are not tagged.
    pub(super) not_paths: Vec<Marked<String>>,
    /// The query keys that stay in a recorded path; all others are forgotten.
    pub(super) keep_query: Vec<Marked<String>>,
    /// The time zone in which the site's day begins, such as `Europe/Berlin`.
    pub(super) timezone: Marked<String>,
    /// What stands between the visitors and Inlay.
    pub(super) in_front: InFront,
    /// In which content coding tagged pages are sent.
    pub(super) compress: Compress,
    /// What is done where the site's own policies would block a tag.
    pub(super) csp: Csp,
    /// Whether tagged pages are sent, or only worked out.
    pub(super) mode: Mode,
    /// How many of a hundred views are tagged.
    #[cfg_attr(test, schemars(range(min = 0, max = 100)))]
    pub(super) percent: u8,
    /// How long the origin may be silent, in seconds.
    #[cfg_attr(test, schemars(range(min = 1, max = 3600)))]
    pub(super) origin_timeout_secs: u32,
    /// What is recorded and honoured.
    pub(super) privacy: Privacy,
}

/// What is recorded and honoured.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Privacy {
    /// How visitors are told apart.
    pub(super) identity: Identity,
    /// The signals that are a no; the opt-out cookie always is one.
    pub(super) honor: Vec<Signal>,
    /// After so many days a recorded view is deleted; counts stay.
    #[cfg_attr(test, schemars(range(min = 1, max = 3650)))]
    pub(super) retention_days: u32,
    /// Shown on the visitor's page: whom to ask.
    pub(super) contact: Marked<String>,
    /// Whether `/.well-known/gpc.json` is answered for the whole site, where `honor` has `gpc`.
    pub(super) gpc_json: bool,
}

/// A signal of the visitor's browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Signal {
    /// `Sec-GPC: 1`.
    Gpc,
    /// `DNT: 1`.
    Dnt,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            listen: list("127.0.0.1:8080"),
            admin: "127.0.0.1:9180".into(),
            data: "data".into(),
            trusted_proxies: vec!["127.0.0.0/8".into(), "::1".into()],
            admin_hosts: Vec::new(),
            drain_secs: 30,
            log: LogFormat::Text,
            access_log: false,
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        Site {
            name: None,
            hosts: None,
            origin: None,
            prefix: "/_inlay".into(),
            host: "keep".into(),
            tag: Tag::Switch(true),
            paths: list("/**"),
            not_paths: Vec::new(),
            keep_query: Vec::new(),
            timezone: "UTC".into(),
            in_front: InFront::Unknown,
            compress: Compress::Pass,
            csp: Csp::Adapt,
            mode: Mode::Live,
            percent: 100,
            origin_timeout_secs: 60,
            privacy: Privacy::default(),
        }
    }
}

impl Default for Privacy {
    fn default() -> Self {
        Privacy {
            identity: Identity::Cookieless,
            honor: vec![Signal::Gpc, Signal::Dnt],
            retention_days: 90,
            contact: "".into(),
            gpc_json: false,
        }
    }
}

pub(super) fn list(only: &str) -> Marked<Vec<Marked<String>>> {
    Marked { value: vec![only.into()], offset: 0 }
}
