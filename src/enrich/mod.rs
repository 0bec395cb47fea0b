//! From what one exchange told to an [`crate::event::Event`]: addresses of referrers, campaigns, language, declared bots.
//!
//! Called by the ledger's writer thread, not by requests. A user agent ends here.

mod bots;
mod campaign;
mod language;

use std::borrow::Cow;

use crate::config::{Host, Site};
use crate::event::url::{self, Referrer, Target};
use crate::event::{Event, EventId, Kind, Source, ViewId};

/// What the proxy knows of a view when its answer is done. Raw bytes as they came; nothing here is stored as it is.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// Arrival of the request, milliseconds since 1970.
    pub ts_ms: i64,
    /// The view's id.
    pub view_id: ViewId,
    /// `Host` as received.
    pub host: &'a [u8],
    /// Request target: path and query, raw.
    pub target: &'a [u8],
    /// Status of the answer.
    pub status: u16,
    /// Microseconds from the request sent to the origin to its answer's header.
    pub origin_us: u32,
    /// `Referer`, raw; empty where there is none.
    pub referrer: &'a [u8],
    /// `User-Agent`, raw; read for bots and forgotten.
    pub user_agent: &'a [u8],
    /// `Accept-Language`, raw.
    pub languages: &'a [u8],
}

/// The event of a view that the proxy saw. Address and user agent end here; of the query only what the site keeps goes on.
pub fn view<'a>(exchange: &Exchange<'a>, site: &'a Site, id: EventId) -> Event<'a> {
    let target = Target::parse(exchange.target);
    let host = url::host(exchange.host).unwrap_or_default();
    let (referrer, referrer_host) = match Referrer::parse(exchange.referrer) {
        Some(from) if is_own(&from.host, &host, site) => (from.url, Cow::Borrowed("")),
        Some(from) => (from.url, from.host),
        None => (Cow::Borrowed(""), Cow::Borrowed("")),
    };
    Event {
        id,
        ts_ms: exchange.ts_ms,
        site: &site.name,
        kind: Kind::View,
        source: Source::Proxy,
        view_id: Some(exchange.view_id),
        path: target.path(&site.keep_query),
        status: Some(exchange.status),
        origin_ms: Some(exchange.origin_us as f32 / 1000.0),
        referrer,
        referrer_host,
        utm: campaign::campaign(target.query),
        language: language::first(exchange.languages),
        bot: Cow::Borrowed(bots::declared(exchange.user_agent)),
        host,
    }
}

/// Whether a referrer's host is one of the site's. The host that was asked always is, which covers a site that takes every host.
fn is_own(from: &str, asked: &str, site: &Site) -> bool {
    from == asked || site.hosts.iter().any(|host| matches!(host, Host::Name(name) if name == from))
}

#[cfg(test)]
mod tests;
