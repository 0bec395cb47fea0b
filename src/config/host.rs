//! Names of hosts, origins and prefixes: how they are written in a file or a flag, and what is said where they are not.
//!
//! `Err` of every function here is the sentence for the owner: what is wrong; what to write instead.

use std::net::{IpAddr, Ipv6Addr};

use super::words;
use super::{Host, HostSent, Origin};

/// Reads a host of a site.
pub(super) fn host(written: &str) -> Result<Host, String> {
    match written {
        "*" => Ok(Host::Any),
        _ => name(written).map(Host::Name),
    }
}

/// Reads which `Host` is sent up.
pub(super) fn host_sent(written: &str) -> Result<HostSent, String> {
    match written {
        "keep" => Ok(HostSent::Keep),
        "origin" => Ok(HostSent::Origin),
        _ => match words::nearest(written, ["keep", "origin"].into_iter()) {
            Some(known) if !written.contains(['.', ':']) => Err(format!(
                "`{written}` is no host name with a dot; write `{known}`, or a name such as shop.example.com"
            )),
            _ => name(written).map(HostSent::Name),
        },
    }
}

/// Reads a host name or address without port, an IPv6 address in brackets; the result is in lower case.
pub(super) fn name(written: &str) -> Result<String, String> {
    let bad = |what: &str, instead: &str| Err(format!("the host `{written}` {what}; write {instead}"));
    if let Some((_, rest)) = written.split_once("://") {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        return bad("is a URL", if host.is_empty() { "the name alone" } else { host });
    }
    if let Ok(ip) = written.parse::<Ipv6Addr>() {
        return bad("lacks brackets", &format!("[{ip}]"));
    }
    if let Some(ip) = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match ip.parse::<Ipv6Addr>() {
            Ok(ip) => Ok(format!("[{ip}]")),
            Err(_) => bad("is no IPv6 address", "one such as [2001:db8::1]"),
        };
    }
    if let Some((host, port)) = written.rsplit_once(':')
        && !host.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        return bad("has a port", host);
    }
    if written == "*" {
        return bad("is every host, and one is meant here", "one by its name, such as stats.example.com");
    }
    if written.contains('*') {
        return bad("has a `*` that does not stand alone", "each host by its name, or \"*\" for every host");
    }
    if !written.is_ascii() {
        return bad("is not ASCII", "its form for the wire, which starts with xn--");
    }
    if let Some(host) = written.strip_suffix('.').filter(|host| !host.is_empty()) {
        return bad("ends in a dot", host);
    }
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    if written.len() > 253 || !written.split('.').all(label) {
        return bad("is no host name", "one such as shop.example.com");
    }
    Ok(written.to_ascii_lowercase())
}

/// Reads the URL of an origin.
pub(super) fn origin(written: &str) -> Result<Origin, String> {
    if written.starts_with("unix:") {
        return Err(words::later("an origin on a unix socket", "write http:// with an address and a port"));
    }
    let bad = |what: &str, instead: String| Err(format!("the origin `{written}` {what}; write {instead}"));
    let Some((scheme, rest)) = written.split_once("://") else {
        return bad("has no scheme", format!("http://{}", if written.is_empty() { "127.0.0.1:3000" } else { written }));
    };
    let https = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => return bad("is neither http nor https", format!("http://{rest}")),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((_, host)) = authority.rsplit_once('@') {
        // Not `bad`: a password is not printed.
        return Err(format!("the origin has a user name, which is not sent; write {scheme}://{host}"));
    }
    if !matches!(rest.strip_prefix(authority), Some("" | "/")) {
        return bad("has a path, and the visitor's is sent", format!("{scheme}://{authority}"));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') && authority.parse::<Ipv6Addr>().is_err() => {
            (host, port.parse::<u16>().ok().filter(|port| *port != 0))
        }
        _ => (authority, Some(if https { 443 } else { 80 })),
    };
    let Some(port) = port else {
        return bad("has no port from 1 to 65535 behind its colon", format!("{scheme}://{host}:3000"));
    };
    let host = name(host)?;
    let host = host.trim_matches(['[', ']']).to_owned();
    Ok(Origin { https, host, port })
}

