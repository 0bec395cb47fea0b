//! What belongs to one site or one sink alone: names, hosts, folders, across all files; and our own addresses, which are no
//! site's.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::problem::At;
use super::{Host, Origin, words};

/// Who connects to an address of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Visitors,
    Owner,
}

/// What one sink alone writes to.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Output {
    /// A folder, by the one name that it has whatever it was called.
    Folder(PathBuf),
    Stdout,
}

/// What sites and sinks have taken so far.
#[derive(Debug, Default)]
pub(super) struct Claims {
    names: HashMap<String, At>,
    /// A site whose name is no good may be any that a sink names.
    has_nameless: bool,
    sinks: HashMap<String, At>,
    outputs: HashMap<Output, (String, At)>,
    hosts: HashMap<Host, (String, At)>,
    listeners: Vec<(SocketAddr, Side)>,
}

impl Claims {
    /// Takes a name; `Err` is the sentence where another site has it.
    pub(super) fn name(&mut self, name: &str, at: At) -> Result<(), String> {
        match self.names.insert(name.to_owned(), at) {
            None => Ok(()),
            Some(other) => Err(format!("the name `{name}` is of the site at {other} too; write another name")),
        }
    }

    /// Notes that there is a site whose name cannot be told.
    pub(super) fn nameless(&mut self) {
        self.has_nameless = true;
    }

    /// `Err` is the sentence where no site has the name. To be asked when all sites are known.
    pub(super) fn known_site(&self, name: &str) -> Result<(), String> {
        if self.has_nameless || self.names.contains_key(name) {
            return Ok(());
        }
        let mut names: Vec<&str> = self.names.keys().map(String::as_str).collect();
        names.sort_unstable();
        Err(words::unknown_site(name, &names))
    }

    /// Takes a sink's name; `Err` is the sentence where another sink has it.
    pub(super) fn sink(&mut self, name: &str, at: At) -> Result<(), String> {
        match self.sinks.insert(name.to_owned(), at) {
            None => Ok(()),
            Some(other) => Err(format!("the name `{name}` is of the sink at {other} too; write another name")),
        }
    }

    /// Takes what the sink writes to; `Err` is the sentence where another sink does.
    pub(super) fn output(&mut self, output: Output, sink: &str, at: At) -> Result<(), String> {
        let instead = match output {
            Output::Folder(_) => "this is the folder",
            Output::Stdout => "standard output is",
        };
        match self.outputs.insert(output, (sink.to_owned(), at)) {
            None => Ok(()),
            Some((other, place)) => Err(format!("{instead} of the sink `{other}` too ({place}); write one of its own")),
        }
    }

    /// Takes the addresses that we listen on.
    pub(super) fn listeners(&mut self, addrs: &[SocketAddr], side: Side) {
        self.listeners.extend(addrs.iter().map(|addr| (*addr, side)));
    }

    /// `Err` is the sentence where an origin is an address of ours. To the visitors': a request would go round until nothing is
    /// left to open. To the owner's: every visitor would stand on the owner's page, and as one from this machine.
    pub(super) fn origin(&self, origin: &Origin) -> Result<(), String> {
        match self.own_address(origin) {
            None => Ok(()),
            Some((own, Side::Visitors)) => {
                Err(format!("`{own}` is where we listen; write the address of the site's own server"))
            }
            Some((own, Side::Owner)) => Err(format!(
                "`{own}` is where the owner connects (`admin`), which is for no visitor; write the address of the site's own server"
            )),
        }
    }

    fn own_address(&self, origin: &Origin) -> Option<(SocketAddr, Side)> {
        let addr = match origin.host.as_str() {
            "localhost" => None,
            host => Some(host.parse::<IpAddr>().ok()?),
        };
        let here = |listener: &SocketAddr| {
            let all = listener.ip().is_unspecified();
            match addr {
                Some(addr) => addr == listener.ip() || all && (addr.is_loopback() || addr.is_unspecified()),
                None => all || listener.ip().is_loopback(),
            }
        };
        self.listeners
            .iter()
            .find(|(listener, _)| listener.port() == origin.port && origin.port != 0 && here(listener))
            .copied()
    }

    /// Takes a host for the site; `Err` is the sentence where it is taken.
    pub(super) fn host(&mut self, host: Host, site: &str, at: At) -> Result<(), String> {
        let Some((other, taken_at)) = self.hosts.get(&host) else {
            self.hosts.insert(host, (site.to_owned(), at));
            return Ok(());
        };
        Err(match host {
            Host::Any => format!(
                "\"*\" is of the site `{other}` too ({taken_at}), and one site takes the rest; name the hosts of one"
            ),
            Host::Name(name) if other == site => format!("the host `{name}` stands at {taken_at} too; write it once"),
            Host::Name(name) => {
                format!("the host `{name}` is of the site `{other}` too ({taken_at}); take it out of one of them")
            }
        })
    }
}
