//! Where a sink posts to, and the headers of the owner's. What may hold a secret is never part of a sentence.

use std::collections::HashSet;
use std::net::IpAddr;

use ::http::uri::Scheme;
use ::http::{HeaderName, HeaderValue, Uri};

use crate::config::host;
use crate::config::marked::Texts;
use crate::config::resolve::Resolver;

/// Said of a URL that anybody on the way can read.
pub(super) const IN_THE_CLEAR: &str = "events, and the headers beside them, go over this http:// address in the clear; write https:// where it can be had";

/// Headers that Inlay sets itself, and those that belong to the connection.
const OURS: [&str; 14] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-inlay-signature",
];

/// A URL that can be posted to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// Whether nobody on the way reads along: TLS, or this machine alone.
    pub(super) is_private: bool,
}

/// Reads where batches are posted. `Err` is the sentence for the owner; it does not show the URL, in which services put
/// tokens.
pub(super) fn url(written: &str) -> Result<Url, String> {
    let bad = |what: &str, instead: &str| Err(format!("the URL {what}; write {instead}"));
    let example = "one such as https://collector.example.com/in";
    if !written.contains("://") {
        return bad("has no scheme", "https:// before it");
    }
    if written.contains('#') {
        return bad(
            "has a fragment, which is not sent",
            "it without `#` and what follows; %23 is the character itself",
        );
    }
    let Ok(uri) = written.parse::<Uri>() else {
        return bad("cannot be read", example);
    };
    let https = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => false,
        _ => return bad("is neither http nor https", example),
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return bad(
            "has a user name, which is not sent",
            "it without, and headers = { Authorization = \"env:NAME\" } with what the service wants in it",
        );
    }
    let named = uri.host().unwrap_or_default();
    let host = host::name(named)?;
    let port = authority.get(named.len()..).unwrap_or_default();
    if !port.is_empty() && uri.port_u16().is_none_or(|port| port == 0) {
        return bad("has no port from 1 to 65535 behind its colon", example);
    }
    Ok(Url { is_private: https || is_here(&host) })
}

/// Whether the host is this machine.
fn is_here(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

impl Resolver<'_> {
    /// The headers that are good; the problems of the others.
    pub(super) fn headers(&mut self, written: &Texts) -> Vec<(HeaderName, HeaderValue)> {
        let mut names = HashSet::new();
        let mut headers = Vec::new();
        for (name, value) in &written.0 {
            let name = self.one(name, |name| {
                let name = header_name(name)?;
                match names.insert(name.clone()) {
                    true => Ok(name),
                    false => Err(format!("the header `{name}` stands twice; write it once")),
                }
            });
            let value = self.one(value, header_value);
            headers.extend(name.zip(value));
        }
        headers
    }
}

fn header_name(written: &str) -> Result<HeaderName, String> {
    let Ok(name) = HeaderName::from_bytes(written.as_bytes()) else {
        return Err(format!("`{written}` is no name of a header; write one such as Authorization"));
    };
    if OURS.contains(&name.as_str()) {
        return Err(format!("Inlay sets the header `{written}` itself; take it out"));
    }
    Ok(name)
}

fn header_value(written: &str) -> Result<HeaderValue, String> {
    match HeaderValue::from_str(written) {
        Ok(mut value) if written.is_ascii() => {
            value.set_sensitive(true);
            Ok(value)
        }
        _ => {
            let what =
                if written.is_ascii() { "a line break or a control character" } else { "a character beyond ASCII" };
            Err(format!("the value of the header has {what} in it; write printable ASCII in one line"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_private_over_tls_or_on_this_machine() {
        for (written, is_private) in [
            ("https://collector.example.com/in?key=a", true),
            ("HTTPS://collector.example.com", true),
            ("http://127.0.0.1:9000/in", true),
            ("http://[::1]:9000/in", true),
            ("http://localhost/in", true),
            ("http://10.0.0.5/in", false),
            ("http://collector:8080/in", false),
            ("http://[2001:DB8:0::1]:80/in", false),
        ] {
            assert_eq!(url(written), Ok(Url { is_private }), "{written}");
        }
    }

    #[test]
    fn a_url_that_is_none_is_refused_with_what_to_write_and_without_its_secrets() {
        for (written, instead) in [
            ("collector.example.com/SECRET", "write https:// before it"),
            ("ftp://a.example/SECRET", "write one such as https://"),
            ("https://me:SECRET@a.example/in", "write it without, and headers = "),
            ("https://a.example/in#SECRET", "write it without `#`"),
            ("https://a.example/in SECRET", "write one such as https://"),
            ("https:///SECRET", "https://"),
            ("https://a.example:0/SECRET", "1 to 65535"),
            ("https://a.example:/SECRET", "1 to 65535"),
            ("https://a.example:99999/SECRET", "https://"),
            ("https://a..example/SECRET", "shop.example.com"),
        ] {
            let message = url(written).expect_err(written);
            assert!(message.contains(instead) && !message.contains("SECRET"), "{written}: {message}");
        }
    }

    #[test]
    fn a_headers_value_is_one_line_of_ascii_and_stays_out_of_debug() {
        let value = header_value("Bearer SECRET").expect("a good value");
        assert_eq!((value.to_str().ok(), format!("{value:?}").contains("SECRET")), (Some("Bearer SECRET"), false));
        for written in ["SECRET\n", "SECRETü"] {
            let message = header_value(written).expect_err(written);
            assert!(message.contains("write printable ASCII") && !message.contains("SECRET"), "{message}");
        }
    }
}
