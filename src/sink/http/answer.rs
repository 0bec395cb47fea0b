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
//! | anything else is no answer at all (1xx alone, 600 and more) | the same batch again |
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

/// What an answer with this body means to a batch that was sent at a time, in seconds since 1970.
pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8], now_s: i64) -> Delivery {
    let answer = readable(body);
    let said = if answer.is_empty() { String::new() } else { format!(": {answer}") };
    let refusal = Refusal { status: Some(status.as_u16()), answer };
    Delivery::Failed(match status.as_u16() {
        200..=299 => return Delivery::Accepted,
        408 | 409 | 417 | 423 | 425 | 429 | 500 | 502..=504 | 506..=599 => {
            Fault::Again { why: format!("the answer was {status}{said}"), after: retry_after(headers, now_s) }
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
fn retry_after(headers: &HeaderMap, now_s: i64) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now_s).unwrap_or_default());
    Some(at.duration_since(now).unwrap_or_default())
}

/// The start of an answer as one line of text.
fn readable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(KEPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    /// 2023-11-14T22:13:20Z.
    const NOW_S: i64 = 1_700_000_000;

    fn answered(status: u16, retry_after: Option<&str>, body: &[u8]) -> Delivery {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_str(value).expect("a value"));
        }
        of(StatusCode::from_u16(status).expect("a status"), &headers, body, NOW_S)
    }

    /// The word of what follows.
    fn word(delivery: &Delivery) -> &'static str {
        match delivery {
            Delivery::Accepted => "accepted",
            Delivery::Failed(fault) => fault.word(),
        }
    }

    #[test]
    fn every_status_means_what_the_documentation_says() {
        // As docs/sinks.md has it.
        let wanted = |status: u16| match status {
            200..=299 => "accepted",
            408 | 409 | 417 | 423 | 425 | 429 => "again",
            413 => "smaller",
            401..=403 | 407 => "credentials",
            404..=406 | 410 | 411 | 414 | 415 | 421 | 426 | 428 | 431 | 451 | 501 | 505 => "misconfigured",
            300..=399 => "misconfigured",
            400..=499 => "bad",
            // 5xx; and 1xx, which is no answer.
            _ => "again",
        };
        for status in 100..=599 {
            assert_eq!(word(&answered(status, None, b"")), wanted(status), "{status}");
        }
    }

    #[test]
    fn a_backend_says_in_seconds_or_by_a_date_when_to_come_back() {
        let after = |value| match answered(503, Some(value), b"") {
            Delivery::Failed(Fault::Again { after, .. }) => after.map(|after| after.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(after("120"), Some(120));
        assert_eq!(after(" 0 "), Some(0));
        assert_eq!(after("Tue, 14 Nov 2023 22:14:20 GMT"), Some(60));
        assert_eq!(after("Tuesday, 14-Nov-23 22:14:20 GMT"), Some(60), "an old form of dates (RFC 9110 section 5.6.7)");
        assert_eq!(after("Tue, 14 Nov 2023 22:13:19 GMT"), Some(0), "it has passed");
        for rubbish in ["soon", "-1", "1.5", "", "99999999999999999999999"] {
            assert_eq!(after(rubbish), None, "{rubbish}");
        }
    }

    #[test]
    fn an_answers_words_are_kept_as_one_line_cut_to_what_is_worth_it() {
        let Delivery::Failed(fault) = answered(400, None, b" event\n 3:\t \x1b[1mno\0 'site' \xff") else {
            panic!("no fault")
        };
        assert_eq!(fault.words(), "refused with status 400: event 3: [1mno 'site' \u{fffd}");
        let Delivery::Failed(fault) = answered(503, None, "\u{e9}".repeat(5000).as_bytes()) else { panic!("no fault") };
        assert_eq!(fault.words().chars().filter(|c| *c == '\u{e9}').count(), KEPT);
        let Delivery::Failed(fault) = answered(422, None, b"") else { panic!("no fault") };
        assert_eq!(fault.words(), "refused with status 422");
    }

    #[test]
    fn of_where_a_redirect_leads_path_and_query_are_not_told() {
        let to = HeaderValue::from_static("https://collector.example/in?token=SECRET");
        let headers = HeaderMap::from_iter([(LOCATION, to)]);
        let answer = of(StatusCode::PERMANENT_REDIRECT, &headers, b"", NOW_S);
        let Delivery::Failed(Fault::Misconfigured(why)) = answer else { panic!("{answer:?}") };
        assert_eq!(
            why,
            "the URL redirects to https://collector.example (308 Permanent Redirect), and redirects are not followed"
        );
    }
}
