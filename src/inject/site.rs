//! One site, as tagging sees it: its configuration and its tags, made once.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::request::Asked;
use super::rules::{self, Choice, Looked};
use super::validator::Expected;
use super::{Plan, RequestFacts, Tags, accept};
use crate::config::{self, InFront, Mode};
use crate::signal::Standing;

/// The number of the site's own draw; those of its snippets are their bits.
const OF_THE_SITE: u64 = 64;

/// A site's configuration with its tags.
#[derive(Debug)]
pub struct Site {
    pub(super) config: Arc<config::Site>,
    tags: Arc<Tags>,
}

/// What an answer will be, as far as the request tells.
#[derive(Debug, Clone, Copy)]
pub struct Expectation(pub(super) Expected);

impl Site {
    /// `own`: the markup of our own tag; `own_src`: how the address of its script begins.
    pub fn new(config: Arc<config::Site>, own: &Bytes, own_src: Bytes) -> Site {
        let tags = Tags::new(own, own_src, &config);
        Site { config, tags }
    }

    /// What the answer will be, as far as the request tells by itself: which copies may be confirmed follows from it.
    pub fn expects(&self, request: &Parts, facts: &RequestFacts, standing: Standing) -> Expectation {
        Expectation(self.expected(request, facts, standing))
    }

    /// Whether the request, as far as it tells by itself, would get a tagged page.
    pub fn would_tag(&self, request: &Parts, facts: &RequestFacts, standing: Standing) -> bool {
        matches!(facts.asked, Asked::Get | Asked::Head)
            && facts.is_navigation()
            && self.may_tag(request, facts, standing)
    }

    /// Whether nothing that the request tells speaks against tagging its page, but that it may be no navigation.
    fn may_tag(&self, request: &Parts, facts: &RequestFacts, standing: Standing) -> bool {
        !(facts.range || facts.upgrade || facts.no_transform || facts.fragment)
            && standing == Standing::Yes
            && self.config.tag
            && self.config.mode == Mode::Live
            && self.draws_view(facts)
            && self.has_page_at(request.uri.path(), facts)
    }

    fn expected(&self, request: &Parts, facts: &RequestFacts, standing: Standing) -> Expected {
        if !matches!(facts.asked, Asked::Get | Asked::Head) {
            return Expected::AsItIs;
        }
        if !self.may_tag(request, facts, standing) {
            return Expected::Plain;
        }
        let choice = self.choose(&Looked { request, status: StatusCode::OK, draw: facts.draw });
        let template = || self.tags.template(choice.chosen);
        let reusable = choice.possible == 0 && facts.may_show_page && self.config.in_front != InFront::None;
        match facts.is_navigation() {
            true => Expected::Tagged((!self.has_draw(choice.possible)).then(template)),
            false if reusable => Expected::Perhaps(template()),
            false => Expected::Plain,
        }
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
