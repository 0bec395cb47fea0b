//! What kind of exchange a request asks for: whether a switch of protocols may pass, and how long both ends may be silent.

use http::header::{ACCEPT, CONNECTION, HeaderName, UPGRADE};
use http::{HeaderMap, Version};
use pingora::http::RequestHeader;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An answer.
    Answer,
    /// A stream of server-sent events.
    Events,
    /// A switch of protocols that may pass.
    Upgrade,
}

impl Kind {
    pub(super) fn of(request: &RequestHeader) -> Kind {
        if may_upgrade(request) {
            Kind::Upgrade
        } else if members(&request.headers, ACCEPT).any(|range| is(before(range, b';'), "text/event-stream")) {
            Kind::Events
        } else {
            Kind::Answer
        }
    }

    /// Whether silence is its normal state.
    pub(super) fn is_long_lived(self) -> bool {
        self != Kind::Answer
    }
}

/// Only HTTP/1.1 upgrades, and only what `Connection` names (RFC 9110 section 7.8).
fn may_upgrade(request: &RequestHeader) -> bool {
    request.headers.contains_key(UPGRADE)
        && request.version == Version::HTTP_11
        && members(&request.headers, CONNECTION).any(|option| is(option, "upgrade"))
        && members(&request.headers, UPGRADE).all(may_pass)
}

/// HTTP within the tunnel would be requests that no rule of ours sees: neither the prefix, nor the cookies, nor who asks. TLS
/// could hold the same.
fn may_pass(protocol: &[u8]) -> bool {
    let name = before(protocol, b'/');
    let is_http2 = name.get(..2).is_some_and(|start| is(start, "h2"));
    !is_http2 && !is(name, "http") && !is(name, "tls")
}

/// A list's members, over all of its lines.
fn members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers.get_all(name).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

fn before(member: &[u8], mark: u8) -> &[u8] {
    member.split(|byte| *byte == mark).next().unwrap_or_default().trim_ascii()
}

fn is(word: &[u8], expected: &str) -> bool {
    word.eq_ignore_ascii_case(expected.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_upgrade_and_a_stream_of_events_may_be_silent() {
        for (lines, version, kind) in [
            (&[("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade")][..], Version::HTTP_11, Kind::Upgrade),
            (&[("Upgrade", "my-protocol/1"), ("Connection", "UPGRADE")], Version::HTTP_11, Kind::Upgrade),
            (&[("Upgrade", "websocket"), ("Connection", "upgrade")], Version::HTTP_10, Kind::Answer),
            (&[("Upgrade", "websocket")], Version::HTTP_11, Kind::Answer),
            (&[("Upgrade", "websocket"), ("Connection", "close")], Version::HTTP_11, Kind::Answer),
            (&[("Upgrade", "h2c"), ("Connection", "Upgrade")], Version::HTTP_11, Kind::Answer),
            (&[("Upgrade", "websocket, H2C"), ("Connection", "Upgrade")], Version::HTTP_11, Kind::Answer),
            (&[("Upgrade", "HTTP/2.0"), ("Connection", "Upgrade")], Version::HTTP_11, Kind::Answer),
            (&[("Upgrade", "TLS/1.0, HTTP/1.1"), ("Connection", "Upgrade")], Version::HTTP_11, Kind::Answer),
            (&[("Accept", "text/event-stream")], Version::HTTP_11, Kind::Events),
            (&[("Accept", "application/json, Text/Event-Stream;q=0.9")], Version::HTTP_11, Kind::Events),
            (&[("Accept", "*/*"), ("Accept", "text/event-stream")], Version::HTTP_11, Kind::Events),
            (&[("Accept", "text/event-streams")], Version::HTTP_11, Kind::Answer),
            (&[], Version::HTTP_11, Kind::Answer),
        ] {
            let mut request = RequestHeader::build("GET", b"/", None).expect("a request");
            request.set_version(version);
            for (name, value) in lines {
                request.append_header(*name, *value).expect("a field");
            }
            assert_eq!(Kind::of(&request), kind, "{lines:?} in {version:?}");
        }
    }
}