/// Reads the path below which Inlay answers. Its spelling must be the only one: no dots, no escapes, no double slashes.
pub(super) fn prefix(written: &str) -> Result<String, String> {
    let bad = |what: &str, instead: &str| Err(format!("the prefix `{written}` {what}; write {instead}"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/');
    let trimmed = format!("/{}", written.trim_matches('/'));
    if !written.bytes().all(plain) {
        return bad(
            "has a character that has other spellings in a URL",
            "letters, digits, `-`, `_`, `.` and `~` alone",
        );
    }
    if trimmed == "/" {
        return bad("would take the whole site", "/_inlay");
    }
    if trimmed.split('/').skip(1).any(|segment| matches!(segment, "" | "." | "..")) {
        return bad("has an empty segment or a dot segment", "/_inlay");
    }
    if trimmed == written { Ok(trimmed) } else { bad("does not start with one `/` and end without", &trimmed) }
}

impl Origin {
    /// Whether the address is one of this machine or of a private network. A name is, where it is `localhost`, has one
    /// label, or lies under `.localhost`, `.local`, `.internal` or `.home.arpa`: such names are not of the public DNS.
    pub(super) fn is_near(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(ip) => near(ip),
            Err(_) => match self.host.rsplit_once('.') {
                None => true,
                Some((_, last)) => {
                    matches!(last, "localhost" | "local" | "internal") || self.host.ends_with(".home.arpa")
                }
            },
        }
    }
}

fn near(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            // 100.64.0.0/10 is the carriers' private network (RFC 6598).
            let shared = matches!(ip.octets(), [100, second, ..] if second & 0xc0 == 64);
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified() || shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_lower_case_names_or_addresses() {
        assert_eq!(host("*"), Ok(Host::Any));
        assert_eq!(host("Shop.Example.COM"), Ok(Host::Name("shop.example.com".into())));
        assert_eq!(host("127.0.0.1"), Ok(Host::Name("127.0.0.1".into())));
        assert_eq!(host("[2001:DB8::0:1]"), Ok(Host::Name("[2001:db8::1]".into())));
    }

    #[test]
    fn a_host_that_is_none_is_refused_with_what_to_write() {
        for (written, instead) in [
            ("https://shop.example.com/a", "write shop.example.com"),
            ("shop.example.com:80", "write shop.example.com"),
            ("*.example.com", "each host by its name"),
            ("::1", "write [::1]"),
            ("[::1]:80", "write [::1]"),
            ("bücher.example", "xn--"),
            ("example.com.", "write example.com"),
            ("", "shop.example.com"),
            ("a..b", "shop.example.com"),
            ("-a.example", "shop.example.com"),
            ("a b", "shop.example.com"),
        ] {
            let message = host(written).expect_err(written);
            assert!(message.contains(instead), "{written}: {message}");
        }
    }

    #[test]
    fn every_host_is_no_name_where_one_is_meant() {
        let message = name("*").expect_err("no name");
        assert_eq!(
            message,
            "the host `*` is every host, and one is meant here; write one by its name, such as stats.example.com"
        );
    }

    #[test]
    fn an_origin_has_a_scheme_a_host_and_a_port() {
        let of = |https, host: &str, port| Ok(Origin { https, host: host.into(), port });
        assert_eq!(origin("http://127.0.0.1:3000"), of(false, "127.0.0.1", 3000));
        assert_eq!(origin("https://Example.com/"), of(true, "example.com", 443));
        assert_eq!(origin("http://[::1]:3000"), of(false, "::1", 3000));
        assert_eq!(origin("http://[::1]"), of(false, "::1", 80));
    }

    #[test]
    fn an_origin_that_is_none_is_refused_with_what_to_write() {
        for (written, instead) in [
            ("127.0.0.1:3000", "write http://127.0.0.1:3000"),
            ("unix:/run/app.sock", "later version (0.2)"),
            ("ftp://a.example", "write http://a.example"),
            ("http://a.example/shop", "write http://a.example"),
            ("http://a.example?x", "write http://a.example"),
            ("http://me:secret@a.example", "write http://a.example"),
            ("http://a.example:0", "1 to 65535"),
            ("http://a.example:", "1 to 65535"),
            ("http://::1", "[::1]"),
            ("http://", "shop.example.com"),
        ] {
            let message = origin(written).expect_err(written);
            assert!(message.contains(instead), "{written}: {message}");
        }
    }

    #[test]
    fn a_prefix_has_one_spelling() {
        assert_eq!(prefix("/_inlay"), Ok("/_inlay".into()));
        assert_eq!(prefix("/a/b.c"), Ok("/a/b.c".into()));
        for (written, instead) in [
            ("_inlay", "write /_inlay"),
            ("/_inlay/", "write /_inlay"),
            ("/", "write /_inlay"),
            ("", "write /_inlay"),
            ("/a//b", "empty segment"),
            ("/a/../b", "dot segment"),
            ("/a%20b", "letters, digits"),
            ("/a;b", "letters, digits"),
        ] {
            let message = prefix(written).expect_err(written);
            assert!(message.contains(instead), "{written}: {message}");
        }
    }

    #[test]
    fn a_mistyped_word_for_the_host_sent_up_is_not_taken_for_a_name() {
        assert_eq!(host_sent("origin"), Ok(HostSent::Origin));
        assert_eq!(host_sent("shop.example.com"), Ok(HostSent::Name("shop.example.com".into())));
        assert_eq!(host_sent("backend"), Ok(HostSent::Name("backend".into())));
        assert!(host_sent("orign").expect_err("mistyped").contains("write `origin`"));
    }

    #[test]
    fn an_origin_is_near_on_this_machine_and_in_private_networks() {
        for (url, wanted) in [
            ("http://127.0.0.1", true),
            ("http://[::1]", true),
            ("http://192.168.1.2", true),
            ("http://172.31.0.1", true),
            ("http://100.64.0.1", true),
            ("http://169.254.1.1", true),
            ("http://[fd00::1]", true),
            ("http://[fe80::1]", true),
            ("http://localhost:3000", true),
            ("http://app:3000", true),
            ("http://a.localhost", true),
            ("http://nas.local", true),
            ("http://host.docker.internal", true),
            ("http://1.1.1.1", false),
            ("http://100.128.0.1", false),
            ("http://[2001:db8::1]", false),
            ("https://example.com", false),
        ] {
            assert_eq!(origin(url).expect(url).is_near(), wanted, "{url}");
        }
    }
}
