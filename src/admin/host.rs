//! Which `Host` a request to the owner's listener may name.
//!
//! A page on a stranger's domain can let that domain's name point at this listener (DNS rebinding) and would then be of the same
//! origin as the owner's page. It cannot choose what the browser sends as `Host`: its own name, which is refused here.

use std::net::{IpAddr, Ipv6Addr};

use http::Request;
use http::header::HOST;
use http::uri::Authority;

/// The names that are ours besides addresses and `localhost`.
#[derive(Debug, Clone)]
pub(super) struct Hosts(Vec<String>);

/// The `host[:port]` that a request names, lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named(String);

impl Hosts {
    pub(super) fn new(names: &[String]) -> Hosts {
        Hosts(names.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect())
    }

    /// What the request names, where that is an address, `localhost`, or one of the names. `None`: refuse it.
    pub(super) fn named<B>(&self, request: &Request<B>) -> Option<Named> {
        let named = Named::of(request)?;
        let host = named.host();
        (is_address(host) || host == "localhost" || self.0.iter().any(|name| name == host)).then_some(named)
    }
}

impl Named {
    /// One `Host`, or one authority in the request's target; two that differ name nothing.
    fn of<B>(request: &Request<B>) -> Option<Named> {
        let mut lines = request.headers().get_all(HOST).iter();
        let field = match (lines.next(), lines.next()) {
            (Some(one), None) => Some(one.to_str().ok()?.to_ascii_lowercase()),
            (None, _) => None,
            (Some(_), Some(_)) => return None,
        };
        let target = request.uri().authority().map(|authority| authority.as_str().to_ascii_lowercase());
        let named = match (target, field) {
            (Some(target), Some(field)) if target != field => return None,
            (Some(one), _) | (None, Some(one)) => one,
            (None, None) => return None,
        };
        let parsed: Authority = named.parse().ok()?;
        (!parsed.as_str().contains('@')).then_some(Named(named))
    }

    /// `host[:port]`.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port and without a closing dot; an IPv6 address keeps its brackets.
    fn host(&self) -> &str {
        let host = match self.0.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
            _ => &self.0,
        };
        host.trim_end_matches('.')
    }
}

fn is_address(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => matches!(host.parse::<IpAddr>(), Ok(IpAddr::V4(_))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(host: &str) -> Option<Named> {
        let request = Request::builder().uri("/").header(HOST, host).body(()).expect("a request");
        Hosts::new(&["Stats.Example.com".to_owned()]).named(&request)
    }

    #[test]
    fn addresses_localhost_and_configured_names_are_ours() {
        let ours = [
            "127.0.0.1",
            "127.0.0.1:9180",
            "192.168.7.9:80",
            "[::1]",
            "[::1]:9180",
            "localhost",
            "LOCALHOST:9180",
            "stats.example.com",
            "stats.example.com:443",
            "stats.example.com.",
        ];
        for host in ours {
            assert!(named(host).is_some(), "{host} is ours");
        }
    }

    #[test]
    fn any_other_name_is_refused() {
        let strange = [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "stats.example.com.evil.example",
            "",
            "user@127.0.0.1",
            "127.0.0.1:9180:1",
            "::1",
            "127.1",
            "2130706433",
            "localhost:x",
        ];
        for host in strange {
            assert_eq!(named(host), None, "{host:?} is not ours");
        }
    }

    #[test]
    fn two_hosts_or_none_are_refused() {
        let hosts = Hosts::new(&[]);
        let twice = Request::builder().uri("/").header(HOST, "localhost").header(HOST, "localhost").body(());
        assert_eq!(hosts.named(&twice.expect("a request")), None);
        assert_eq!(hosts.named(&Request::builder().uri("/").body(()).expect("a request")), None);
        let differ = Request::builder().uri("http://evil.example/").header(HOST, "localhost").body(());
        assert_eq!(hosts.named(&differ.expect("a request")), None);
    }

    #[test]
    fn the_targets_authority_counts_where_there_is_no_host() {
        let request = Request::builder().uri("http://localhost:9180/").body(()).expect("a request");
        assert_eq!(Hosts::new(&[]).named(&request).map(|named| named.0).as_deref(), Some("localhost:9180"));
    }
}
