//! Step two for a site: its own keys and its privacy.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::file::{self, Signal, Tag};
use super::marked::Marked;
use super::resolve::Resolver;
use super::{Honor, Host, Origin, Paths, Privacy, Site, host, paths, words};

/// How many bytes a name of a site, a snippet or a sink may have: it stands in each event, line and metric.
const MAX_NAME_BYTES: usize = 64;

impl Resolver<'_> {
    pub(super) fn site(&mut self, file: &file::Site) -> Option<Site> {
        let name = file.name.as_ref().and_then(|name| self.site_name(name));
        if name.is_none() {
            self.claims.nameless();
        }
        let called = file.name.as_ref().map_or("", |name| name.value.as_str());
        let hosts = file.hosts.as_ref().map(|hosts| self.hosts(hosts, called));
        let origin = file.origin.as_ref().and_then(|origin| self.origin(origin));
        let prefix = self.one(&file.prefix, host::prefix);
        let host = self.one(&file.host, host::host_sent);
        let timezone = self.one(&file.timezone, timezone);
        let tags = match &file.tag {
            Tag::Switch(_) => Vec::new(),
            Tag::Snippets(snippets) => self.snippets(snippets),
        };
        Some(Site {
            paths: self.paths(&file.paths, &file.not_paths),
            keep_query: self.all(&file.keep_query, query_key),
            in_front: file.in_front,
            origin_timeout: Duration::from_secs(file.origin_timeout_secs.into()),
            privacy: privacy(&file.privacy),
            tag: !matches!(file.tag, Tag::Switch(false)),
            compress: file.compress,
            csp: file.csp,
            mode: file.mode,
            percent: file.percent,
            name: name?,
            hosts: hosts?,
            origin: origin?,
            prefix: prefix?,
            host: host?,
            timezone: timezone?,
            tags,
        })
    }

    fn origin(&mut self, written: &Marked<String>) -> Option<Origin> {
        let origin = self.one(written, host::origin)?;
        let anothers = self.claims.origin(&origin);
        self.one(written, |_| anothers)?;
        Some(origin)
    }

    fn site_name(&mut self, written: &Marked<String>) -> Option<String> {
        let at = (self.at)(written.offset);
        let name = self.one(written, plain_name)?;
        let fresh = self.claims.name(&name, at);
        self.one(written, |_| fresh)?;
        Some(name)
    }

    fn hosts(&mut self, written: &Marked<Vec<Marked<String>>>, site: &str) -> Vec<Host> {
        if written.value.is_empty() {
            self.say(
                written.offset,
                "`hosts` is empty; write the site's hosts, or [\"*\"] for every host that no other site has",
            );
        }
        let mut hosts = Vec::new();
        for value in &written.value {
            let at = (self.at)(value.offset);
            let Some(host) = self.one(value, host::host) else { continue };
            let fresh = self.claims.host(host.clone(), site, at);
            self.one(value, |_| fresh);
            hosts.push(host);
        }
        hosts
    }

    pub(super) fn paths(&mut self, include: &Marked<Vec<Marked<String>>>, exclude: &[Marked<String>]) -> Paths {
        if include.value.is_empty() {
            self.say(include.offset, "`paths` is empty, so that no page is meant; write [\"/**\"] for all pages");
        }
        Paths::of(self.all(&include.value, paths::pattern), self.all(exclude, paths::pattern))
    }
}

fn privacy(file: &file::Privacy) -> Privacy {
    Privacy {
        identity: file.identity,
        honor: Honor { gpc: file.honor.contains(&Signal::Gpc), dnt: file.honor.contains(&Signal::Dnt) },
        retention_days: file.retention_days,
        contact: file.contact.value.clone(),
        gpc_json: file.gpc_json,
    }
}

/// A name that needs no quotes or escapes anywhere: in a metric's label, an address, a command.
pub(super) fn plain_name(written: &str) -> Result<String, String> {
    let plain = written.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if plain && (1..=MAX_NAME_BYTES).contains(&written.len()) {
        return Ok(written.to_owned());
    }
    Err(format!("`{written}` is no name; write 1 to {MAX_NAME_BYTES} letters, digits, `-`, `_` and `.`"))
}

fn query_key(written: &str) -> Result<String, String> {
    match written.find(['&', '=', '#', '?']) {
        None if !written.is_empty() => Ok(written.to_owned()),
        _ => Err(format!("`{written}` is no query key; write the key alone, such as page in ?page=2")),
    }
}

fn timezone(written: &str) -> Result<TimeZone, String> {
    TimeZone::get(written).map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let near =
            words::nearest(written, known.iter().map(String::as_str)).unwrap_or("a name such as Europe/Berlin, or UTC");
        format!("`{written}` is no time zone; write {near}")
    })
}
