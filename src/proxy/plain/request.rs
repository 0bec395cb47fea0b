//! A request's way up: connection settings, the unknown host, and the fields that tell the origin who asks.

use std::time::Duration;

use http::header::HOST;
use http::{StatusCode, Version};
use pingora::ErrorType;
use pingora::http::RequestHeader;
use pingora::prelude::{Error, Result, Session};

use super::{Exchange, Kind, Plain, failure};
use crate::config::HostSent;
use crate::proxy::forwarded::Outside;
use crate::proxy::site_table::authority;

/// How long a kept connection may wait for its next request, in seconds; pingora's own would be for ever.
const KEEP_ALIVE_SECS: u64 = 75;
/// How long a client may stop reading before its answer is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(300);
/// How long a client may pause while it sends its body.
pub(super) const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may be silent that is meant to be: a WebSocket, a stream of events.
pub(super) const IDLE_FOR_HOURS: Duration = Duration::from_secs(24 * 3600);

impl Plain {
    /// First hook of a request: what the connection must be told, the site, and who asks.
    pub(super) fn begin(&self, session: &mut Session, exchange: &mut Exchange) -> Result<()> {
        exchange.kind = Kind::of(session.req_header());
        // Only where it is kept alive already: unguarded this would switch keep-alive back on for HTTP/1.0 and for
        // requests whose framing pingora does not trust.
        if session.get_keepalive().is_some() {
            session.set_keepalive(Some(KEEP_ALIVE_SECS));
        }
        session.set_pipelining_enabled(true);
        // A client may close its half and still wait for its answer. Who closes a stream of events has left it, and nothing
        // else would tell: an event may not come for hours.
        session.set_abort_on_close(exchange.kind == Kind::Events);
        session.set_write_timeout(Some(WRITE_TIMEOUT));
        session.set_read_timeout(Some(if exchange.kind.is_long_lived() { IDLE_FOR_HOURS } else { UPLOAD_TIMEOUT }));
        // HTTP/1.0 knows no interim answers (RFC 9110 section 15.2).
        let is_old = session.req_header().version == Version::HTTP_10;
        session.set_ignore_info_resp(is_old);
        let request = session.req_header();
        exchange.site = self.table.find(request).and_then(|at| Some((at, self.config.sites.get(at)?.clone())));
        self.counters.count_request(exchange.site.as_ref().map(|(at, _)| *at));
        let trusted = &self.config.server.trusted_proxies;
        let peer = session.client_addr().and_then(|addr| addr.as_inet()).map(|addr| addr.ip().to_canonical());
        exchange.outside = peer.map(|peer| Outside::of(peer, &request.headers, trusted));
        self.warn_of_a_forgotten_proxy(request, exchange);
        if request.version == Version::HTTP_11 && !request.headers.contains_key(HOST) {
            // RFC 9112 section 3.2.
            return Err(Error::explain(ErrorType::InvalidHTTPHeader, "HTTP/1.1 without a Host").into_down());
        }
        Ok(())
    }

    fn warn_of_a_forgotten_proxy(&self, request: &RequestHeader, exchange: &Exchange) {
        let outside = exchange.outside.as_ref();
        let forgotten = outside.filter(|outside| outside.looks_like_a_forgotten_proxy(&request.headers));
        if forgotten.is_some_and(|outside| self.counters.note_untrusted_forwarder(outside.peer, self.clock.now_ms())) {
            tracing::warn!(
                "a private peer that is not in trusted_proxies sends X-Forwarded-*: if it is your proxy, add its address there"
            );
        }
    }

    /// 421 for a host that no site has (RFC 9110 section 15.5.20).
    pub(super) async fn refuse_unknown_host(&self, session: &mut Session, exchange: &Exchange) -> Result<bool> {
        if exchange.site.is_some() {
            return Ok(false);
        }
        failure::answer(session, StatusCode::MISDIRECTED_REQUEST, "no site here has this host", None).await?;
        Ok(true)
    }

    /// The header that goes to the origin.
    pub(super) fn send_up(&self, session: &Session, request: &mut RequestHeader, exchange: &Exchange) -> Result<()> {
        let received = session.req_header();
        if !matches!(request.raw_path().first(), Some(b'/' | b'*')) {
            // An absolute-form target: origins get the origin-form (RFC 9112 section 3.2.1).
            request.set_uri(request.uri.clone());
        }
        if exchange.kind == Kind::Upgrade {
            request.remove_header("HTTP2-Settings");
        }
        if let Some(outside) = &exchange.outside {
            let host = String::from_utf8_lossy(authority(received));
            let fields = outside.fields(Some(&*host).filter(|host| !host.is_empty()));
            request.insert_header("X-Forwarded-For", fields.hops)?;
            request.insert_header("X-Forwarded-Proto", fields.proto)?;
            match fields.host {
                Some(host) => request.insert_header("X-Forwarded-Host", host)?,
                None => _ = request.remove_header("X-Forwarded-Host"),
            }
            request.insert_header("Forwarded", fields.forwarded)?;
        }
        let Some((_, site)) = &exchange.site else { return Ok(()) };
        match &site.host {
            // HTTP/1.0 has no Host; what goes up is HTTP/1.1, which must.
            HostSent::Keep if !request.headers.contains_key(HOST) => {
                request.insert_header(HOST, site.origin.authority())?;
            }
            HostSent::Keep => {}
            HostSent::Origin => request.insert_header(HOST, site.origin.authority())?,
            HostSent::Name(name) => request.insert_header(HOST, name.as_str())?,
        }
        Ok(())
    }
}
