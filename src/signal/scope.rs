//! How far the opt-out cookie reaches, and the `Set-Cookie` values that set it and take it away.
//!
//! A cookie with `Domain` holds for that host and all below it. It is used where that covers every host of the site, so that
//! one no is a no on all of them; otherwise the cookie is the one host's alone, and the visitor's page names the others.

use std::net::IpAddr;

use http::HeaderValue;

use crate::config::Host;

use super::OPT_OUT_COOKIE;

/// 400 days, the most that browsers keep a cookie.
const MAX_AGE_SECS: u32 = 34_560_000;

/// How far a site's opt-out cookie reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The host that set it, no other.
    Host,
    /// This host and all below it: all of the site's.
    Domain(String),
}

impl Scope {
    /// The scope for a site's hosts: the shortest of them, if all of them lie under it and a cookie may be set for it.
    pub fn of(hosts: &[Host]) -> Scope {
        let mut names = Vec::with_capacity(hosts.len());
        for host in hosts {
            match host {
                Host::Any => return Scope::Host,
                Host::Name(name) => names.push(name.as_str()),
            }
        }
        match names.iter().min_by_key(|name| name.len()) {
            Some(shortest) if may_be_domain(shortest) && names.iter().all(|name| lies_under(name, shortest)) => {
                Scope::Domain((*shortest).to_owned())
            }
            _ => Scope::Host,
        }
    }

    /// Whether a cookie set on `from` is sent to `host`. Both lower case, without port.
    pub fn covers(&self, from: &str, host: &str) -> bool {
        match self {
            Scope::Host => from == host,
            Scope::Domain(domain) => lies_under(host, domain),
        }
    }

    /// The `Set-Cookie` value of an opt-out. Never `HttpOnly`, because the script reads it; never `Secure`, because the site
    /// may speak plain HTTP too.
    pub fn opt_out(&self) -> HeaderValue {
        let domain = match self {
            Scope::Host => None,
            Scope::Domain(domain) => Some(domain.as_str()),
        };
        set_cookie("1", MAX_AGE_SECS, domain)
    }

    /// The `Set-Cookie` values that take an opt-out back, given on `host` (lower case, without port): the host's own cookie,
    /// and the one of each `Domain` that reaches it. Which of them there is depends on the configuration at the time of the
    /// opt-out, not on today's. A domain that is everybody's, such as `co.uk`, browsers ignore themselves.
    pub fn opt_in(host: &str) -> Vec<HeaderValue> {
        let above = |name: &&str| may_be_domain(name);
        let domains = std::iter::successors(Some(host), |name| Some(name.split_once('.')?.1)).filter(above);
        std::iter::once(None).chain(domains.map(Some)).map(|domain| set_cookie("", 0, domain)).collect()
    }
}

fn set_cookie(value: &str, max_age: u32, domain: Option<&str>) -> HeaderValue {
    let mut line = format!("{OPT_OUT_COOKIE}={value}; Max-Age={max_age}; Path=/; SameSite=Lax");
    if let Some(domain) = domain {
        line.push_str("; Domain=");
        line.push_str(domain);
    }
    HeaderValue::try_from(line).expect("a domain that passed `may_be_domain` is visible ASCII")
}

/// Whether `host` is `parent` or stands below it.
fn lies_under(host: &str, parent: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// Whether browsers take `name` as a cookie's `Domain`: a host name of several labels, no address.
fn may_be_domain(name: &str) -> bool {
    let labels_ok = name.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    });
    // A last label of digits alone makes an IPv4 address of any name (URL Standard, "ends in a number").
    let last_is_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    labels_ok && name.contains('.') && !last_is_number && name.parse::<IpAddr>().is_err()
}
