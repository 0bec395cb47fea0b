//! A request's beginning: whose it is, what the visitor said, what lies under the prefix, and what the origin is not sent.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, COOKIE, EXPECT, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderValue, Response};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::{Result, Session};

use super::{Asked, Page, Tagging, Visit};
use crate::collect::{self, Downstream, Route};
use crate::inject::RequestFacts;
use crate::proxy::forwarded::speaks_https;
use crate::signal::{self, Standing, Stripped};

/// How much of a body is read that belongs to a request of ours; none of ours needs one.
const MAX_OWN_BODY: usize = 64 * 1024;

impl Tagging {
    /// The site of a request and what the visitor said, `None` for a host that no site has.
    pub(super) fn visit(&self, session: &Session) -> Option<Visit> {
        let request = session.req_header();
        let at = self.table.find(request)?;
        let site = self.sites.get(at)?.clone();
        let standing = signal::standing(&request.headers, &site.config.privacy.honor);
        let mut facts = RequestFacts::of(request, self.is_https(session));
        if site.inject.draws() {
            facts.draw = rand::random();
        }
        let may_be_a_view = facts.is_navigation() && !matches!(standing, Standing::No(_));
        let asked = may_be_a_view.then(|| Asked::of(request));
        Some(Visit { at, site, standing, facts, ts_ms: self.clock.now_ms(), asked })
    }

    /// Whether the visitor speaks https, as far as trusted proxies say so.
    fn is_https(&self, session: &Session) -> bool {
        let peer = session.client_addr().and_then(|addr| addr.as_inet()).map(|addr| addr.ip().to_canonical());
        let tls_ends_here = session.digest().is_some_and(|digest| digest.ssl_digest.is_some());
        let trusted = &self.config.server.trusted_proxies;
        tls_ends_here || peer.is_some_and(|peer| speaks_https(peer, &session.req_header().headers, trusted))
    }

    /// Answers what lies under the prefix; true where it did.
    pub(super) async fn answer(&self, session: &mut Session, page: &Page) -> Result<bool> {
        let Some(answer) = page.visit.as_ref().and_then(|visit| self.own_answer(session.req_header(), visit)) else {
            return Ok(false);
        };
        drain(session).await?;
        write(session, answer).await?;
        Ok(true)
    }

    fn own_answer(&self, request: &RequestHeader, visit: &Visit) -> Option<Response<Bytes>> {
        let path = request.uri.path().as_bytes();
        let endpoints = &visit.site.collect;
        match collect::route(path, &visit.site.config.prefix) {
            Route::Ours(rest) => Some(endpoints.answer(request, Downstream { https: visit.facts.https }, rest)),
            Route::Misspelt => Some(collect::not_found(&request.method)),
            Route::Origin if endpoints.answers_gpc_json(path) => {
                Some(collect::gpc_json(&request.method, visit.site.gpc_since))
            }
            Route::Origin => None,
        }
    }

    /// A navigation that would be tagged goes up without conditions: no copy but a fresh one can be tagged.
    pub(super) fn prepare_request(&self, session: &mut Session, page: &Page) {
        let Some(visit) = &page.visit else { return };
        if visit.site.inject.would_tag(session.req_header(), &visit.facts, visit.standing) {
            let request = session.req_header_mut();
            request.remove_header(&IF_NONE_MATCH);
            request.remove_header(&IF_MODIFIED_SINCE);
        }
    }
}

impl Page {
    /// What the origin is not sent: cookies of ours that are nobody else's business, and codings that a page which would be
    /// tagged could not be read in.
    pub(super) fn send_up(&mut self, request: &mut RequestHeader) -> Result<()> {
        let Some(visit) = &self.visit else { return Ok(()) };
        strip_own_cookies(request)?;
        if visit.site.inject.would_tag(request, &visit.facts, visit.standing)
            && let Some(accepted) = visit.site.inject.accept_encoding(&request.headers)
        {
            request.insert_header(ACCEPT_ENCODING, accepted)?;
        }
        self.sent = Some(std::time::Instant::now());
        Ok(())
    }
}

/// Takes Inlay's own cookies out, each `Cookie` line by itself; a line that held nothing else goes.
fn strip_own_cookies(request: &mut RequestHeader) -> Result<()> {
    let lines = request.headers.get_all(COOKIE);
    if lines.iter().all(|line| signal::strip_own(line) == Stripped::Unchanged) {
        return Ok(());
    }
    let kept: Vec<HeaderValue> = lines
        .iter()
        .filter_map(|line| match signal::strip_own(line) {
            Stripped::Unchanged => Some(line.clone()),
            Stripped::Rest(rest) => Some(rest),
            Stripped::Nothing => None,
        })
        .collect();
    let spelt = spelling(request);
    let mut kept = kept.into_iter();
    // Put in the place of the lines that there were, under their own spelling of the name.
    match kept.next() {
        Some(first) => request.insert_header(spelt.clone(), first)?,
        None => _ = request.remove_header(&COOKIE),
    }
    for line in kept {
        request.append_header(spelt.clone(), line)?;
    }
    Ok(())
}

/// How the client spelt the name of its `Cookie` lines.
fn spelling(request: &RequestHeader) -> String {
    let mut names = request.case_header_iter().map(|(name, _)| name.as_slice());
    let spelt = names.find(|name| name.eq_ignore_ascii_case(b"cookie"));
    String::from_utf8_lossy(spelt.unwrap_or(b"Cookie")).into_owned()
}

/// Reads a body to its end, so that the connection can be kept; a longer one than any of ours ends the connection, and so
/// does one that the client sends only when it is told to go on (RFC 9110 section 10.1.1).
async fn drain(session: &mut Session) -> Result<()> {
    if session.req_header().headers.contains_key(EXPECT) {
        session.set_keepalive(None);
        return Ok(());
    }
    let mut read = 0;
    while let Some(piece) = session.read_request_body().await? {
        read += piece.len();
        if read > MAX_OWN_BODY {
            session.set_keepalive(None);
            break;
        }
    }
    Ok(())
}

async fn write(session: &mut Session, answer: Response<Bytes>) -> Result<()> {
    let (parts, body) = answer.into_parts();
    let header_only = body.is_empty() || session.req_header().method == http::Method::HEAD;
    session.write_response_header(Box::new(ResponseHeader::from(parts)), header_only).await?;
    if !header_only {
        session.write_response_body(Some(body), true).await?;
    }
    Ok(())
}
