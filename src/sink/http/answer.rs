//! What an answer means: the backend's table of faults.
//!
//! | answer | then |
//! |---|---|
//! | 2xx | accepted |
//! | 408, 425, 429, 5xx but 501 and 505; no answer at all | the same batch again, after `Retry-After` or a growing pause |
//! | 409, 417, 423 | the same: an earlier attempt under this key is still in hand, or `Expect` is not known |
//! | 413 | the batch is halved |
//! | 401, 402, 403, 407 | credentials: again at long intervals |
//! | 3xx, 404, 405, 406, 410, 411, 414, 415, 421, 426, 428, 431, 451, 501, 505 | the configuration is wrong: the sink stops |
//! | any other 4xx | an event in it is bad: the batch is halved until that one stands alone |
//!
//! A half has a key of its own. So what says nothing about events never halves a batch: a backend that has stored it already, and
//! whose answer was lost, would store it twice.

use std::io;
use std::time::{Duration, SystemTime};

use ureq::http::header::{LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, StatusCode, Uri};

use super::super::fault::{Delivery, Fault, Refusal};

/// So many characters of an answer are kept.
const KEPT: usize = 300;

/// What an answer with this body means.
pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Delivery {
    let answer = readable(body);
    let said = if answer.is_empty() { String::new() } else { format!(": {answer}") };
    let refusal = Refusal { status: Some(status.as_u16()), answer };
    Delivery::Failed(match status.as_u16() {
        200..=299 => return Delivery::Accepted,
        408 | 409 | 417 | 423 | 425 | 429 | 500 | 502..=504 | 506..=599 => {
            Fault::Again { why: format!("the answer was {status}{said}"), after: retry_after(headers) }
        }
        413 => Fault::Smaller(refusal),
        401..=403 | 407 => Fault::Credentials(format!("the credentials were refused with {status}{said}")),
        300..=399 => Fault::Misconfigured(redirected(status, headers)),
        404..=406 | 410 | 411 | 414 | 415 | 421 | 426 | 428 | 431 | 451 | 501 | 505 => {
            Fault::Misconfigured(format!("the URL answers {status}: is it right?{said}"))
        }
        400..=499 => Fault::Bad(refusal),
        _ => Fault::Again { why: format!("the answer was {status}{said}"), after: None },
    })
}

/// Without path and query of where it leads: services want tokens in them, and those of the URL often come back here.
fn redirected(status: StatusCode, headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).and_then(|to| Uri::try_from(to.as_bytes()).ok());
    let host = |uri: Uri| Some(format!(" to {}://{}", uri.scheme_str()?, host_and_port(&uri)?));
    let to = location.and_then(host).unwrap_or_default();
    format!("the URL redirects{to} ({status}), and redirects are not followed")
}

fn host_and_port(uri: &Uri) -> Option<String> {
    let (host, port) = (uri.host()?, uri.port().map(|port| format!(":{port}")).unwrap_or_default());
    Some(format!("{host}{port}"))
}

/// A failure without an answer, in words.
pub(super) fn transport(error: &ureq::Error, timeout: Duration) -> String {
    match error {
        ureq::Error::HostNotFound => "the host's name has no address".into(),
        ureq::Error::ConnectionFailed => "no connection was made".into(),
        ureq::Error::Timeout(ureq::Timeout::Connect) => "no connection was made in time".into(),
        ureq::Error::Timeout(_) => format!("no answer within timeout_secs ({} s)", timeout.as_secs()),
        ureq::Error::Rustls(error) => format!("the TLS handshake failed: {error}"),
        ureq::Error::Io(error) => broken(error),
        other => format!("no answer came: {other}"),
    }
}

fn broken(error: &io::Error) -> String {
    let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    let text = error.to_string();
    match error.kind() {
        _ if is_tls => format!("the TLS handshake failed: {text}"),
        io::ErrorKind::ConnectionRefused => format!("no connection was made: {text}"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => format!("no connection was made: {text}"),
        // The standard library has no kind for it.
        _ if text.starts_with("failed to lookup address") => format!("the host's name has no address: {text}"),
        _ => format!("the connection broke: {text}"),
    }
}

/// Seconds, or a date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    #[expect(
        clippy::disallowed_methods,
        reason = "a date of the wire is compared with the date of the wire's other end"
    )]
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The start of an answer as one line of text.
fn readable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(KEPT).collect()
}
