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
use super::media::{members, split};
use crate::config::InFront;

/// RFC 9213 section 3, and what came before it: for caches that stand before the origin, whatever `Cache-Control` says.
const TARGETED: [HeaderName; 2] =
    [HeaderName::from_static("cdn-cache-control"), HeaderName::from_static("surrogate-control")];

/// What `Cache-Control` says, as far as it decides here.
#[derive(Debug, Default)]
struct Directives {
    /// `private`, `no-store` or `no-cache`, without fields named: those that name fields leave the answer storable.
    forbids: bool,
    /// `public`, `s-maxage` or `must-revalidate`: also an answer under `Authorization` may be reused (RFC 9111 section 3.5).
    frees: bool,
    shared_life: Option<u64>,
    life: Option<u64>,
    /// `stale-while-revalidate` (RFC 5861 section 3).
    stale: Option<u64>,
}

impl Directives {
    fn of(headers: &HeaderMap, name: &HeaderName) -> Directives {
        let mut directives = Directives::default();
        for member in members(headers, name) {
            let (word, argument) = split(member);
            // A life that cannot be read may be read by others.
            let seconds = || Some(argument.and_then(|argument| argument.parse().ok()).unwrap_or(u64::MAX));
            match word.to_ascii_lowercase().as_str() {
                "private" | "no-cache" => directives.forbids |= argument.is_none(),
                "no-store" => directives.forbids = true,
                "public" | "must-revalidate" => directives.frees = true,
                "s-maxage" => {
                    directives.frees = true;
                    directives.shared_life = directives.shared_life.max(seconds());
                }
                "max-age" => directives.life = directives.life.max(seconds()),
                "stale-while-revalidate" => directives.stale = directives.stale.max(seconds()),
                _ => {}
            }
        }
        directives
    }
}

/// Whether a shared cache may use the answer to a GET again without asking us. `authorized`: the request bears
/// `Authorization`.
pub(super) fn is_reusable(headers: &HeaderMap, authorized: bool, in_front: InFront) -> bool {
    if in_front == InFront::None {
        return false;
    }
    let targeted = TARGETED.iter().any(|name| {
        let said = Directives::of(headers, name);
        !said.forbids && said.life.max(said.shared_life).is_some_and(|life| life > 0)
    });
    let said = Directives::of(headers, &CACHE_CONTROL);
    targeted || !said.forbids && (said.frees || !authorized) && lives(headers, &said, in_front)
}

fn lives(headers: &HeaderMap, said: &Directives, in_front: InFront) -> bool {
    if said.stale.is_some_and(|stale| stale > 0) {
        return true;
    }
    match said.shared_life.or(said.life) {
        Some(life) => life > 0,
        None if headers.contains_key(EXPIRES) => expires_later(headers),
        // No life is said: a cache may guess one from the last change (RFC 9111 section 4.2.2); some store by default.
        None => headers.contains_key(LAST_MODIFIED) || in_front == InFront::Cache,
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
    let kept: Vec<&str> = members(edit.headers(), &CACHE_CONTROL)
        .filter(|member| {
            let word = split(member).0;
            !["public", "private", "s-maxage"].iter().any(|shared| word.eq_ignore_ascii_case(shared))
        })
        .collect();
    let mut value = "private".to_owned();
    for member in kept {
        value.push_str(", ");
        value.push_str(member);
    }
    let value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("private"));
    edit.set(CACHE_CONTROL, value);
    for name in &TARGETED {
        edit.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    /// What is shown, the answer's fields, whether it may be used again.
    type Case = (&'static str, &'static [(&'static str, &'static str)], bool);

    const LATER: &str = "Tue, 24 Nov 2026 09:00:00 GMT";
    const NOW: &str = "Tue, 24 Nov 2026 08:00:00 GMT";

    #[test]
    fn what_a_shared_cache_may_use_again_is_told_by_rfc_9111() {
        let cases: [Case; 19] = [
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
            ("RFC 5861: stale while it is asked", &[("cache-control", "max-age=0, stale-while-revalidate=9")], true),
            (
                "RFC 9213: a life for others",
                &[("cache-control", "no-store"), ("cdn-cache-control", "max-age=60")],
                true,
            ),
            ("surrogates", &[("cache-control", "private"), ("surrogate-control", "max-age=60")], true),
            ("7.3: a cookie hinders nobody", &[("cache-control", "max-age=60"), ("set-cookie", "a=b")], true),
        ];
        for (rule, lines, reusable) in cases {
            assert_eq!(is_reusable(&answer(lines), false, InFront::Unknown), reusable, "{rule}: {lines:?}");
        }
    }

    #[test]
    fn authorization_and_what_stands_in_front_are_reckoned_with() {
        let fresh = answer(&[("cache-control", "max-age=60")]);
        assert!(!is_reusable(&fresh, true, InFront::Unknown), "3.5: under Authorization");
        let freed = answer(&[("cache-control", "max-age=60, public")]);
        assert!(is_reusable(&freed, true, InFront::Unknown), "3.5: under Authorization, but public");
        assert!(!is_reusable(&fresh, false, InFront::None), "nothing stands in front");
        assert!(is_reusable(&HeaderMap::new(), false, InFront::Cache), "a cache that stores without being told");
    }

    #[test]
    fn private_leaves_the_browsers_share_as_it_was() {
        for (before, after) in [
            ("", "private"),
            ("public, max-age=60, s-maxage=600", "private, max-age=60"),
            ("PRIVATE", "private"),
            ("private=\"x\", no-transform", "private, no-transform"),
        ] {
            let mut headers = answer(&[("cdn-cache-control", "max-age=9"), ("surrogate-control", "max-age=9")]);
            if !before.is_empty() {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static(before));
            }
            make_private(&mut headers);
            assert_eq!(headers.len(), 1, "caches are told nothing else: {headers:?}");
            assert_eq!(headers[CACHE_CONTROL], after, "of {before:?}");
        }
    }
}
