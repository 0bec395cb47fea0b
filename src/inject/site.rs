//! One site, as tagging sees it: its configuration and its tags, made once.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::request::Asked;
use super::rules::{self, Choice, Looked};
use super::{Plan, RequestFacts, Tags, accept};
use crate::config::{self, Mode};
use crate::signal::Standing;

/// The number of the site's own draw; those of its snippets are their bits.
const OF_THE_SITE: u64 = 64;

/// A site's configuration with its tags.
#[derive(Debug)]
pub struct Site {
    pub(super) config: Arc<config::Site>,
    tags: Arc<Tags>,
}

impl Site {
    /// `own`: the markup of our own tag; `own_src`: how the address of its script begins.
    pub fn new(config: Arc<config::Site>, own: &Bytes, own_src: Bytes) -> Site {
        let tags = Tags::new(own, own_src, &config);
        Site { config, tags }
    }

    /// Whether the request, as far as it tells by itself, would get a tagged page: then it goes to the origin without
    /// conditions, since only a fresh page can be tagged.
    pub fn would_tag(&self, request: &Parts, facts: &RequestFacts, standing: Standing) -> bool {
        matches!(facts.asked, Asked::Get | Asked::Head)
            && facts.is_navigation()
            && !(facts.range || facts.upgrade || facts.no_transform)
            && standing == Standing::Yes
            && self.config.tag
            && self.config.mode == Mode::Live
            && self.draws_view(facts)
            && self.has_page_at(request.uri.path(), facts)
    }

    /// What the origin is asked for in the place of a request's `Accept-Encoding`, where the request's page would be tagged;
    /// `None`: what came.
    pub fn accept_encoding(&self, request: &HeaderMap) -> Option<HeaderValue> {
        accept::ask(request, self.config.compress)
    }

    /// Whether pages at this path are tagged.
    pub(super) fn has_page_at(&self, path: &str, facts: &RequestFacts) -> bool {
        !facts.file && self.config.paths.matches(path)
    }

    /// Whether something is drawn view by view: then [`RequestFacts::draw`] has to be random.
    pub fn draws(&self) -> bool {
        self.config.percent < 100 || self.tags.draws()
    }

    /// Whether this view is among those that are tagged, where not all are.
    pub(super) fn draws_view(&self, facts: &RequestFacts) -> bool {
        rules::is_drawn(self.config.percent, facts.draw, OF_THE_SITE)
    }

    /// The owner's snippets in the page.
    pub(super) fn choose(&self, looked: &Looked<'_>) -> Choice {
        self.tags.choose(looked)
    }

    /// Whether one of these snippets is drawn view by view.
    pub(super) fn has_draw(&self, possible: u64) -> bool {
        self.tags.has_draw(possible)
    }

    pub(super) fn plan(&self, chosen: u64, ask_body: bool) -> Plan {
        self.tags.plan_of(chosen, ask_body)
    }
}
