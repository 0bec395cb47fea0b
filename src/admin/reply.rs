//! Answers of the owner's listener. Each bears the same guards: nothing is stored, framed, sniffed, or loaded from elsewhere.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use ring::digest;

use super::page;
pub(super) use crate::collect::wants_json;

/// An answer in the making.
pub(super) type Reply = Response<Bytes>;

/// What the guards are called and say.
///
/// `Referrer-Policy` is `same-origin`: under `no-referrer` browsers send `Origin: null` with our own login form, which over
/// plain http leaves nothing to tell it from a stranger's.
const GUARDS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// Nothing may run or load; the style is the one that we wrote, the picture of the tab stands in the page itself.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = BASE64.encode(digest::digest(&digest::SHA256, page::STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a policy of ASCII letters is a header value")
});

/// A page.
pub(super) fn html(status: StatusCode, body: String) -> Reply {
    reply(status, HeaderValue::from_static("text/html; charset=utf-8"), body)
}

/// Lines of text; a line end is put behind the last.
pub(super) fn text(status: StatusCode, lines: &str) -> Reply {
    reply(status, HeaderValue::from_static("text/plain; charset=utf-8"), format!("{lines}\n"))
}

/// A JSON document.
pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Reply {
    reply(status, HeaderValue::from_static("application/json"), format!("{body}\n"))
}

/// Metrics in Prometheus' text format.
pub(super) fn metrics(body: String) -> Reply {
    reply(StatusCode::OK, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"), body)
}

/// Sends a browser on with a GET.
pub(super) fn see_other(path: &'static str) -> Reply {
    let mut reply = text(StatusCode::SEE_OTHER, path);
    reply.headers_mut().insert(header::LOCATION, HeaderValue::from_static(path));
    reply
}

/// Whether the sender is one that shows pages.
pub(super) fn wants_html(headers: &HeaderMap) -> bool {
    accepts(headers, "text/html")
}

/// Says which methods a path has.
pub(super) fn wrong_method(allowed: &[Method]) -> Reply {
    let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    let names = names.join(", ");
    let mut reply = text(StatusCode::METHOD_NOT_ALLOWED, &format!("This address takes {names} only."));
    if let Ok(value) = HeaderValue::try_from(names) {
        reply.headers_mut().insert(header::ALLOW, value);
    }
    reply
}

fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(media_type)))
}

fn reply(status: StatusCode, content_type: HeaderValue, body: String) -> Reply {
    let mut reply = Response::new(Bytes::from(body));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.extend(GUARDS);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_pages_and_a_program_that_asks_for_json_gets_json() {
        let said = |accept: &'static str| HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
        assert!(wants_json(&said("application/json;q=0.9")));
        assert!(!wants_json(&said("text/html,application/xhtml+xml,application/json")));
        assert!(!wants_json(&said("*/*")));
        assert!(!wants_json(&HeaderMap::new()));
        assert!(wants_html(&said("text/html,*/*;q=0.8")));
    }
}
