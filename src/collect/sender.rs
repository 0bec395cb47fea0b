//! Who sent a form: our own page, another site, or nobody knows.
//!
//! `SameSite=Lax` does not keep another site's form from setting the cookie, so the sender itself has to be looked at.

use http::header;
use http::request::Parts;

use super::authority::Authority;

/// Who sent a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// A page of this very origin.
    Own,
    /// A page of another one.
    Foreign,
    /// Not told: an old browser, a page without referrers, a program.
    Unknown,
}

impl Sender {
    /// Reads it off a request. `Sec-Fetch-Site` decides where it speaks of pages at all, since no page can set it.
    pub(super) fn of(request: &Parts) -> Sender {
        let site = request.headers.get("sec-fetch-site").map(|site| site.as_bytes());
        match site {
            Some(b"same-origin") => Sender::Own,
            Some(b"same-site" | b"cross-site") => Sender::Foreign,
            Some(_) => match by_origin(request) {
                // The browser was asked and did not say same-origin.
                Sender::Own => Sender::Unknown,
                other => other,
            },
            None => by_origin(request),
        }
    }
}

/// By `Origin` alone. Without one, with `null` and with one that cannot be read nothing is known.
fn by_origin(request: &Parts) -> Sender {
    let origin = request.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let from =
        origin.and_then(|origin| origin.split_once("://")).and_then(|(_, authority)| Authority::parse(authority));
    match (from, Authority::of(request)) {
        (None, _) => Sender::Unknown,
        (Some(from), Some(here)) if from.is(here) => Sender::Own,
        (Some(_), _) => Sender::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_sender_is_known_by_what_browsers_say() {
        use Sender::{Foreign, Own, Unknown};
        for (site, origin, host, expected) in [
            (Some("same-origin"), Some("https://shop.test"), "shop.test", Own),
            (Some("same-origin"), Some("null"), "shop.test", Own),
            (Some("same-origin"), None, "shop.test", Own),
            (Some("same-origin"), Some("https://shop.test"), "rewritten.internal", Own),
            (Some("same-site"), Some("https://a.shop.test"), "shop.test", Foreign),
            (Some("cross-site"), Some("https://evil.test"), "shop.test", Foreign),
            (Some("cross-site"), Some("null"), "shop.test", Foreign),
            (Some("cross-site"), Some("https://shop.test"), "shop.test", Foreign),
            (Some("none"), None, "shop.test", Unknown),
            (Some("none"), Some("https://shop.test"), "shop.test", Unknown),
            (Some("none"), Some("https://evil.test"), "shop.test", Foreign),
            (Some(""), Some("null"), "shop.test", Unknown),
            (None, None, "shop.test", Unknown),
            (None, Some("null"), "shop.test", Unknown),
            (None, Some("garbage"), "shop.test", Unknown),
            (None, Some("http://shop.test"), "shop.test", Own),
            (None, Some("https://shop.test"), "shop.test", Own),
            (None, Some("https://shop.test"), "shop.test:443", Own),
            (None, Some("http://shop.test:80"), "SHOP.TEST", Own),
            (None, Some("http://shop.test:8080"), "shop.test:8080", Own),
            (None, Some("http://shop.test:8080"), "shop.test", Foreign),
            (None, Some("http://evil.test"), "shop.test", Foreign),
            (None, Some("http://evil.test"), "", Foreign),
            (None, Some("chrome-extension://abcdefgh"), "shop.test", Foreign),
        ] {
            let mut request = Request::builder().uri("/").header("host", host);
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            let (request, ()) = request.body(()).expect("a request").into_parts();
            assert_eq!(Sender::of(&request), expected, "site {site:?}, origin {origin:?}, host {host:?}");
        }
    }
}
