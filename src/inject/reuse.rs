//! Whether a shared cache may use an answer again without asking us, and how it is forbidden to.
//!
//! An answer that may be reused is stored for everybody by whoever asks first. So its page is the same for every requester:
//! tagged whatever `Sec-Fetch-Dest` says, without a view id, nothing added to `Vary`; and every answer of that page that is
//! left untagged for a reason of the request's becomes `private`, so that it is not the one that is stored.
//!
//! A page in which an owner's snippet stands is `private` in every answer: the snippet's bytes must not reach a visitor who
//! said no. With that it cannot be reused, and the rules of ordinary pages hold for it again: navigations only, view ids.
//!
//! In doubt an answer counts as reusable. That costs a view id, and never gives two visitors the same one.

use http::header::{CACHE_CONTROL, DATE, EXPIRES, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::headers::HeaderEdit;
use super::list::{members, split};
use crate::config::InFront;

/// What nginx as a cache obeys above everything else, and keeps from its visitors.
const X_ACCEL_EXPIRES: HeaderName = HeaderName::from_static("x-accel-expires");

/// For caches that stand before the origin, whatever `Cache-Control` says: RFC 9213 section 3 (`CDN-Cache-Control`, and one
/// with a provider's name before it), and what came before it.
fn is_targeted(name: &HeaderName) -> bool {
    name.as_str().ends_with("cdn-cache-control") || name == "surrogate-control"
}

/// What `Cache-Control` says, as far as it decides here.
#[derive(Debug, Default)]
struct Directives {
    /// `private`, `no-store` or `no-cache`, without fields named: those that name fields leave the answer storable.
    forbids: bool,
    /// `public`, `s-maxage` or `must-revalidate`: also an answer under `Authorization` may be reused (RFC 9111 section 3.5).
    frees: bool,
    shared_life: Option<u64>,
    life: Option<u64>,
    /// `stale-while-revalidate` and `stale-if-error` (RFC 5861).
    stale: Option<u64>,
}

impl Directives {
    fn of(headers: &HeaderMap, name: &HeaderName) -> Directives {
        let mut directives = Directives::default();
        for member in members(headers, name) {
            let (word, argument) = split(member);
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            // A life that cannot be read may be read by others.
            let seconds = || Some(argument.and_then(number).unwrap_or(u64::MAX));
            if is("no-store") || argument.is_none() && (is("private") || is("no-cache")) {
                directives.forbids = true;
            } else if is("public") || is("must-revalidate") {
                directives.frees = true;
            } else if is("s-maxage") {
                directives.frees = true;
                directives.shared_life = directives.shared_life.max(seconds());
            } else if is("max-age") {
                directives.life = directives.life.max(seconds());
            } else if is("stale-while-revalidate") || is("stale-if-error") {
                directives.stale = directives.stale.max(seconds());
            }
        }
        directives
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether a shared cache may use the answer to a GET again without asking us. `authorized`: the request bears
/// `Authorization`. `dated`: the answer is a 304 about a copy that bears `Last-Modified`, which a 304 leaves out; all else that
/// counts here it has to repeat (RFC 9110 section 15.4.5).
pub(super) fn is_reusable(headers: &HeaderMap, authorized: bool, in_front: InFront, dated: bool) -> bool {
    if in_front == InFront::None {
        return false;
    }
    let targeted = headers.keys().filter(|name| is_targeted(name)).any(|name| {
        let said = Directives::of(headers, name);
        !said.forbids && said.life.max(said.shared_life).is_some_and(|life| life > 0)
    });
    let said = Directives::of(headers, &CACHE_CONTROL);
    targeted
        || lives_in_nginx(headers)
        || !said.forbids && (said.frees || !authorized) && lives(headers, &said, in_front, dated)
}

/// Seconds, or a time behind an `@`, which is taken for one to come. A 0 keeps nginx alone from storing, and what cannot be
/// read it passes over: then the other fields tell.
fn lives_in_nginx(headers: &HeaderMap) -> bool {
    headers.get_all(X_ACCEL_EXPIRES).iter().map(|line| line.as_bytes().trim_ascii()).any(|line| match line {
        [b'@', time @ ..] => number(time).is_some(),
        seconds => number(seconds).is_some_and(|seconds| seconds > 0),
    })
}

fn lives(headers: &HeaderMap, said: &Directives, in_front: InFront, dated: bool) -> bool {
    if said.stale.is_some_and(|stale| stale > 0) {
        return true;
    }
    match said.shared_life.or(said.life) {
        Some(life) => life > 0,
        None if headers.contains_key(EXPIRES) => expires_later(headers),
        // No life is said: a cache may guess one from the last change (RFC 9111 section 4.2.2); some store by default.
        None => dated || headers.contains_key(LAST_MODIFIED) || in_front == InFront::Cache,
    }
}

/// A date that cannot be read lies in the past (RFC 9111 section 5.3). Without `Date` the answer is taken for fresh.
fn expires_later(headers: &HeaderMap) -> bool {
    let time =
        |name| headers.get(name).and_then(|value: &HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok());
    match (time(EXPIRES), time(DATE)) {
        (Some(expires), Some(date)) => expires > date,
        (expires, None) => expires.is_some(),
        (None, _) => false,
    }
}

/// Forbids shared caches to keep the answer; what it says to the visitor's own browser stays.
pub(super) fn make_private(edit: &mut impl HeaderEdit) {
    let mut value = b"private".to_vec();
    for member in members(edit.headers(), &CACHE_CONTROL) {
        let word = split(member).0;
        if !["public", "private", "s-maxage"].iter().any(|shared| word.eq_ignore_ascii_case(shared.as_bytes())) {
            value.extend_from_slice(b", ");
            value.extend_from_slice(member);
        }
    }
    match HeaderValue::from_bytes(&value) {
        Ok(value) => edit.set(CACHE_CONTROL, value),
        Err(_) => edit.append(CACHE_CONTROL, HeaderValue::from_static("private")),
    }
    let is_for_caches = |name: &&HeaderName| is_targeted(name) || **name == X_ACCEL_EXPIRES;
    while let Some(name) = edit.headers().keys().find(is_for_caches).cloned() {
        edit.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a field's value"));
        }
        headers
    }

    /// What is shown, the answer's fields, whether it may be used again.
    type Case = (&'static str, &'static [(&'static str, &'static str)], bool);

    const LATER: &str = "Tue, 24 Nov 2026 09:00:00 GMT";
    const NOW: &str = "Tue, 24 Nov 2026 08:00:00 GMT";

    #[test]
    fn what_a_shared_cache_may_use_again_is_told_by_rfc_9111() {
        let cases: [Case; 28] = [
            ("no field at all", &[], false),
            ("3: max-age", &[("cache-control", "max-age=60")], true),
            ("max-age of nothing", &[("cache-control", "max-age=0")], false),
            ("5.2.2.10: s-maxage goes before max-age", &[("cache-control", "max-age=0, s-maxage=60")], true),
            ("5.2.2.10: s-maxage of nothing", &[("cache-control", "max-age=60, s-maxage=0")], false),
            ("5.2.2.7: private", &[("cache-control", "private, max-age=60")], false),
            ("5.2.2.7: private for a field alone", &[("cache-control", "private=\"set-cookie\", max-age=60")], true),
            ("5.2.2.4: no-cache", &[("cache-control", "No-Cache, max-age=60")], false),
            (
                "5.2.2.5: no-store on a line of its own",
                &[("cache-control", "max-age=60"), ("cache-control", "no-store")],
                false,
            ),
            ("5.3: expires", &[("expires", LATER), ("date", NOW)], true),
            ("5.3: expired", &[("expires", NOW), ("date", LATER)], false),
            ("5.3: no date is a past date", &[("expires", "0"), ("last-modified", NOW)], false),
            ("5.3: max-age goes before expires", &[("cache-control", "max-age=0"), ("expires", LATER)], false),
            ("4.2.2: a guess from the last change", &[("last-modified", NOW)], true),
            ("a life that cannot be read", &[("cache-control", "max-age=soon")], true),
            ("RFC 5861: stale where it cannot be asked", &[("cache-control", "max-age=0, stale-if-error=9")], true),
            ("RFC 5861: stale while it is asked", &[("cache-control", "max-age=0, stale-while-revalidate=9")], true),
            (
                "RFC 9213: a life for others",
                &[("cache-control", "no-store"), ("cdn-cache-control", "max-age=60")],
                true,
            ),
            ("surrogates", &[("cache-control", "private"), ("surrogate-control", "max-age=60")], true),
            ("a provider's own", &[("cloudflare-cdn-cache-control", "max-age=60")], true),
            ("nginx's own", &[("cache-control", "no-cache"), ("x-accel-expires", "60")], true),
            ("nginx's own, a time", &[("cache-control", "private"), ("x-accel-expires", "@1795000000")], true),
            ("nothing for nginx", &[("x-accel-expires", "0")], false),
            ("nothing for nginx, but for others", &[("cache-control", "max-age=60"), ("x-accel-expires", "0")], true),
            ("what nginx passes over", &[("x-accel-expires", "soon")], false),
            (
                "no-store beside a byte that is no ASCII",
                &[("cache-control", "x=\"\u{e9}\", no-store, max-age=60")],
                false,
            ),
            ("a life beside one", &[("cache-control", "x=\u{e9}, max-age=60")], true),
            ("7.3: a cookie hinders nobody", &[("cache-control", "max-age=60"), ("set-cookie", "a=b")], true),
        ];
        for (rule, lines, reusable) in cases {
            assert_eq!(is_reusable(&answer(lines), false, InFront::Unknown, false), reusable, "{rule}: {lines:?}");
        }
    }

    #[test]
    fn authorization_and_what_stands_in_front_are_reckoned_with() {
        let fresh = answer(&[("cache-control", "max-age=60")]);
        assert!(!is_reusable(&fresh, true, InFront::Unknown, false), "3.5: under Authorization");
        let freed = answer(&[("cache-control", "max-age=60, public")]);
        assert!(is_reusable(&freed, true, InFront::Unknown, false), "3.5: under Authorization, but public");
        assert!(!is_reusable(&fresh, false, InFront::None, false), "nothing stands in front");
        assert!(is_reusable(&HeaderMap::new(), false, InFront::Cache, false), "a cache that stores without being told");
        assert!(is_reusable(&HeaderMap::new(), false, InFront::Unknown, true), "a 304 about a copy with a date");
        assert!(!is_reusable(&answer(&[("cache-control", "no-cache")]), false, InFront::Unknown, true), "told not to");
    }

    #[test]
    fn private_leaves_the_browsers_share_as_it_was() {
        for (before, after) in [
            ("", "private"),
            ("public, max-age=60, s-maxage=600", "private, max-age=60"),
            ("PRIVATE", "private"),
            ("private=\"x\", no-transform", "private, no-transform"),
            ("no-store, x=\"\u{e9}\", public", "private, no-store, x=\"\u{e9}\""),
        ] {
            let mut headers = answer(&[
                ("cdn-cache-control", "max-age=9"),
                ("surrogate-control", "max-age=9"),
                ("cloudflare-cdn-cache-control", "max-age=9"),
                ("x-accel-expires", "9"),
            ]);
            if !before.is_empty() {
                headers.extend(answer(&[("cache-control", before)]));
            }
            make_private(&mut headers);
            assert_eq!(headers.len(), 1, "caches are told nothing else: {headers:?}");
            assert_eq!(headers[CACHE_CONTROL].as_bytes(), after.as_bytes(), "of {before:?}");
        }
    }
}
