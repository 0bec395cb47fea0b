//! A host with its port, as `Host` and `Origin` name it.

use http::header;
use http::request::Parts;

/// A host and a port as they were sent; empty where no port was named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authority<'a> {
    /// A name or an address, an IPv6 address in brackets.
    pub(super) host: &'a str,
    /// Digits, or nothing.
    pub(super) port: &'a str,
}

impl<'a> Authority<'a> {
    /// The host that a request was sent to; `None` where it names none, or nothing that could be one.
    pub(super) fn of(request: &'a Parts) -> Option<Authority<'a>> {
        let named = match request.headers.get(header::HOST) {
            Some(host) => host.to_str().ok()?,
            None => request.uri.authority()?.as_str(),
        };
        Authority::parse(named)
    }

    /// Reads `host`, `host:port` or `[address]:port`.
    pub(super) fn parse(text: &'a str) -> Option<Authority<'a>> {
        let text = text.trim_ascii();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (text, ""),
        };
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let in_brackets = name.len() != host.len();
        let host_ok = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || (in_brackets && byte == b':'));
        (host_ok && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(Authority { host, port })
    }

    /// Whether both are the same host and port. A default port is the same as none, of whichever scheme: TLS may end in
    /// front of us, so that the scheme that the visitor sees is not known.
    pub(super) fn is(self, other: Authority<'_>) -> bool {
        self.host.eq_ignore_ascii_case(other.host) && self.named_port() == other.named_port()
    }

    fn named_port(self) -> &'a str {
        if matches!(self.port, "80" | "443") { "" } else { self.port }
    }

    /// Whether browsers trust the host without TLS (Secure Contexts, section 3.1).
    pub(super) fn is_loopback(self) -> bool {
        let host = self.host.to_ascii_lowercase();
        let address = host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        address || host == "[::1]" || host == "localhost" || host.ends_with(".localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Authority<'_> {
        Authority::parse(text).unwrap_or_else(|| panic!("{text} is a host"))
    }

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (text, host, port) in [
            ("shop.test", "shop.test", ""),
            ("shop.test:8080", "shop.test", "8080"),
            ("[::1]", "[::1]", ""),
            ("[::1]:8080", "[::1]", "8080"),
            (" 127.0.0.1:1 ", "127.0.0.1", "1"),
        ] {
            let authority = parse(text);
            assert_eq!((authority.host, authority.port), (host, port), "{text}");
        }
        for text in ["", ":80", "a b", "a:b", "a:80:80", "<a>", "a/b", "user@a", "[]", "a\u{e9}"] {
            assert!(Authority::parse(text).is_none(), "{text:?} is no host");
        }
    }

    #[test]
    fn default_ports_are_the_same_as_none_and_case_is_ignored() {
        for (a, b, same) in [
            ("shop.test", "SHOP.test", true),
            ("shop.test:443", "shop.test", true),
            ("shop.test:80", "shop.test:443", true),
            ("shop.test:8080", "shop.test:8080", true),
            ("shop.test:8080", "shop.test", false),
            ("shop.test", "a.shop.test", false),
        ] {
            assert_eq!(parse(a).is(parse(b)), same, "{a} and {b}");
        }
    }

    #[test]
    fn loopback_is_trusted_without_tls() {
        for (host, loopback) in [
            ("localhost:8080", true),
            ("a.localhost", true),
            ("127.0.0.1", true),
            ("127.9.9.9:80", true),
            ("[::1]:80", true),
            ("shop.test", false),
            ("notlocalhost", false),
            ("127.0.0.1.example.com", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(parse(host).is_loopback(), loopback, "{host}");
        }
    }
}
