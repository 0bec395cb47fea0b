//! Who the client is and what stands outside: `X-Forwarded-*` and `Forwarded` (RFC 7239), believed from trusted peers only.
//!
//! The chain that is sent up begins at the last hop that is not trusted: what stands left of it, anybody may have written.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;

use crate::config::Net;

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";

/// What is known of the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outside {
    /// The last hop that is not trusted.
    pub(crate) client: IpAddr,
    /// The peer of the connection.
    pub(crate) peer: IpAddr,
    /// Whether the peer's forwarding fields are believed.
    pub(crate) trusted: bool,
    /// Whether the visitor speaks https to the outermost trusted hop.
    pub(crate) https: bool,
}

impl Outside {
    /// Reads a request's fields. `peer` is the connection's other end.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[Net]) -> Outside {
        let believed = is_trusted(peer, trusted);
        if !believed {
            return Outside { client: peer, peer, trusted: false, https: false };
        }
        let client = believed_hops(headers, trusted).last().copied().unwrap_or(peer);
        Outside { client, peer, trusted: true, https: last_token(headers, PROTO) == Some("https") }
    }

    /// Whether a peer that is not trusted, but stands in a private network, speaks as a proxy would: its
    /// `trusted_proxies` is probably missing.
    pub(crate) fn looks_like_a_forgotten_proxy(&self, headers: &HeaderMap) -> bool {
        !self.trusted
            && is_private(self.peer)
            && (headers.contains_key(FOR) || headers.contains_key(PROTO) || headers.contains_key(FORWARDED))
    }

    /// The four fields for the origin.
    pub(crate) fn fields(&self, headers: &HeaderMap, host: &str, trusted: &[Net]) -> Fields {
        let mut hops = String::new();
        if self.trusted {
            for hop in believed_hops(headers, trusted).iter().rev() {
                _ = write!(hops, "{hop}, ");
            }
        }
        _ = write!(hops, "{}", self.peer);
        let proto = if self.https { "https" } else { "http" };
        let host = self.trusted.then(|| last_token(headers, HOST)).flatten().unwrap_or(host).to_owned();
        let forwarded = forwarded(self.client, proto, &host);
        Fields { hops, proto, host, forwarded }
    }
}

/// Values of `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) hops: String,
    pub(crate) proto: &'static str,
    pub(crate) host: String,
    pub(crate) forwarded: String,
}

/// One element of `Forwarded`: an IPv6 address is bracketed and quoted, a host with anything but token characters quoted
/// (RFC 7239 sections 4 and 6).
fn forwarded(client: IpAddr, proto: &str, host: &str) -> String {
    let mut value = match client {
        IpAddr::V4(addr) => format!("for={addr};proto={proto}"),
        IpAddr::V6(addr) => format!("for=\"[{addr}]\";proto={proto}"),
    };
    if !host.is_empty() {
        let quotable = host.replace(['"', '\\'], "");
        _ = write!(value, ";host=\"{quotable}\"");
    }
    value
}

/// The hops of `X-Forwarded-For`, or of `Forwarded` where there is none, the nearest first: every trusted one, and the
/// first that is not. It ends early at what is no address.
fn believed_hops(headers: &HeaderMap, trusted: &[Net]) -> Vec<IpAddr> {
    let name = if headers.contains_key(FOR) { FOR } else { FORWARDED.as_str() };
    let mut hops = Vec::new();
    let lines = headers.get_all(name).iter().rev().filter_map(|line| line.to_str().ok());
    for token in lines.flat_map(|line| line.rsplit(',')) {
        let Some(hop) = address(token) else { break };
        hops.push(hop);
        if !is_trusted(hop, trusted) {
            break;
        }
    }
    hops
}

/// An address out of a hop: bare, with a port, bracketed, quoted, or a `Forwarded` element's `for=`.
fn address(token: &str) -> Option<IpAddr> {
    let token = token.trim();
    let token = match token.contains('=') {
        true => token.split(';').find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
        })?,
        false => token,
    };
    let token = token.trim_matches('"');
    let bare = token.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(token);
    bare.parse().ok().or_else(|| token.parse::<SocketAddr>().ok().map(|addr| addr.ip()))
}

/// The token that the nearest hop wrote.
fn last_token<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim).filter(|token| !token.is_empty())
}

fn is_trusted(addr: IpAddr, trusted: &[Net]) -> bool {
    trusted.iter().any(|net| net.contains(addr))
}

/// Whether an address belongs to a private network or this machine.
fn is_private(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(addr) => addr.is_private() || addr.is_loopback() || addr.is_link_local(),
        IpAddr::V6(addr) => addr.is_loopback() || addr.is_unique_local() || addr.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Net {
        let (addr, bits) = text.split_once('/').expect("a network");
        Net { addr: addr.parse().expect("an address"), bits: bits.parse().expect("bits") }
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, http::HeaderValue::from_static(value));
        }
        map
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_not_trusted() {
        let trusted = [net("127.0.0.0/8"), net("10.0.0.0/8")];
        for (peer, lines, client) in [
            ("203.0.113.7", vec![("x-forwarded-for", "198.51.100.1")], "203.0.113.7"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "1.1.1.1, 198.51.100.1, 10.0.0.3")], "198.51.100.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "1.1.1.1, unknown")], "127.0.0.1"),
            ("127.0.0.1", vec![("forwarded", "for=1.1.1.1, for=\"[2001:db8::1]:47\";proto=https")], "2001:db8::1"),
        ] {
            let outside = Outside::of(ip(peer), &headers(&lines), &trusted);
            assert_eq!(outside.client, ip(client), "client of {peer} with {lines:?}");
        }
    }

    #[test]
    fn an_untrusted_client_forges_nothing() {
        let forged = headers(&[
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.test"),
            ("forwarded", "for=1.1.1.1;host=evil.test"),
        ]);
        let outside = Outside::of(ip("203.0.113.7"), &forged, &[net("127.0.0.0/8")]);
        let fields = outside.fields(&forged, "shop.test", &[net("127.0.0.0/8")]);
        assert_eq!(
            fields,
            Fields {
                hops: "203.0.113.7".to_owned(),
                proto: "http",
                host: "shop.test".to_owned(),
                forwarded: "for=203.0.113.7;proto=http;host=\"shop.test\"".to_owned(),
            }
        );
    }

    #[test]
    fn a_trusted_peers_chain_goes_up_from_the_last_untrusted_hop() {
        let trusted = [net("127.0.0.0/8"), net("10.0.0.0/8")];
        let sent = headers(&[
            ("x-forwarded-for", "1.1.1.1, 198.51.100.1, 10.0.0.3"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "www.shop.test"),
        ]);
        let fields = Outside::of(ip("127.0.0.1"), &sent, &trusted).fields(&sent, "shop.test", &trusted);
        assert_eq!(fields.hops, "198.51.100.1, 10.0.0.3, 127.0.0.1", "what stands left may be forged");
        assert_eq!((fields.proto, fields.host.as_str()), ("https", "www.shop.test"), "scheme and host");
    }
}
