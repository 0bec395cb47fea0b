//! The form that all of our answers have: a true length, a type that is not guessed at, no body for HEAD.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};

/// Never kept: what holds for one visitor now, and every refusal.
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// An answer to `method` with `body`, of which HEAD sees only the length (RFC 9110 section 9.3.2).
pub(super) fn reply(
    method: &Method,
    status: StatusCode,
    content_type: HeaderValue,
    cache_control: HeaderValue,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let body = body.into();
    let length = HeaderValue::from(body.len());
    let mut answer = Response::new(if method == Method::HEAD { Bytes::new() } else { body });
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_LENGTH, length);
    headers.insert(header::CACHE_CONTROL, cache_control);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// 404: a path under the prefix that is none of ours, or one of ours in another spelling.
pub fn not_found(method: &Method) -> Response<Bytes> {
    reply(method, StatusCode::NOT_FOUND, PLAIN, NO_STORE, "There is nothing at this address.\n")
}

/// 405: the path is ours, the method is not among those that it takes.
pub(super) fn wrong_method(method: &Method, allow: &'static str) -> Response<Bytes> {
    let text = format!("This address takes {allow} only.\n");
    let mut answer = reply(method, StatusCode::METHOD_NOT_ALLOWED, PLAIN, NO_STORE, text);
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    answer
}

/// The methods that only read.
pub(super) const READING: &str = "GET, HEAD";

/// Whether a method only reads.
pub(super) fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
