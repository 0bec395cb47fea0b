//! A request's way through `inject` to the model of an origin, as `proxy` goes it.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Request, StatusCode, request};

use super::origin::Origin;
use crate::config::{self, Place};
use crate::inject::{Decision, Plan, RequestFacts, Site, eligible, keep_from_caches, may_renew_untagged, prepare};

const PLACES: [Place; 4] = [Place::HeadStart, Place::HeadEnd, Place::BodyStart, Place::BodyEnd];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// A navigation on https.
    Document,
    /// A navigation that says it by its `Accept` alone.
    ByAccept,
    /// A script.
    Fetch,
}

/// A body: the origin's version, and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) version: u8,
    pub(super) tags: Option<Tags>,
}

/// What was placed, and whether the body was asked first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tags {
    markup: Vec<u8>,
    asked: bool,
}

impl Body {
    /// Whether both are tagged, and with the same tags.
    pub(super) fn has_markup_of(&self, other: &Body) -> bool {
        let markup = |body: &Body| body.tags.as_ref().map(|tags| tags.markup.clone());
        self.tags.is_some() && markup(self) == markup(other)
    }
}

impl Tags {
    /// Whether more than our own tag was placed.
    pub(super) fn has_snippet(&self) -> bool {
        self.markup.windows(3).any(|bytes| bytes == b"<p>")
    }
}

/// What the client gets; no body with a 304.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Body>,
}

/// A site from its TOML, and the markup of our own tag in it.
pub(super) fn site(own: &'static str, toml: &str) -> Site {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("inlay.toml");
    let text = format!("[[site]]\nname = 'shop'\nhosts = ['shop.test']\norigin = 'http://127.0.0.1:3000'\n{toml}");
    std::fs::write(&file, text).expect("written");
    let config = config::load(&file, &|_| None).expect("a right configuration");
    Site::new(config.sites[0].clone(), &Bytes::from_static(own.as_bytes()), Bytes::from_static(b"/_inlay/t."))
}

/// A request for `/` with these conditions. `no`: the visitor has opted out.
pub(super) fn request(asks: Asks, no: bool, conditions: &HeaderMap) -> request::Parts {
    let fields: &[(&str, &str)] = match asks {
        Asks::Document => &[("sec-fetch-dest", "document"), ("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
        Asks::ByAccept => &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
        Asks::Fetch => &[("accept", "*/*"), ("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors")],
    };
    let mut request = Request::builder().uri("/");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    if no {
        request = request.header("cookie", "inlay_optout=1");
    }
    let mut parts = request.body(()).expect("a request").into_parts().0;
    parts.headers.extend(conditions.clone());
    parts
}

/// The way there and back. `id` is the view's, where one is told; what is drawn is drawn by `draw`.
pub(super) fn go(site: &Site, origin: &Origin, mut request: request::Parts, id: [u8; 32], draw: u64) -> Got {
    let mut facts = RequestFacts::of(&request, true);
    facts.draw = draw;
    let standing = crate::signal::standing(&request.headers, &site.config.privacy.honor);
    if facts.is_conditional() {
        let expectation = site.expects(&request, &facts, standing);
        facts.send_conditions(&mut request.headers, expectation);
    }
    let mut answer = origin.answer(&request.headers);
    if !facts.is_page(&answer) {
        if may_renew_untagged(&request, &answer, site, &facts) {
            keep_from_caches(&mut answer.headers);
        }
        return got(answer.status, answer.headers, origin.version, None);
    }
    let mut verdict = eligible(&request, &answer, site, &facts, standing);
    if verdict.ask_again {
        let mut again = request.headers.clone();
        again.remove(IF_NONE_MATCH);
        again.remove(IF_MODIFIED_SINCE);
        again.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer = origin.answer(&again);
        verdict = eligible(&request, &answer, site, &facts, standing);
        if verdict.ask_again {
            verdict = verdict.without_asking();
        }
    }
    _ = prepare(&mut answer.headers, &verdict, Some(id));
    let plan = match &verdict.decision {
        Decision::Tag(plan) => Some(plan),
        _ => None,
    };
    got(answer.status, answer.headers, origin.version, plan)
}

fn got(status: StatusCode, headers: HeaderMap, version: u8, plan: Option<&Plan>) -> Got {
    let tags = plan.map(|plan| Tags {
        markup: PLACES.iter().flat_map(|place| plan.at(*place).map(move |tag| (place, tag))).fold(
            Vec::new(),
            |mut all, (place, tag)| {
                all.extend_from_slice(place.word().as_bytes());
                all.extend_from_slice(tag);
                all
            },
        ),
        asked: plan.ask_body(),
    });
    let body = (status == StatusCode::OK).then_some(Body { version, tags });
    Got { status, headers, body }
}
