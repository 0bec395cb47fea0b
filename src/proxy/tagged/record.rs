//! The end of an exchange: the page is counted with its final word, and a view is handed to the ledger. Whoever said no
//! leaves a count and nothing else.
//!
//! pingora tells of the end of every exchange but one: a task that is dropped, because the time to stop has come. Then the
//! page does it as it is dropped itself.

use http::HeaderValue;
use pingora::http::ResponseHeader;
use pingora::prelude::Session;

use super::{Asked, Page, State, Tagging, Told, Visit};
use crate::enrich;
use crate::inject::{Outcome, Reason, X_INLAY};
use crate::ledger::{Hit, Offered};
use crate::proxy::site_table::authority_of;
use crate::signal::Standing;

impl Page {
    /// Whether the visitor said no.
    pub(super) fn said_no(&self) -> bool {
        self.visit.as_ref().is_some_and(Visit::said_no)
    }

    /// The page's final word, once it has one.
    fn outcome(&self) -> Option<(Outcome, Told)> {
        match &self.state {
            State::Undecided | State::NoPage => None,
            State::Settled(outcome, told) => Some((*outcome, *told)),
            State::Tagging(tag) if tag.shadow.is_some() => Some((Outcome::Skipped(Reason::Shadow), tag.told)),
            State::Tagging(tag) => Some((tag.body.outcome(), tag.told)),
        }
    }

    /// Counts and records the page, once.
    fn hand_over(&mut self) {
        let Some((outcome, told)) = self.outcome() else { return };
        let state = std::mem::replace(&mut self.state, State::NoPage);
        let Some(visit) = &self.visit else { return };
        visit.site.counters.count_page(visit.at, outcome);
        if let State::Tagging(tag) = &state
            && let Some(spent) = tag.shadow
        {
            visit.site.counters.count_shadow(visit.at, tag.body.outcome(), spent);
        }
        let view = told.view.zip(visit.asked.as_ref().filter(|_| !visit.said_no()));
        let view = view.map(|(view_id, asked)| enrich::Exchange {
            ts_ms: visit.ts_ms,
            view_id,
            host: authority_of(&asked.target, asked.host.as_ref()),
            target: asked.target.path_and_query().map_or(b"/", |target| target.as_str().as_bytes()),
            status: told.status,
            origin_us: self.origin_us,
            referrer: bytes(&asked.referrer),
            user_agent: bytes(&asked.user_agent),
            languages: bytes(&asked.languages),
        });
        match visit.site.recorder.offer(&Hit { site: visit.at, ts_ms: visit.ts_ms, outcome, view }) {
            // What was dropped is counted by the recorder itself.
            Offered::Queued | Offered::Full => {}
        }
    }
}

impl Drop for Page {
    /// Only where nobody said that the answer is done. Its header was decided on, so it is written or just being written.
    fn drop(&mut self) {
        self.hand_over();
    }
}

impl Visit {
    pub(super) fn said_no(&self) -> bool {
        matches!(self.standing, Standing::No(_))
    }
}

impl Asked {
    pub(super) fn of(request: &http::request::Parts) -> Asked {
        let field = |name| request.headers.get(name).cloned();
        Asked {
            target: request.uri.clone(),
            host: field(http::header::HOST),
            referrer: field(http::header::REFERER),
            user_agent: field(http::header::USER_AGENT),
            languages: field(http::header::ACCEPT_LANGUAGE),
        }
    }
}

fn bytes(value: &Option<HeaderValue>) -> &[u8] {
    value.as_ref().map_or(&[], HeaderValue::as_bytes)
}

impl Told {
    /// Whether the client was sent this answer's header, and not an error's in its place.
    fn was_sent(&self, written: Option<&ResponseHeader>) -> bool {
        written.is_some_and(|header| header.status.as_u16() == self.status && header.headers.contains_key(X_INLAY))
    }
}

impl Tagging {
    /// Counts and records what is done. Never inlined: `benches/pages` counts its instructions by its name.
    #[inline(never)]
    pub(super) fn record(&self, session: &Session, page: &mut Page) {
        let Some(visit) = &page.visit else { return };
        self.write_access_line(session, visit);
        let sent = page.outcome().is_some_and(|(_, told)| told.was_sent(session.response_written()));
        if sent {
            page.hand_over();
        }
        page.state = State::NoPage;
    }

    /// The access log: no address, no query, and nothing of a visitor who said no.
    fn write_access_line(&self, session: &Session, visit: &Visit) {
        if !self.config.server.access_log || visit.said_no() {
            return;
        }
        let request = session.req_header();
        let status = session.response_written().map_or(0, |header| header.status.as_u16());
        let ms = self.clock.now_ms() - visit.ts_ms;
        tracing::info!(
            target: "inlay::access",
            site = visit.site.config.name,
            method = %request.method,
            path = request.uri.path(),
            status,
            ms,
            "request"
        );
    }
}
