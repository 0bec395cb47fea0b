//! The visitor's own page: what is recorded, what applies to this visitor, and the two forms that change it.
//!
//! The page needs no JavaScript and is never kept. A form from a page that is not ours changes nothing (see `sender`):
//! opting out is refused only where it is proven foreign, opting in wherever it is not proven our own.

mod html;
mod json;
mod page;
mod sections;
mod words;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

use crate::config;
use crate::config::Host;
use crate::signal::{Scope, Signals, Standing};

use super::accept::wants_json;
use super::authority::Authority;
use super::reply::{NO_STORE, reply};
use super::sender::Sender;
use super::site::Downstream;
#[cfg(test)]
pub(super) use words::LANGUAGES;
use words::Words;

/// A site's side of the visitor's page.
#[derive(Debug)]
pub(super) struct Privacy {
    pub(super) site: Arc<config::Site>,
    pub(super) scope: Scope,
    /// Whether records go to a storage of the owner's too.
    pub(super) forwarded: bool,
}

/// What a visitor can do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    OptOut,
    OptIn,
}

/// What is true for one request; page and JSON say the same.
#[derive(Debug)]
struct Facts<'a> {
    site: &'a config::Site,
    /// In the visitor's language.
    words: &'static Words,
    scope: &'a Scope,
    signals: Signals,
    standing: Standing,
    /// The host that was asked; `None` where it cannot be read.
    here: Option<Authority<'a>>,
    /// Hosts of the site for which an opt-out given here does not hold.
    not_covered: Vec<&'a str>,
    /// Whether the site has hosts that nobody can list.
    any_host: bool,
    /// Whether records go to a storage of the owner's too.
    forwarded: bool,
}

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

impl Privacy {
    /// The page, or the same as JSON.
    pub(super) fn show(&self, request: &Parts) -> Response<Bytes> {
        let facts = self.facts(request);
        if wants_json(&request.headers) {
            return as_json(&request.method, StatusCode::OK, json::facts(&facts));
        }
        as_page(&request.method, StatusCode::OK, facts.words, page::facts(&facts))
    }

    /// Sets the cookie, unless another site asked for it.
    pub(super) fn opt_out(&self, request: &Parts, downstream: Downstream) -> Response<Bytes> {
        if Sender::of(request) == Sender::Foreign {
            return self.confirm(request, Choice::OptOut);
        }
        let mut answer = self.back_to_page(&request.method);
        answer.headers_mut().append(header::SET_COOKIE, self.scope.opt_out());
        clear_stored_pages(answer.headers_mut(), request, downstream);
        answer
    }

    /// Takes the cookie away, if our own page asked for it.
    pub(super) fn opt_in(&self, request: &Parts, downstream: Downstream) -> Response<Bytes> {
        if Sender::of(request) != Sender::Own {
            return self.confirm(request, Choice::OptIn);
        }
        let host = Authority::of(request).map(|here| here.host.to_ascii_lowercase()).unwrap_or_default();
        let mut answer = self.back_to_page(&request.method);
        for cookie in Scope::opt_in(&host) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        clear_stored_pages(answer.headers_mut(), request, downstream);
        answer
    }

    /// Nothing was changed; here is the button. What applies to the visitor is not said: browsers keep a `SameSite=Lax`
    /// cookie back from a foreign form, so this request does not tell.
    fn confirm(&self, request: &Parts, choice: Choice) -> Response<Bytes> {
        if wants_json(&request.headers) {
            return as_json(&request.method, StatusCode::FORBIDDEN, json::unchanged(&self.site.prefix));
        }
        let words = words::of(&request.headers);
        as_page(&request.method, StatusCode::FORBIDDEN, words, page::confirm(words, &self.site.prefix, choice))
    }

    /// 303 to the page, which shows what applies from now on.
    fn back_to_page(&self, method: &Method) -> Response<Bytes> {
        let location = HeaderValue::try_from(format!("{}/privacy", self.site.prefix));
        let mut answer = reply(method, StatusCode::SEE_OTHER, page::CONTENT_TYPE, NO_STORE, Bytes::new());
        answer.headers_mut().insert(header::LOCATION, location.expect("a checked prefix is a path of visible ASCII"));
        answer
    }

    fn facts<'a>(&'a self, request: &'a Parts) -> Facts<'a> {
        let signals = Signals::read(&request.headers);
        let here = Authority::of(request);
        let from = here.map(|here| here.host.to_ascii_lowercase()).unwrap_or_default();
        let covered = |host: &str| self.scope.covers(&from, host);
        let names = self.site.hosts.iter().filter_map(|host| match host {
            Host::Any => None,
            Host::Name(name) => Some(name.as_str()),
        });
        Facts {
            site: &self.site,
            words: words::of(&request.headers),
            scope: &self.scope,
            signals,
            standing: signals.standing(&self.site.privacy.honor),
            here,
            not_covered: names.filter(|name| !covered(name)).collect(),
            any_host: self.site.hosts.contains(&Host::Any),
            forwarded: self.forwarded,
        }
    }
}

/// Has the browser forget what it has stored of the site: pages from before the choice are tagged or left alone by what was
/// chosen then. Browsers take the field in secure contexts only (W3C Clear Site Data, section 3.1).
fn clear_stored_pages(headers: &mut HeaderMap, request: &Parts, downstream: Downstream) {
    let secure = downstream.https || Authority::of(request).is_some_and(Authority::is_loopback);
    if secure {
        headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
    }
}

impl Choice {
    /// The last part of its address.
    fn path(self) -> &'static str {
        match self {
            Choice::OptOut => "opt-out",
            Choice::OptIn => "opt-in",
        }
    }
}

fn as_json(method: &Method, status: StatusCode, body: String) -> Response<Bytes> {
    reply(method, status, HeaderValue::from_static("application/json"), NO_STORE, body)
}

/// A page that loads nothing, runs nothing, posts only to us and stands in no frame.
fn as_page(method: &Method, status: StatusCode, words: &Words, body: String) -> Response<Bytes> {
    let mut answer = reply(method, status, page::CONTENT_TYPE, NO_STORE, body);
    let headers = answer.headers_mut();
    if let Ok(language) = HeaderValue::from_str(&words.lang) {
        headers.insert(header::CONTENT_LANGUAGE, language);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, page::policy());
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // With `no-referrer` browsers would send our own form with `Origin: null`.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    answer
}
