//! The checked configuration's types. Values here are valid by construction; `resolve` makes them, out of what `file` read.
//! The closed lists of words (`LogFormat`, `Identity`, ...) are read as they stand here.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

#[cfg(test)]
use super::schema::or_env;
use super::{OwnerTag, Paths, Problem, Sink};

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// What belongs to the process.
    pub server: Server,
    /// The sites, in the order of the file; names and hosts are unique.
    pub sites: Vec<Arc<Site>>,
    /// The storage backends that events are forwarded to, in the order of the file; names are unique.
    pub sinks: Vec<Arc<Sink>>,
    /// What is odd, and no reason to refuse the configuration.
    pub warnings: Vec<Problem>,
}

/// `[server]`: listeners, folders, trust.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where visitors connect.
    pub listen: Vec<SocketAddr>,
    /// The owner's listener.
    pub admin: Admin,
    /// The folder of the ledger.
    pub data: PathBuf,
    /// Peers whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<Net>,
    /// How long a stop waits for answers in hand.
    pub drain: Duration,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Whether each request writes a line (without address and query).
    pub access_log: bool,
}

/// The owner's listener.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Where the owner connects.
    pub listen: SocketAddr,
    /// Host names besides addresses and `localhost` that requests may name.
    pub hosts: Vec<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// One line for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    /// The network's address.
    pub addr: IpAddr,
    /// Length of the prefix in bits.
    pub bits: u8,
}

/// One web site.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name in statistics, logs and events.
    pub name: String,
    /// The hosts that are this site.
    pub hosts: Vec<Host>,
    /// The site's own server.
    pub origin: Origin,
    /// The path below which Inlay answers, such as `/_inlay`: starts with `/`, does not end with it.
    pub prefix: String,
    /// Which `Host` the origin is sent.
    pub host: HostSent,
    /// Whether pages are tagged at all.
    pub tag: bool,
    /// The paths whose pages are tagged.
    pub paths: Paths,
    /// Query keys that stay in an event's path, in this order.
    pub keep_query: Vec<String>,
    /// Where the site's day begins.
    pub timezone: TimeZone,
    /// What stands between the visitors and us.
    pub in_front: InFront,
    /// How long the origin may be silent.
    pub origin_timeout: Duration,
    /// What is recorded and honoured.
    pub privacy: Privacy,
    /// The owner's snippets, in the order of the file.
    pub tags: Vec<OwnerTag>,
    /// In which content coding tagged pages are sent.
    pub compress: Compress,
    /// What is done where the site's own policies would block a tag.
    pub csp: Csp,
    /// Whether tagged pages are sent, or only worked out.
    pub mode: Mode,
    /// How many of a hundred views are tagged, drawn view by view.
    pub percent: u8,
}

impl Site {
    /// Whether the host is one of the site's: lower case, without port. `"*"` has every host.
    pub fn owns_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| match own {
            Host::Any => true,
            Host::Name(name) => name == host,
        })
    }
}

/// A host that a site answers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// `"*"`: every host that no other site has.
    Any,
    /// A lower-case name or address without a port; an IPv6 address stands in brackets.
    Name(String),
}

/// The site's own server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether TLS is spoken to it.
    pub https: bool,
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// The port, the scheme's own where the URL named none.
    pub port: u16,
}

/// Which `Host` is sent up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostSent {
    /// What the visitor sent.
    Keep,
    /// The origin's own, and `Location` is mapped back.
    Origin,
    /// This name.
    Name(String),
}

/// What stands between the visitors and Inlay; what is sent to shared caches follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum InFront {
    /// Not known: a shared cache is reckoned with.
    Unknown,
    /// Nothing that stores: no answer is reused without asking Inlay.
    None,
    /// A shared cache, one that stores answers without headers too.
    Cache,
}

/// In which content coding tagged pages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum Compress {
    /// In the origin's.
    Pass,
    /// The origin is asked for none; Inlay encodes as the visitor likes best.
    Client,
    /// In none: the origin is asked for none.
    Off,
}

/// What is done where the site's own policies (`Content-Security-Policy`) would block a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum Csp {
    /// They are widened by exactly what the tags need.
    Adapt,
    /// They are left as they are, and so is the page.
    Respect,
    /// As `respect`, and what `adapt` would change is told.
    Report,
}

/// Whether tagged pages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They are.
    Live,
    /// Everything is worked out, counted and timed, and the origin's own bytes are sent.
    Shadow,
}

/// `[site.privacy]`.
#[derive(Debug, Clone)]
pub struct Privacy {
    /// How visitors are told apart.
    pub identity: Identity,
    /// The signals besides the opt-out cookie that are a no.
    pub honor: Honor,
    /// After so many days a raw row is gone.
    pub retention_days: u32,
    /// Shown on the visitor's page.
    pub contact: String,
    /// Whether `/.well-known/gpc.json` is answered for the whole site.
    pub gpc_json: bool,
}

/// How visitors are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// By nothing that lasts beyond the day.
    Cookieless,
    /// Not at all.
    None,
}

/// The signals besides the opt-out cookie that are a no for this site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Honor {
    /// `Sec-GPC: 1`.
    pub gpc: bool,
    /// `DNT: 1`.
    pub dnt: bool,
}

impl Origin {
    /// Host and port as they stand in `Host` and in URLs: an IPv6 address in brackets, the scheme's own port left out.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.https, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}
