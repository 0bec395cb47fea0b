//! `Tagged<P>`: tagging for any pingora [`ProxyHttp`].
//!
//! It answers what lies under the prefix, keeps the visitor's standing, tags pages and records views. Everything else stays
//! `P`'s: each of its hooks is called, and its own answers (`write_response_*`, `respond_error`, error pages) are not tagged.
//! `hooks` is the table of one-line calls; what happens at a phase stands in the file of that name.
//!
//! The answer's header is decided on in `response_filter`, behind `P`'s own: so nothing that `P` does to a header makes the
//! decision wrong, and a hit of `P`'s cache, which sees no `upstream_*` hook, is tagged like a fresh answer. What the cache
//! stores is the origin's answer, untagged.
//!
//! What a subrequest of `P`'s gets (a cache that refreshes a stale page in the background) was shown to nobody: it is neither
//! tagged nor counted.

mod body;
mod broken;
mod hooks;
mod record;
mod request;
mod response;
mod tagging;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderValue, Uri};

use crate::event::ViewId;
use crate::inject::{Body, Outcome, RequestFacts};
use crate::signal::Standing;
use broken::Unsent;
use tagging::TaggedSite;
pub use tagging::{Tagging, TaggingParts};

/// Adds tagging to a proxy.
#[derive(Debug)]
pub struct Tagged<P> {
    inner: P,
    tagging: Arc<Tagging>,
}

impl<P> Tagged<P> {
    /// `inner`, with tagging as `tagging` says.
    pub fn new(inner: P, tagging: Arc<Tagging>) -> Self {
        Tagged { inner, tagging }
    }
}

/// What one request carries through the phases: `P`'s own context, and ours.
#[derive(Debug)]
pub struct Context<C> {
    inner: C,
    page: Page,
}

/// What we know of one request.
#[derive(Debug, Default)]
struct Page {
    /// `None` for a host that no site has: such a request is `P`'s alone.
    visit: Option<Visit>,
    state: State,
    /// When the request went to the origin, and how long its answer's header took.
    sent: Option<Instant>,
    origin_us: u32,
}

/// A request to one of our sites.
#[derive(Debug)]
struct Visit {
    at: usize,
    site: Arc<TaggedSite>,
    standing: Standing,
    facts: RequestFacts,
    /// Arrival, milliseconds since 1970.
    ts_ms: i64,
    /// What a view tells of the request; only where the answer may be a view.
    asked: Option<Asked>,
}

/// A request as it arrived: `P` may change its own, and the session is gone where a task is dropped. The clones count
/// references to the bytes that were read.
#[derive(Debug)]
struct Asked {
    target: Uri,
    host: Option<HeaderValue>,
    referrer: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    languages: Option<HeaderValue>,
}

/// How far the answer is.
#[derive(Debug, Default)]
enum State {
    /// No header from upstream yet, or not an answer that concerns us.
    #[default]
    Undecided,
    /// Not a page: nothing of it is counted.
    NoPage,
    /// The final word is known: left alone, or a page without a body.
    Settled(Outcome, Told),
    /// Being tagged: the body is waited for.
    Tagging(Box<Tag>),
}

/// A page that is being tagged.
#[derive(Debug)]
struct Tag {
    body: Body,
    unsent: Option<Box<Unsent>>,
    told: Told,
    /// Where it is tagged for itself alone: the time that it took so far.
    shadow: Option<Duration>,
}

/// What recording needs of the answer's header.
#[derive(Debug, Clone, Copy)]
struct Told {
    status: u16,
    /// Whether this answer is a view, and the name of it.
    view: Option<ViewId>,
}
