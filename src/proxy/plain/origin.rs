//! Where a site's origin is: its addresses, resolved in the background, each as a peer that requests only clone.
//!
//! A name that has no address is a 502 and no failed start; a name that once had some keeps them while its server does
//! not answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use pingora::ErrorType;
use pingora::prelude::{Error, HttpPeer, Result, Session};
use pingora::upstreams::peer::H1UpgradePolicy;

use super::request::{IDLE_FOR_HOURS, is_long_lived};
use super::{Exchange, Plain};
use crate::config::{Config, Origin, Site};
use crate::proxy::OriginFault;

/// How often names are asked for again.
const RESOLVE_EVERY: Duration = Duration::from_secs(30);
/// How long one look-up may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection, and a TLS handshake, may take each.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection to an origin is kept. Below the 5 s after which a Node.js server closes its end, since a POST
/// on a connection that the origin is just closing cannot be repeated.
const KEEP_IDLE: Duration = Duration::from_secs(4);
/// How many of an origin's addresses are tried for one request.
const MAX_TRIES: usize = 3;

/// The addresses of every site's origin; sites by their place in the configuration.
#[derive(Debug)]
pub struct Origins {
    sites: Vec<Addresses>,
}

#[derive(Debug)]
struct Addresses {
    origin: Origin,
    timeout: Duration,
    peers: ArcSwap<Vec<HttpPeer>>,
}

impl Origins {
    /// The origins of a configuration. Addresses are there at once, names once they have been resolved.
    pub fn new(config: &Config) -> Arc<Self> {
        let sites = config.sites.iter().map(|site| Addresses::new(site)).collect();
        Arc::new(Origins { sites })
    }

    /// Asks for the addresses of every name once.
    async fn resolve(&self) {
        for site in &self.sites {
            if site.origin.host.parse::<IpAddr>().is_err() {
                site.resolve().await;
            }
        }
    }
}

impl Addresses {
    fn new(site: &Site) -> Self {
        let addresses = Addresses {
            origin: site.origin.clone(),
            timeout: site.origin_timeout,
            peers: ArcSwap::from_pointee(Vec::new()),
        };
        if let Ok(addr) = site.origin.host.parse::<IpAddr>() {
            addresses.set(vec![SocketAddr::new(addr, site.origin.port)]);
        }
        addresses
    }

    async fn resolve(&self) {
        let looked_up = tokio::time::timeout(
            RESOLVE_TIMEOUT,
            tokio::net::lookup_host((self.origin.host.as_str(), self.origin.port)),
        );
        match looked_up.await {
            Ok(Ok(found)) => self.set(found.collect()),
            Ok(Err(error)) => self.warn(&error.to_string()),
            Err(_) => self.warn("the name server did not answer in time"),
        }
    }

    fn warn(&self, error: &str) {
        let kept = self.peers.load().len();
        tracing::warn!(origin = %self.origin.host, error, addresses_kept = kept, "the origin's name was not resolved");
    }

    fn set(&self, found: Vec<SocketAddr>) {
        let known = self.peers.load();
        let same =
            known.len() == found.len() && known.iter().zip(&found).all(|(peer, addr)| address_of(peer) == Some(*addr));
        if !same && !found.is_empty() {
            self.peers.store(Arc::new(found.into_iter().map(|addr| self.peer(addr)).collect()));
        }
    }

    fn peer(&self, addr: SocketAddr) -> HttpPeer {
        let mut peer = HttpPeer::new(addr, self.origin.https, self.origin.host.clone());
        let options = &mut peer.options;
        options.connection_timeout = Some(CONNECT_TIMEOUT);
        options.total_connection_timeout = Some(CONNECT_TIMEOUT * 2);
        options.read_timeout = Some(self.timeout);
        options.write_timeout = Some(self.timeout);
        options.idle_timeout = Some(KEEP_IDLE);
        // Every upgrade passes, not WebSocket alone.
        options.http_upstream_request_policy.h1_upgrade = H1UpgradePolicy::Preserve;
        peer
    }
}

fn address_of(peer: &HttpPeer) -> Option<SocketAddr> {
    peer._address.as_inet().copied()
}

impl Plain {
    /// The peer of this try.
    pub(super) fn peer(&self, session: &Session, exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
        let addresses = exchange.site.as_ref().and_then(|(at, _)| self.origins.sites.get(*at));
        let peers = addresses.map(|addresses| addresses.peers.load());
        let Some(peer) = peers.as_ref().and_then(|peers| peers.get(exchange.tries % peers.len().max(1))) else {
            exchange.fault = Some(OriginFault::Unresolved);
            return Err(Error::explain(ErrorType::ConnectNoRoute, "the origin's name has no address").into_up());
        };
        let mut peer = Box::new(peer.clone());
        if is_long_lived(session.req_header()) {
            peer.options.read_timeout = Some(IDLE_FOR_HOURS);
        }
        Ok(peer)
    }

    /// A connection that failed is tried at the origin's next address: nothing was sent yet.
    pub(super) fn next_address(&self, exchange: &mut Exchange, mut error: Box<Error>) -> Box<Error> {
        exchange.tries += 1;
        let known = exchange.site.as_ref().and_then(|(at, _)| self.origins.sites.get(*at));
        let addresses = known.map_or(0, |addresses| addresses.peers.load().len());
        error.set_retry(exchange.tries < addresses.min(MAX_TRIES));
        error
    }
}

/// Keeps the addresses of names fresh.
#[derive(Debug)]
pub struct Resolver(pub Arc<Origins>);

impl Resolver {
    /// The first look-up, before the listeners open: so that the first visitor finds an address.
    pub async fn first(&self) {
        self.0.resolve().await;
    }

    /// Asks again every 30 s, for ever.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(RESOLVE_EVERY).await;
            self.0.resolve().await;
        }
    }
}
