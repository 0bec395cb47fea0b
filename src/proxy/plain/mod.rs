//! The binary's own proxy: one origin a site, transparent as far as pingora lets it be.
//!
//! It knows hosts, addresses, time-outs and error pages, nothing of tags: those are [`super::Tagged`]'s, which wraps it.
//! What pingora needs to be told for a transparent proxy stands here, each with its reason; what it cannot do stands in
//! `docs/limits.md`.

mod failure;
mod kind;
mod origin;
mod request;
mod resolver;
mod response;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::prelude::{Error, HttpPeer, ProxyHttp, Result, Session};
use pingora::proxy::FailToProxy;

use super::counters::{Counters, InHand};
use super::forwarded::Outside;
use super::site_table::SiteTable;
use crate::config::{Config, Site};
use crate::ledger::Clock;
use kind::Kind;
pub use origin::Origins;
pub use resolver::Resolver;

/// The plain proxy of a configuration.
#[derive(Debug)]
pub struct Plain {
    config: Arc<Config>,
    table: SiteTable,
    origins: Arc<Origins>,
    counters: Arc<Counters>,
    clock: Clock,
}

impl Plain {
    /// A proxy for the sites of `config`, to the addresses of `origins`.
    pub fn new(config: Arc<Config>, origins: Arc<Origins>, counters: Arc<Counters>, clock: Clock) -> Self {
        let table = SiteTable::new(config.sites.iter().map(|site| &**site));
        Plain { config, table, origins, counters, clock }
    }
}

/// What the plain proxy knows of one request.
#[derive(Debug)]
pub struct Exchange {
    /// The site and its place in the configuration.
    site: Option<(usize, Arc<Site>)>,
    outside: Option<Outside>,
    kind: Kind,
    /// Which of the origin's addresses was tried first, and how many were.
    first: Option<usize>,
    tries: usize,
    /// Why there is no answer from the origin; set where the cause is known better than pingora tells.
    fault: Option<super::OriginFault>,
    _in_hand: InHand,
}

#[async_trait]
impl ProxyHttp for Plain {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange {
            site: None,
            outside: None,
            kind: Kind::Answer,
            first: None,
            tries: 0,
            fault: None,
            _in_hand: InHand::new(&self.counters),
        }
    }

    /// No compression module: it never flushes between pieces, and even switched off it costs.
    fn init_downstream_modules(&self, _modules: &mut HttpModules) {}

    async fn early_request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<()> {
        self.begin(session, exchange)
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        self.refuse_unknown_host(session, exchange).await
    }

    /// At the end an empty piece becomes none: pingora would write the chunked body's end twice (cloudflare/pingora#935).
    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        _exchange: &mut Exchange,
    ) -> Result<()> {
        if end_of_stream && body.as_ref().is_some_and(Bytes::is_empty) {
            *body = None;
        }
        Ok(())
    }

    async fn upstream_peer(&self, session: &mut Session, exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
        self.peer(session, exchange)
    }

    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        exchange: &mut Exchange,
        error: Box<Error>,
    ) -> Box<Error> {
        self.next_address(exchange, error)
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        self.send_up(session, request, exchange)
    }

    async fn upstream_response_filter(
        &self,
        _session: &mut Session,
        response: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        response::refuse_unasked_switch(response, exchange)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        self.send_down(session, response, exchange)
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, exchange: &mut Exchange) -> FailToProxy {
        self.fail(session, error, exchange).await
    }

    /// Our own line says it (see `failure`); pingora's has the path and the query in it.
    fn suppress_error_log(&self, _session: &Session, _exchange: &Exchange, _error: &Error) -> bool {
        true
    }

    /// Never the path.
    fn request_summary(&self, _session: &Session, _exchange: &Exchange) -> String {
        String::new()
    }
}
