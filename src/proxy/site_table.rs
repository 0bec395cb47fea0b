//! Which site a request is for: by host alone, in one look-up without an allocation.

use std::collections::HashMap;

use http::request::Parts;
use http::{HeaderValue, Uri};

use crate::config::{Host, Site};

/// Longest host name that is looked up (RFC 1035 section 2.3.4 allows 255 octets); longer ones are nobody's.
const MAX_HOST: usize = 255;

/// From a host to a site's place in the configuration.
#[derive(Debug, Default)]
pub(crate) struct SiteTable {
    by_name: HashMap<Box<str>, usize>,
    any: Option<usize>,
}

impl SiteTable {
    /// The table of these sites. Hosts are unique by then: the configuration refuses a host that two sites name.
    pub(crate) fn new<'a>(sites: impl Iterator<Item = &'a Site>) -> Self {
        let mut table = SiteTable::default();
        for (at, site) in sites.enumerate() {
            for host in &site.hosts {
                match host {
                    Host::Any => table.any = Some(at),
                    Host::Name(name) => _ = table.by_name.insert(name.as_str().into(), at),
                }
            }
        }
        table
    }

    /// The site of a request, `None` where no site has its host.
    pub(crate) fn find(&self, request: &Parts) -> Option<usize> {
        let host = bare(authority(request));
        let mut lower = [0; MAX_HOST];
        let Some(slot) = lower.get_mut(..host.len()) else { return self.any };
        slot.copy_from_slice(host);
        slot.make_ascii_lowercase();
        std::str::from_utf8(slot).ok().and_then(|name| self.by_name.get(name)).copied().or(self.any)
    }
}

/// Host and port as the client named them: the target's authority where it has one (RFC 9112 section 3.2.2), else `Host`.
pub(crate) fn authority(request: &Parts) -> &[u8] {
    authority_of(&request.uri, request.headers.get(http::header::HOST))
}

/// The same of a target and a `Host` that were kept.
pub(crate) fn authority_of<'a>(target: &'a Uri, host: Option<&'a HeaderValue>) -> &'a [u8] {
    match target.authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => host.map_or(b"", |host| host.as_bytes()),
    }
}

/// A host without its port and without the root's dot; an IPv6 address keeps its brackets.
pub(crate) fn bare(authority: &[u8]) -> &[u8] {
    let host = if authority.starts_with(b"[") {
        authority.iter().position(|byte| *byte == b']').and_then(|end| authority.get(..=end)).unwrap_or(authority)
    } else {
        authority.split(|byte| *byte == b':').next().unwrap_or(authority)
    };
    host.strip_suffix(b".").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_without_port_and_root_dot() {
        for (authority, host) in [
            ("shop.test", "shop.test"),
            ("shop.test:8080", "shop.test"),
            ("shop.test.:80", "shop.test"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(bare(authority.as_bytes()), host.as_bytes(), "host of {authority:?}");
        }
    }
}
