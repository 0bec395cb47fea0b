//! Where a site's origin is: its addresses, each as a peer that requests only clone.
//!
//! A name that has no address is a 502 and no failed start; a name that once had some keeps them while its server does
//! not answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::CONTENT_LENGTH;
use pingora::ErrorType;
use pingora::prelude::{Error, HttpPeer, Result, Session};
use pingora::upstreams::peer::{H1UpgradePolicy, HttpUpstreamRequestPolicy};

use super::request::{IDLE_FOR_HOURS, UPLOAD_TIMEOUT};
use super::{Exchange, Kind, Plain};
use crate::config::{Config, Origin, Site};
use crate::proxy::OriginFault;

/// How long a connection, and a TLS handshake, may take each.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection to an origin is kept. Below the 5 s after which a Node.js server closes its end, since a POST
/// on a connection that the origin is just closing cannot be repeated.
const KEEP_IDLE: Duration = Duration::from_secs(4);
/// How many of an origin's addresses are tried for one request.
const MAX_TRIES: usize = 3;
/// A body up to this size comes in a few packets behind its header.
const SMALL_BODY: u64 = 16 * 1024;
/// How long an origin's silence is borne while a large body goes up: the client's own time-out comes first.
const UPLOAD_PATIENCE: Duration = UPLOAD_TIMEOUT.saturating_add(Duration::from_secs(5));

/// The addresses of every site's origin; sites by their place in the configuration.
#[derive(Debug)]
pub struct Origins {
    pub(super) sites: Vec<Addresses>,
}

/// One site's origin.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) origin: Origin,
    timeout: Duration,
    peers: ArcSwap<Vec<HttpPeer>>,
    /// The address to begin with: the one that worked last, as far as none has failed since.
    first: AtomicUsize,
}

impl Origins {
    /// The origins of a configuration. Addresses are there at once, names once they have been resolved.
    pub fn new(config: &Config) -> Arc<Self> {
        let sites = config.sites.iter().map(|site| Addresses::new(site)).collect();
        Arc::new(Origins { sites })
    }
}

impl Addresses {
    fn new(site: &Site) -> Self {
        let addresses = Addresses::of(site.origin.clone(), site.origin_timeout);
        if let Ok(addr) = site.origin.host.parse::<IpAddr>() {
            addresses.set(&[SocketAddr::new(addr, site.origin.port)]);
        }
        addresses
    }

    fn of(origin: Origin, timeout: Duration) -> Self {
        Addresses { origin, timeout, peers: ArcSwap::from_pointee(Vec::new()), first: AtomicUsize::new(0) }
    }

    /// How many addresses are known.
    pub(super) fn known(&self) -> usize {
        self.peers.load().len()
    }

    /// Takes what was found; none, or the same ones in another order, change nothing.
    pub(super) fn set(&self, found: &[SocketAddr]) {
        let known = self.peers.load();
        let same =
            known.len() == found.len() && known.iter().all(|peer| address_of(peer).is_some_and(|a| found.contains(&a)));
        if !same && !found.is_empty() {
            self.peers.store(Arc::new(found.iter().map(|addr| self.peer(*addr)).collect()));
        }
    }

    /// The `at`th address failed: later requests begin with the next one, unless another request has moved on already.
    fn failed(&self, at: usize) {
        _ = self.first.compare_exchange(at, at.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
    }

    fn peer(&self, addr: SocketAddr) -> HttpPeer {
        let mut peer = HttpPeer::new(addr, self.origin.https, self.origin.host.clone());
        let options = &mut peer.options;
        options.connection_timeout = Some(CONNECT_TIMEOUT);
        options.total_connection_timeout = Some(CONNECT_TIMEOUT * 2);
        options.read_timeout = Some(self.timeout);
        options.write_timeout = Some(self.timeout);
        options.idle_timeout = Some(KEEP_IDLE);
        options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
        peer
    }
}

fn address_of(peer: &HttpPeer) -> Option<SocketAddr> {
    peer._address.as_inet().copied()
}

impl Plain {
    /// The peer of this try.
    pub(super) fn peer(&self, session: &mut Session, exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
        let addresses = exchange.site.as_ref().and_then(|(at, _)| self.origins.sites.get(*at));
        let Some((addresses, peers)) = addresses.map(|addresses| (addresses, addresses.peers.load())) else {
            return Err(unresolved(exchange));
        };
        let first = *exchange.first.get_or_insert_with(|| addresses.first.load(Ordering::Relaxed));
        let Some(peer) = peers.get(first.wrapping_add(exchange.tries) % peers.len().max(1)) else {
            return Err(unresolved(exchange));
        };
        let mut peer = Box::new(peer.clone());
        if exchange.kind == Kind::Upgrade {
            // Every upgrade that `kind` lets pass, not WebSocket alone.
            peer.options.http_upstream_request_policy.h1_upgrade = H1UpgradePolicy::Preserve;
        }
        if exchange.kind.is_long_lived() {
            peer.options.read_timeout = Some(IDLE_FOR_HOURS);
        } else if is_large_upload(session) {
            // pingora starts this clock anew with each piece that it sends up, and so counts the client's pauses.
            peer.options.read_timeout = Some(addresses.timeout.max(UPLOAD_PATIENCE));
        }
        Ok(peer)
    }

    /// A connection that failed is tried at the origin's next address: nothing was sent yet. Later requests begin there.
    pub(super) fn next_address(&self, exchange: &mut Exchange, mut error: Box<Error>) -> Box<Error> {
        let addresses = exchange.site.as_ref().and_then(|(at, _)| self.origins.sites.get(*at));
        let known = addresses.map_or(0, Addresses::known);
        if let (Some(addresses), Some(first)) = (addresses, exchange.first) {
            addresses.failed(first.wrapping_add(exchange.tries));
        }
        exchange.tries += 1;
        error.set_retry(exchange.tries < known.min(MAX_TRIES));
        error
    }
}

fn unresolved(exchange: &mut Exchange) -> Box<Error> {
    exchange.fault = Some(OriginFault::Unresolved);
    Error::explain(ErrorType::ConnectNoRoute, "the origin's name has no address").into_up()
}

/// Whether a body is still to come that takes its time.
fn is_large_upload(session: &mut Session) -> bool {
    if session.is_body_done() {
        return false;
    }
    let length = session.req_header().headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).is_none_or(|length: u64| length > SMALL_BODY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_failed_is_not_the_first_of_later_requests() {
        let origin = Origin { https: false, host: "shop.test".to_owned(), port: 80 };
        let addresses = Addresses::of(origin, Duration::from_secs(60));
        let [one, two] = [1, 2].map(|n| SocketAddr::from(([127, 0, 0, n], 80)));
        addresses.set(&[one, two]);
        addresses.failed(0);
        addresses.failed(0);
        assert_eq!(addresses.first.load(Ordering::Relaxed), 1, "two requests that met the same failure move on once");
        let kept = addresses.peers.load_full();
        addresses.set(&[two, one]);
        assert!(Arc::ptr_eq(&kept, &addresses.peers.load_full()), "the same addresses in another order change nothing");
    }
}
