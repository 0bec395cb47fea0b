//! Who the client is and what stands outside: `X-Forwarded-*` and `Forwarded` (RFC 7239), believed from trusted peers only.
//!
//! The chain that is sent up begins at the last hop that is not trusted: what stands left of it, anybody may have written. It
//! is read from the right and ends at the first hop that is no address, whatever its bytes are: a line is never skipped, since
//! the one before it may be the client's. `Forwarded` is read where the peer speaks nothing else, all of it or none.

mod element;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

use crate::config::Net;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// So many hops are believed and sent up; no real chain is as long.
const MAX_HOPS: usize = 50;
/// Room for an address and what parts it from the next.
const ADDRESS_CHARS: usize = 24;

/// What is known of the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outside {
    /// The peer of the connection.
    pub(crate) peer: IpAddr,
    /// Whether the peer's forwarding fields are believed.
    pub(crate) trusted: bool,
    /// Whether the visitor speaks https to the outermost trusted hop.
    pub(crate) https: bool,
    /// The hops before the peer, the nearest first: every trusted one, and the first that is not.
    hops: Vec<IpAddr>,
    /// The host that the visitor asked, as trusted hops say.
    host: Option<String>,
}

impl Outside {
    /// Reads a request's fields. `peer` is the connection's other end.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[Net]) -> Outside {
        let mut outside =
            Outside { peer, trusted: is_trusted(peer, trusted), https: false, hops: Vec::new(), host: None };
        if !outside.trusted {
            return outside;
        }
        if speaks_forwarded_alone(headers) {
            outside.read_forwarded(headers, trusted);
        } else {
            outside.read_x_forwarded(headers, trusted);
        }
        outside
    }

    /// The last hop that is not trusted.
    pub(crate) fn client(&self) -> IpAddr {
        self.hops.last().copied().unwrap_or(self.peer)
    }

    /// Whether a peer that is not trusted, but stands in a private network, speaks as a proxy would: its
    /// `trusted_proxies` is probably missing.
    pub(crate) fn looks_like_a_forgotten_proxy(&self, headers: &HeaderMap) -> bool {
        !self.trusted
            && is_private(self.peer)
            && (headers.contains_key(FOR) || headers.contains_key(PROTO) || headers.contains_key(FORWARDED))
    }

    /// The four fields for the origin; `host` is what this request names, if it names one.
    pub(crate) fn fields<'a>(&'a self, host: Option<&'a str>) -> Fields<'a> {
        let mut hops = String::with_capacity((self.hops.len() + 1) * ADDRESS_CHARS);
        for hop in self.hops.iter().rev() {
            push_address(&mut hops, *hop);
            hops.push_str(", ");
        }
        push_address(&mut hops, self.peer);
        let proto = if self.https { "https" } else { "http" };
        let host = self.host.as_deref().or(host);
        Fields { hops, proto, host, forwarded: forwarded(self.client(), proto, host) }
    }

    fn read_x_forwarded(&mut self, headers: &HeaderMap, trusted: &[Net]) {
        self.https = last_token(headers, PROTO).is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        self.host = last_token(headers, HOST).map(str::to_owned);
        let lines = headers.get_all(FOR).iter().rev();
        for token in lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')).take(MAX_HOPS) {
            let Some(hop) = std::str::from_utf8(token).ok().and_then(address) else { return };
            if !self.believe(hop, trusted) {
                return;
            }
        }
    }

    /// Each element that is come to was written by a trusted hop; the furthest one's word on scheme and host holds.
    fn read_forwarded(&mut self, headers: &HeaderMap, trusted: &[Net]) {
        let lines = headers.get_all(FORWARDED).iter().rev();
        let elements = lines.flat_map(|line| element::elements(line.as_bytes(), MAX_HOPS));
        for element in elements.take(MAX_HOPS) {
            let Some(element) = element else { return };
            if let Some(proto) = element.proto {
                self.https = proto.eq_ignore_ascii_case("https");
            }
            if let Some(host) = element.host {
                self.host = Some(host.into_owned());
            }
            let Some(hop) = element.node.as_deref().and_then(address) else { return };
            if !self.believe(hop, trusted) {
                return;
            }
        }
    }

    /// Adds a hop; false where what it says is not believed.
    fn believe(&mut self, hop: IpAddr, trusted: &[Net]) -> bool {
        self.hops.push(hop);
        is_trusted(hop, trusted)
    }
}

/// Whether the visitor speaks https, as far as trusted hops say so; without an allocation where they speak `X-Forwarded-*`.
pub(crate) fn speaks_https(peer: IpAddr, headers: &HeaderMap, trusted: &[Net]) -> bool {
    if speaks_forwarded_alone(headers) {
        return Outside::of(peer, headers, trusted).https;
    }
    last_token(headers, PROTO).is_some_and(|proto| proto.eq_ignore_ascii_case("https")) && is_trusted(peer, trusted)
}

fn speaks_forwarded_alone(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED) && ![FOR, PROTO, HOST].iter().any(|name| headers.contains_key(name))
}

/// Values of `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fields<'a> {
    pub(crate) hops: String,
    pub(crate) proto: &'static str,
    pub(crate) host: Option<&'a str>,
    pub(crate) forwarded: String,
}

