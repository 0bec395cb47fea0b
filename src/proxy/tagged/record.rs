//! The end of an exchange: the page is counted with its final word, and a view is handed to the ledger. Whoever said no
//! leaves a count and nothing else.

use pingora::prelude::Session;

use super::{Page, State, Tagging, Told, Visit};
use crate::enrich;
use crate::inject::Outcome;
use crate::ledger::{Hit, Offered};
use crate::proxy::site_table::authority;
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
            State::Tagging(tag) => Some((tag.rewriter.outcome(), tag.told)),
        }
    }
}

impl Visit {
    fn said_no(&self) -> bool {
        matches!(self.standing, Standing::No(_))
    }
}

impl Tagging {
    /// Counts and records what is done. Never inlined: `benches/pages` counts its instructions by its name.
    #[inline(never)]
    pub(super) fn record(&self, session: &Session, page: &Page) {
        let Some(visit) = &page.visit else { return };
        self.write_access_line(session, visit);
        let Some((outcome, told)) = page.outcome() else { return };
        self.counters.count_page(visit.at, outcome);
        let view = told.view.filter(|_| session.response_written().is_some() && !visit.said_no());
        let request = session.req_header();
        let field = |name| request.headers.get(name).map_or(&b""[..], |value: &http::HeaderValue| value.as_bytes());
        let exchange = view.map(|view_id| enrich::Exchange {
            ts_ms: visit.ts_ms,
            view_id,
            host: authority(request),
            target: request.uri.path_and_query().map_or(b"/", |target| target.as_str().as_bytes()),
            status: told.status,
            origin_us: page.origin_us,
            referrer: field(http::header::REFERER),
            user_agent: field(http::header::USER_AGENT),
            languages: field(http::header::ACCEPT_LANGUAGE),
        });
        match self.recorder.offer(&Hit { site: visit.at, ts_ms: visit.ts_ms, outcome, view: exchange }) {
            // What was dropped is counted by the recorder itself.
            Offered::Queued | Offered::Full => {}
        }
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
