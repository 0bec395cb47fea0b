//! What becomes of an answer's header: made true for the body that will follow, and telling what was done.

use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_LOCATION, ETAG, LAST_MODIFIED, TRAILER,
    VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::eligible::{Decision, Verdict};
use super::{Codings, Reason, list, reuse};

/// Tells of every page what was done with it; nothing else bears it.
pub const X_INLAY: HeaderName = HeaderName::from_static("x-inlay");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// What a tagged body makes untrue: validators of another body, ranges of it, its address, its trailers, and its digests
/// (RFC 9530; RFC 3230; RFC 1864; draft-ietf-httpbis-unencoded-digest).
const UNTRUE: [HeaderName; 10] = [
    ETAG,
    LAST_MODIFIED,
    ACCEPT_RANGES,
    CONTENT_LOCATION,
    TRAILER,
    HeaderName::from_static("unencoded-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// A header that can be changed. Servers that keep more than the map, such as the names' case, bring their own.
pub trait HeaderEdit {
    /// The fields as they are.
    fn headers(&self) -> &HeaderMap;
    /// Replaces every line of a field by one.
    fn set(&mut self, name: HeaderName, value: HeaderValue);
    /// Adds a line behind those of the field.
    fn append(&mut self, name: HeaderName, value: HeaderValue);
    /// Removes every line of a field.
    fn remove(&mut self, name: &HeaderName);
}

impl HeaderEdit for HeaderMap {
    fn headers(&self) -> &HeaderMap {
        self
    }

    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.insert(name, value);
    }

    fn append(&mut self, name: HeaderName, value: HeaderValue) {
        HeaderMap::append(self, name, value);
    }

    fn remove(&mut self, name: &HeaderName) {
        HeaderMap::remove(self, name);
    }
}

/// What becomes of `Content-Length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// It stays as it is.
    Untouched,
    /// The body that is sent is as much longer as the plan is.
    Exact {
        /// The origin's.
        origin: u64,
        /// Ours.
        sent: u64,
    },
    /// It says nothing that could be kept true.
    Drop,
}

/// Changes the header of a page to fit what was decided. `view_id`: the digits of the view's name, where it may be told to
/// the page.
#[must_use]
pub fn prepare(edit: &mut impl HeaderEdit, verdict: &Verdict, view_id: Option<[u8; 32]>) -> Length {
    if verdict.private {
        reuse::make_private(edit);
    }
    match &verdict.decision {
        Decision::Skip(reason) => {
            say_skipped(edit, *reason);
            Length::Untouched
        }
        Decision::Shadow(_) => {
            say_skipped(edit, Reason::Shadow);
            Length::Untouched
        }
        Decision::Tag(plan) => {
            for name in &UNTRUE {
                if edit.headers().contains_key(name) {
                    edit.remove(name);
                }
            }
            edit.set(X_INLAY, HeaderValue::from_static("tagged"));
            if let Some(id) = view_id {
                // An answer that others may get must not name one visitor's view.
                edit.append(SERVER_TIMING, if verdict.reusable { NO_VIEW } else { view(id) });
            }
            say_coding(edit, verdict.codings);
            match verdict.codings.to {
                None => length(edit.headers(), plan.len()),
                Some(_) if edit.headers().contains_key(CONTENT_LENGTH) => Length::Drop,
                Some(_) => Length::Untouched,
            }
        }
    }
}

/// Names the coding that was chosen, and that it was.
fn say_coding(edit: &mut impl HeaderEdit, codings: Codings) {
    if let (None, Some(to)) = (codings.from, codings.to) {
        edit.set(CONTENT_ENCODING, HeaderValue::from_static(to.name()));
    }
    if codings.chosen {
        let said = |word| list::has_token(edit.headers(), &VARY, word);
        if !said("*") && !said(ACCEPT_ENCODING.as_str()) {
            edit.append(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
    }
}

const NO_VIEW: HeaderValue = HeaderValue::from_static("inlay;desc=\"\"");

/// What tells the page its view's id.
fn view(id: [u8; 32]) -> HeaderValue {
    const BEFORE: &[u8; 12] = b"inlay;desc=\"";
    let mut line = [b'"'; BEFORE.len() + 32 + 1];
    for (place, byte) in line.iter_mut().zip(BEFORE.iter().chain(&id)) {
        *place = *byte;
    }
    HeaderValue::from_bytes(&line).unwrap_or(NO_VIEW)
}

/// A page that another Inlay has tagged keeps its word, whatever we have to say of it.
fn say_skipped(edit: &mut impl HeaderEdit, reason: Reason) {
    if !is_tagged(edit.headers()) {
        edit.set(X_INLAY, HeaderValue::from_static(reason.header()));
    }
}

/// Whether another Inlay has tagged the page.
pub(super) fn is_tagged(headers: &HeaderMap) -> bool {
    headers.get(X_INLAY).is_some_and(|word| word == "tagged")
}

fn length(headers: &HeaderMap, more: usize) -> Length {
    let mut lines = headers.get_all(CONTENT_LENGTH).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Length::Untouched,
        (Some(only), None) => exact(only, more).unwrap_or(Length::Drop),
        (Some(_), Some(_)) => Length::Drop,
    }
}

/// Digits and nothing else (RFC 9110 section 8.6).
fn exact(line: &HeaderValue, more: usize) -> Option<Length> {
    let digits = line.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let origin: u64 = digits.parse().ok().filter(|origin| *origin > 0)?;
    let sent = origin.checked_add(u64::try_from(more).ok()?)?;
    Some(Length::Exact { origin, sent })
}
