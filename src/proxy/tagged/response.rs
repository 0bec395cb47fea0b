//! The answer's header: decided on once, then made true for what the body will be.

use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method, StatusCode, Version};
use pingora::http::ResponseHeader;
use pingora::prelude::{Result, Session};

use super::edit::Edit;
use super::{Page, State, Tag, Told, Unsent};
use crate::event::ViewId;
use crate::inject::{self, Body, Decision, Length, Outcome, Reason};
use crate::signal::Standing;

impl Page {
    /// Notes how long the origin took; the first final header counts.
    pub(super) fn note_origin_time(&mut self, response: &ResponseHeader) {
        if !response.status.is_informational()
            && let Some(sent) = self.sent.take()
        {
            self.origin_us = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
        }
    }

    /// Decides on an answer and changes its header to fit.
    pub(super) fn decide(&mut self, session: &mut Session, response: &mut ResponseHeader) -> Result<()> {
        let Some(visit) = &self.visit else { return Ok(()) };
        if response.status.is_informational() {
            return Ok(());
        }
        let request = session.req_header();
        if session.subrequest_ctx.is_some() {
            self.state = State::NoPage;
            return Ok(());
        }
        if !visit.facts.is_page(response) {
            // The word is for pages; an origin's own would be taken for ours.
            response.remove_header(&inject::X_INLAY);
            self.state = State::NoPage;
            if !inject::may_renew_untagged(request, response, &visit.site.inject, &visit.facts) {
                return Ok(());
            }
            let mut edit = Edit { header: response, failed: None };
            inject::keep_from_caches(&mut edit);
            return edit.done();
        }
        let mut verdict = inject::eligible(request, response, &visit.site.inject, &visit.facts, visit.standing);
        if verdict.ask_again {
            if self.again.can_be_asked(session) {
                return Err(self.again.ask());
            }
            verdict = verdict.without_asking();
        }
        let head = request.method == Method::HEAD;
        let shown = visit.standing == Standing::Yes && visit.facts.is_view(response);
        let named = !head && matches!(verdict.decision, Decision::Tag(_));
        let id = (shown || named).then(|| ViewId(rand::random()));
        let told = Told { status: response.status.as_u16(), view: id.filter(|_| shown) };
        let mut edit = Edit { header: response, failed: None };
        let length = inject::prepare(&mut edit, &verdict, id.filter(|_| named).map(ViewId::text));
        edit.done()?;
        self.state = match verdict.decision {
            Decision::Skip(reason) => State::Settled(Outcome::Skipped(reason), told),
            Decision::Tag(plan) => {
                let origin_length = keep_length_true(session, response, length)?;
                match head || response.status == StatusCode::NOT_MODIFIED {
                    true => State::Settled(Outcome::Tagged, told),
                    false => {
                        let unsent = verdict.codings.may_break().then(|| Box::new(Unsent::of(response)));
                        let body = Body::new(plan, origin_length, verdict.codings);
                        State::Tagging(Box::new(Tag { body, unsent, told, shadow: None }))
                    }
                }
            }
            Decision::Shadow(plan) if !head && response.status != StatusCode::NOT_MODIFIED => {
                let (body, shadow) = (Body::new(plan, None, verdict.codings), Some(Duration::ZERO));
                State::Tagging(Box::new(Tag { body, unsent: None, told, shadow }))
            }
            Decision::Shadow(_) => State::Settled(Outcome::Skipped(Reason::Shadow), told),
        };
        Ok(())
    }
}

/// Sets the length that the tagged body will have, and returns the origin's where it is kept. It is dropped where a cache of
/// `P`'s is at work: what it stores has the origin's length, and may be read back in other pieces.
fn keep_length_true(session: &mut Session, response: &mut ResponseHeader, length: Length) -> Result<Option<u64>> {
    match length {
        Length::Untouched => Ok(None),
        Length::Exact { origin, sent } if !session.cache.enabled() => {
            response.insert_header(CONTENT_LENGTH, HeaderValue::from(sent))?;
            Ok(Some(origin))
        }
        Length::Exact { .. } | Length::Drop => {
            response.remove_header(&CONTENT_LENGTH);
            frame_without_length(session, response)?;
            Ok(None)
        }
    }
}

/// A body without a length: in chunks for HTTP/1.1, up to the end of the connection for 1.0; HTTP/2 frames it by itself.
fn frame_without_length(session: &mut Session, response: &mut ResponseHeader) -> Result<()> {
    let request = session.req_header();
    let no_body = request.method == Method::HEAD || response.status == StatusCode::NOT_MODIFIED;
    if session.is_http2() || no_body || response.headers.contains_key(TRANSFER_ENCODING) {
        return Ok(());
    }
    if request.version == Version::HTTP_10 {
        session.set_keepalive(None);
        return Ok(());
    }
    response.set_version(Version::HTTP_11);
    response.insert_header(TRANSFER_ENCODING, "chunked")
}
