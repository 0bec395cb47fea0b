//! Whether a page is tagged: decided once, from headers alone.
//!
//! What speaks against it is told by the answer (and the site), or by the request; the word is the first of all in the
//! order of [`Reason`]. The two are kept apart because an answer that a shared cache may reuse, and that is left untagged for
//! the request's sake only, must not be stored for others (see `reuse`).

use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, StatusCode, request, response};

use super::accept::{self, Coded};
use super::request::{Asked, is_of_html};
use super::rules::{Choice, Looked};
use super::{Codings, Plan, Reason, RequestFacts, Site, csp, headers, list, media, reuse};
use crate::config::Mode;
use crate::signal::{Refusal, Standing};

/// What is done with a page.
#[derive(Debug)]
pub struct Verdict {
    /// Whether it is tagged.
    pub decision: Decision,
    /// In which codings its body comes and goes, where it is tagged.
    pub codings: Codings,
    /// Whether a shared cache may use the answer again without asking us: then it bears no view id.
    pub(super) reusable: bool,
    /// Whether what stands in the page was drawn for this view alone: then no copy of it can be confirmed later.
    pub drawn: bool,
    /// Whether shared caches are forbidden to keep it.
    pub(super) private: bool,
}

/// Whether a page is tagged.
#[derive(Debug)]
pub enum Decision {
    /// With these tags.
    Tag(Plan),
    /// With these tags, for itself alone: what is sent is the origin's.
    Shadow(Plan),
    /// It is left alone.
    Skip(Reason),
}

/// Decides on an answer from upstream that is a page.
pub fn eligible(
    request: &request::Parts,
    response: &response::Parts,
    site: &Site,
    facts: &RequestFacts,
    standing: Standing,
) -> Verdict {
    let here = site.has_page_at(request.uri.path(), facts);
    let looked = Looked { request, status: status_of_page(response.status), draw: facts.draw };
    let Choice { chosen, possible } = if here && site.config.tag { site.choose(&looked) } else { Choice::default() };
    let live = site.config.mode == Mode::Live;
    let snippets = possible != 0 && live;
    let asked = matches!(facts.asked, Asked::Get | Asked::Head);
    // With a snippet the answer becomes private, and is an ordinary page again.
    let reusable =
        asked && live && !snippets && reuse::is_reusable(&response.headers, facts.authorized, site.config.in_front);
    let coded = accept::coded(&response.headers);
    let codings = accept::codings(&request.headers, coded, site.config.compress);
    let answer = Answer { response, site, facts, here, coded };
    let of_answer = answer.reason(false);
    let of_request = reason_of_request(facts, site, standing, reusable, codings.is_some());
    let private = match (snippets, reusable && of_request.is_some()) {
        (true, _) => answer.reason(true).is_none_or(|reason| reason > Reason::NotHtml),
        (false, true) => answer.reason(true).is_none(),
        (false, false) => false,
    };
    let decision = match [of_answer, of_request].into_iter().flatten().min() {
        Some(reason) => Decision::Skip(reason),
        None if !live => Decision::Shadow(site.plan(chosen, !facts.says_document)),
        None => Decision::Tag(site.plan(chosen, !facts.says_document)),
    };
    let drawn = snippets && site.has_draw(possible);
    Verdict { decision, codings: codings.unwrap_or_default(), reusable, drawn, private }
}

/// The status of the page that an answer is of: a 304 and a 206 are of one with status 200.
fn status_of_page(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT => StatusCode::OK,
        status => status,
    }
}

/// An answer, and what it is looked at with.
struct Answer<'a> {
    response: &'a response::Parts,
    site: &'a Site,
    facts: &'a RequestFacts,
    /// Whether pages at its path are tagged.
    here: bool,
    coded: Coded,
}

impl Answer<'_> {
    /// What speaks against tagging this answer for any request at all. With `as_page` a 206 and a 304 are taken for the page
    /// that they are of: caches store the one, and change what they have stored by the other.
    fn reason(&self, as_page: bool) -> Option<Reason> {
        let Answer { response, site, facts, here, coded } = self;
        let headers = &response.headers;
        let unchanged = as_page && response.status == StatusCode::NOT_MODIFIED;
        let of_page = unchanged || as_page && response.status == StatusCode::PARTIAL_CONTENT;
        let html = || if unchanged { is_of_html(response, facts.file) } else { media::is(headers, &["text/html"]) };
        let checks: [(Reason, &dyn Fn() -> bool); 11] = [
            (Reason::Status, &|| response.status != StatusCode::OK && !of_page),
            (Reason::NotHtml, &|| !html()),
            (Reason::Attachment, &|| is_attachment(headers)),
            (Reason::Partial, &|| headers.contains_key(CONTENT_RANGE) && !of_page),
            (Reason::Empty, &|| headers.get(CONTENT_LENGTH).is_some_and(|length| length == "0") && !of_page),
            (Reason::Disabled, &|| !site.config.tag),
            (Reason::Path, &|| !here),
            (Reason::NoTransform, &|| list::has_token(headers, &CACHE_CONTROL, "no-transform") || is_signed(headers)),
            (Reason::Encoding, &|| *coded == Coded::Unknown),
            (Reason::Charset, &|| media::charset(headers).is_some_and(|charset| !is_safe(charset))),
            (Reason::AlreadyTagged, &|| headers::is_tagged(headers)),
        ];
        let first = checks.iter().find(|(_, holds)| holds()).map(|(reason, _)| *reason);
        first.or_else(|| csp::forbids(headers, facts.https))
    }
}

/// What speaks against tagging for this request. `takes`: whether the client takes the coding that the answer is in.
fn reason_of_request(
    facts: &RequestFacts,
    site: &Site,
    standing: Standing,
    reusable: bool,
    takes: bool,
) -> Option<Reason> {
    let document = !facts.fragment && (facts.is_navigation() || reusable);
    let checks = [
        (Reason::Method, facts.asked == Asked::Other),
        (Reason::Upgrade, facts.upgrade),
        (Reason::Partial, facts.range),
        (Reason::NotDocument, !document),
        (Reason::OptOut, standing == Standing::No(Refusal::OptOut)),
        (Reason::Gpc, standing == Standing::No(Refusal::Gpc)),
        (Reason::Dnt, standing == Standing::No(Refusal::Dnt)),
        (Reason::NoTransform, facts.no_transform),
        (Reason::Encoding, !takes),
        (Reason::Percent, !site.draws_view(facts)),
    ];
    checks.into_iter().find(|(_, holds)| *holds).map(|(reason, _)| reason)
}

/// Anything but `inline` is to be saved (RFC 6266 section 4.2). Where a parameter stands in the place of the type, browsers
/// show the page.
fn is_attachment(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_DISPOSITION).is_some_and(|value| {
        let disposition = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        !(disposition.is_empty() || disposition.contains(&b'=') || disposition.eq_ignore_ascii_case(b"inline"))
    })
}

/// Whether the answer bears a signature (RFC 9421, and its drafts): what it covers is to arrive as it was sent.
fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key("signature-input") || headers.contains_key("signature")
}

/// Whether ASCII bytes mean ASCII, whatever stands before them: not in UTF-16, not behind an escape of ISO-2022-JP, and not
/// in what browsers refuse to read at all.
fn is_safe(charset: &'static encoding_rs::Encoding) -> bool {
    charset.is_ascii_compatible()
}

#[cfg(test)]
#[path = "eligible_tests.rs"]
mod tests;
