//! One site, as tagging sees it: its configuration and its tags, made once.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::request::Asked;
use super::validator::Expected;
use super::{Plan, RequestFacts, Tags, accept};
use crate::config::{self, InFront};
use crate::signal::Standing;

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
            && self.has_page_at(request.uri.path(), facts)
    }

    fn expected(&self, request: &Parts, facts: &RequestFacts, standing: Standing) -> Expected {
        if !matches!(facts.asked, Asked::Get | Asked::Head) {
            return Expected::AsItIs;
        }
        if !self.may_tag(request, facts, standing) {
            return Expected::Plain;
        }
        let chosen = self.choose(request.uri.path());
        let reusable = chosen == 0 && facts.may_show_page && self.config.in_front != InFront::None;
        match facts.is_navigation() {
            true => Expected::Tagged(Some(self.tags.template(chosen))),
            false if reusable => Expected::Perhaps(self.tags.template(chosen)),
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

    /// The owner's snippets in the page at this path.
    pub(super) fn choose(&self, path: &str) -> u64 {
        self.tags.choose(path)
    }

    pub(super) fn plan(&self, chosen: u64, ask_body: bool) -> Plan {
        self.tags.plan_of(chosen, ask_body)
    }
}