/// One element of `Forwarded`: an IPv6 address is bracketed and quoted, a host with anything but token characters quoted
/// (RFC 7239 sections 4 and 6).
fn forwarded(client: IpAddr, proto: &str, host: Option<&str>) -> String {
    let mut value = String::with_capacity(2 * ADDRESS_CHARS + host.map_or(0, str::len));
    match client {
        IpAddr::V4(_) => {
            value.push_str("for=");
            push_address(&mut value, client);
        }
        IpAddr::V6(_) => {
            value.push_str("for=\"[");
            push_address(&mut value, client);
            value.push_str("]\"");
        }
    }
    value.push_str(";proto=");
    value.push_str(proto);
    if let Some(host) = host {
        value.push_str(";host=\"");
        value.extend(host.chars().filter(|c| !matches!(c, '"' | '\\')));
        value.push('"');
    }
    value
}

/// Appends an address. IPv4 by hand: the formatter takes ten times as many instructions, for each of two fields of every
/// request (`benches/pages`).
fn push_address(out: &mut String, addr: IpAddr) {
    let IpAddr::V4(addr) = addr else {
        _ = write!(out, "{addr}");
        return;
    };
    for (at, octet) in addr.octets().into_iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        for (place, least) in [(100, 100), (10, 10), (1, 0)] {
            if octet >= least {
                out.push(char::from(b'0' + octet / place % 10));
            }
        }
    }
}

/// An address out of a hop: bare, bracketed, or with a port.
fn address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    let bare = node.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(node);
    let addr = bare.parse().ok().or_else(|| node.parse::<SocketAddr>().ok().map(|addr| addr.ip()));
    addr.map(|addr| addr.to_canonical())
}

/// The token that the nearest hop wrote.
fn last_token(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
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
    use http::HeaderValue;

    use super::*;

    fn net(text: &str) -> Net {
        let (addr, bits) = text.split_once('/').expect("a network");
        Net { addr: addr.parse().expect("an address"), bits: bits.parse().expect("bits") }
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        map
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_is_written_as_the_formatter_writes_it() {
        for octets in [[0, 0, 0, 0], [255, 255, 255, 255], [1, 20, 100, 9], [10, 99, 101, 200]] {
            let addr = IpAddr::from(octets);
            let mut written = String::new();
            push_address(&mut written, addr);
            assert_eq!(written, addr.to_string());
        }
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
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "\u{e9}, 10.0.0.3")], "10.0.0.3"),
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "")], "127.0.0.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "198.51.100.1:4711")], "198.51.100.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "[::ffff:198.51.100.1]")], "198.51.100.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "for=6.6.6.6")], "127.0.0.1"),
            ("127.0.0.1", vec![("forwarded", "for=6.6.6.6, for=\"_a,for=6.6.6.6\"")], "127.0.0.1"),
            ("127.0.0.1", vec![("forwarded", "for=6.6.6.6"), ("forwarded", "for=\"\u{e9}\"")], "127.0.0.1"),
            ("127.0.0.1", vec![("forwarded", "for=\"6.6.6.6, for=10.0.0.3")], "127.0.0.1"),
            ("127.0.0.1", vec![("forwarded", "for=198.51.100.1, For=10.0.0.3")], "198.51.100.1"),
            ("127.0.0.1", vec![("forwarded", "for=6.6.6.6"), ("x-forwarded-proto", "https")], "127.0.0.1"),
            ("127.0.0.1", vec![("forwarded", "for=1.1.1.1, for=\"[2001:db8::1]:47\";proto=https")], "2001:db8::1"),
        ] {
            let outside = Outside::of(ip(peer), &headers(&lines), &trusted);
            assert_eq!(outside.client(), ip(client), "client of {peer} with {lines:?}");
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
        let fields = outside.fields(Some("shop.test"));
        assert_eq!(
            fields,
            Fields {
                hops: "203.0.113.7".to_owned(),
                proto: "http",
                host: Some("shop.test"),
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
        let outside = Outside::of(ip("127.0.0.1"), &sent, &trusted);
        let fields = outside.fields(Some("shop.test"));
        assert_eq!(fields.hops, "198.51.100.1, 10.0.0.3, 127.0.0.1", "what stands left may be forged");
        assert_eq!((fields.proto, fields.host), ("https", Some("www.shop.test")), "scheme and host");
    }

    #[test]
    fn a_peer_that_speaks_only_forwarded_tells_scheme_and_host_there_too() {
        let trusted = [net("127.0.0.0/8"), net("10.0.0.0/8")];
        let sent = headers(&[(
            "forwarded",
            "for=6.6.6.6;proto=http;host=evil.test, for=198.51.100.1;Proto=HTTPS;Host=\"www.shop.test\", for=10.0.0.3;proto=http",
        )]);
        let outside = Outside::of(ip("127.0.0.1"), &sent, &trusted);
        let fields = outside.fields(Some("shop.test"));
        assert_eq!(fields.hops, "198.51.100.1, 10.0.0.3, 127.0.0.1");
        assert_eq!((fields.proto, fields.host), ("https", Some("www.shop.test")), "the outermost trusted hop's word");
        assert!(speaks_https(ip("127.0.0.1"), &sent, &trusted));
        assert!(!speaks_https(ip("203.0.113.7"), &sent, &trusted), "nobody else's");
    }

    #[test]
    fn a_chain_without_end_is_cut() {
        let mut sent = HeaderMap::new();
        let chain = vec!["10.0.0.1"; 5000].join(", ");
        sent.append(FOR, HeaderValue::from_str(&chain).expect("a value"));
        let outside = Outside::of(ip("127.0.0.1"), &sent, &[net("127.0.0.0/8"), net("10.0.0.0/8")]);
        assert_eq!(outside.hops.len(), MAX_HOPS);
    }
}
