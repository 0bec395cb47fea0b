//! A model of a cache: copies with their headers, the conditions that it asks with, what a 304 does to it.

use http::header::{CACHE_CONTROL, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use super::way::{Body, Got};
use crate::inject::validator::entity_tag::EntityTag;

/// A stored answer.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    pub(super) body: Body,
    pub(super) headers: HeaderMap,
}

/// Newest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    pub(super) copies: Vec<Copy>,
}

impl Store {
    /// Every copy's tag, and the newest one's date: as caches ask that keep several.
    pub(super) fn conditions(&self) -> HeaderMap {
        let mut conditions = HeaderMap::new();
        let tags: Vec<&[u8]> =
            self.copies.iter().filter_map(|copy| copy.headers.get(ETAG)).map(HeaderValue::as_bytes).collect();
        if !tags.is_empty() {
            conditions.insert(IF_NONE_MATCH, HeaderValue::from_bytes(&tags.join(&b", "[..])).expect("a value"));
        }
        if let Some(date) = self.copies.last().and_then(|newest| newest.headers.get(LAST_MODIFIED)) {
            conditions.insert(IF_MODIFIED_SINCE, date.clone());
        }
        conditions
    }

    pub(super) fn keep(&mut self, got: &Got) {
        let Some(body) = got.body.clone() else { return };
        let tag = got.headers.get(ETAG);
        self.copies.retain(|copy| tag.is_some() && copy.headers.get(ETAG) != tag);
        self.copies.push(Copy { body, headers: got.headers.clone() });
        if self.copies.len() > 3 {
            self.copies.remove(0);
        }
    }

    /// The copies that a 304 may be taken to be about, by its tag (RFC 9111 section 4.3.4); any where it has none.
    pub(super) fn meant_by(&self, got: &Got) -> Vec<usize> {
        let opaque = |headers: &HeaderMap| {
            headers.get(ETAG).and_then(|value| EntityTag::parse(value.as_bytes())).map(|tag| tag.opaque.to_vec())
        };
        let all = || 0..self.copies.len();
        let Some(named) = opaque(&got.headers) else { return all().collect() };
        let of_it: Vec<_> = all().filter(|at| opaque(&self.copies[*at].headers).as_ref() == Some(&named)).collect();
        // A tag that is new to the client: of a copy that was asked about by its date.
        let dated = || all().filter(|at| opaque(&self.copies[*at].headers).is_none()).collect();
        if of_it.is_empty() { dated() } else { of_it }
    }

    /// RFC 9111 section 3.2: what the 304 says stands from now on.
    pub(super) fn renew(&mut self, at: usize, got: &Got) {
        let copy = &mut self.copies[at];
        for name in [ETAG, LAST_MODIFIED, CACHE_CONTROL] {
            if let Some(value) = got.headers.get(&name) {
                copy.headers.insert(name, value.clone());
            }
        }
        copy.headers.remove("server-timing");
        if let Some(timing) = got.headers.get("server-timing") {
            copy.headers.insert("server-timing", timing.clone());
        }
    }
}
