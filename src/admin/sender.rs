//! Who may send a POST: our own page, or a program that brings its token along. Never another site's form.

use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};

use super::host::Named;

/// Whether a POST comes from us, as far as its headers prove it.
///
/// Browsers say it with `Sec-Fetch-Site` where the connection is trustworthy, else with `Origin`, which is compared as
/// `host:port`: TLS may have ended before us. A request with neither is no browser's form; it has to bear `Authorization`,
/// which no form can.
pub(super) fn is_ours(headers: &HeaderMap, host: &Named) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    match headers.get(ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| authority(origin) == Some(host.as_str().to_owned())),
        None => headers.contains_key(AUTHORIZATION),
    }
}

/// Whether a form was sent from a page that came over https.
pub(super) fn is_secure(headers: &HeaderMap) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

fn authority(origin: &str) -> Option<String> {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))?;
    Some(rest.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue, Request};

    use crate::admin::host::Hosts;

    fn sent(fields: &[(&'static str, &'static str)]) -> bool {
        let request = Request::builder().uri("/").header("host", "localhost:9180").body(()).expect("a request");
        let host = Hosts::new(&[]).named(&request).expect("localhost is ours");
        let fields =
            fields.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_ours(&fields.collect(), &host)
    }

    #[test]
    fn posts_are_taken_from_our_own_page_and_from_programs_with_a_token() {
        let table: [(&[(&str, &str)], bool); 13] = [
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:9180")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "http://localhost:9180")], true),
            (&[("origin", "https://LOCALHOST:9180")], true),
            (&[("origin", "http://localhost:8080")], false),
            (&[("origin", "http://evil.example")], false),
            (&[("origin", "null")], false),
            (&[], false),
            (&[("authorization", "Bearer x")], true),
            (&[("authorization", "Bearer x"), ("origin", "http://evil.example")], false),
        ];
        for (fields, taken) in table {
            assert_eq!(sent(fields), taken, "{fields:?}");
        }
    }
}
