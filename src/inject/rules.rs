//! Which of a site's snippets a page gets: by path, query, cookie, status, and by a draw.
//!
//! Two answers to each question. What this visitor's page gets (`chosen`), and what the page of any visitor at this address may
//! get (`possible`): cookies and draws differ between visitors, and what a shared cache may keep must not depend on them.

use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use crate::config::{Condition, OwnerTag};

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looked<'a> {
    pub(super) request: &'a Parts,
    /// The answer's status; for a request, that of the page that a 304 confirms.
    pub(super) status: StatusCode,
    /// Random, the same for all that is asked of one view.
    pub(super) draw: u64,
}

/// The snippets of one page, bit by bit in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Choice {
    /// What this page gets.
    pub(super) chosen: u64,
    /// What a page at this address may get, whoever asks.
    pub(super) possible: u64,
}

/// The choice among the snippets.
pub(super) fn choose(snippets: &[OwnerTag], looked: &Looked<'_>) -> Choice {
    let path = looked.request.uri.path();
    let mut choice = Choice::default();
    for (bit, snippet) in (0..64).zip(snippets) {
        if !snippet.paths.matches(path) || !is_possible(snippet, looked) {
            continue;
        }
        choice.possible |= 1 << bit;
        if has_cookies(&looked.request.headers, &snippet.when.cookie) && is_drawn(snippet.percent, looked.draw, bit) {
            choice.chosen |= 1 << bit;
        }
    }
    choice
}

fn is_possible(snippet: &OwnerTag, looked: &Looked<'_>) -> bool {
    let when = &snippet.when;
    let status = when.status.is_empty() || when.status.contains(&looked.status.as_u16());
    status && snippet.percent > 0 && has_parameters(looked.request.uri.query(), &when.query)
}

/// Whether a draw of so many in a hundred takes this view. Each number draws for itself.
pub(super) fn is_drawn(percent: u8, draw: u64, number: u64) -> bool {
    percent >= 100 || mixed(draw.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))) % 100 < u64::from(percent)
}

/// Every bit of the result depends on every bit of `bits` (the finalizer of SplitMix64).
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// Whether the query has all of these parameters (WHATWG URL, section 5.1: pairs between `&`, `+` is a blank).
fn has_parameters(query: Option<&str>, wanted: &[Condition]) -> bool {
    let has = |condition: &Condition| {
        query.unwrap_or_default().split('&').any(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            is_written(name, &condition.name) && condition.value.as_ref().is_none_or(|wanted| is_written(value, wanted))
        })
    };
    wanted.iter().all(has)
}

/// Whether `written`, in which bytes may be percent-encoded, means `text`.
fn is_written(written: &str, text: &str) -> bool {
    let mut rest = written.as_bytes();
    let decoded = std::iter::from_fn(|| {
        let (first, behind) = rest.split_first()?;
        let (byte, behind) = match (first, behind) {
            (b'%', [high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hex(*high) << 4 | hex(*low), behind)
            }
            (b'+', behind) => (b' ', behind),
            (byte, behind) => (*byte, behind),
        };
        rest = behind;
        Some(byte)
    });
    decoded.eq(text.bytes())
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Whether the visitor has all of these cookies. Quotes belong to the value (RFC 6265 section 5.2).
fn has_cookies(headers: &HeaderMap, wanted: &[Condition]) -> bool {
    let has = |condition: &Condition| {
        let pairs = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        pairs.map(<[u8]>::trim_ascii).any(|pair| {
            let end = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let (name, value) = pair.split_at(end);
            let value = value.get(1..).unwrap_or_default();
            name == condition.name.as_bytes()
                && condition.value.as_ref().is_none_or(|wanted| value == wanted.as_bytes())
        })
    };
    wanted.iter().all(has)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;
    use crate::config::{At, Paths, Place, When};

    fn snippet(when: When, percent: u8) -> OwnerTag {
        let paths = Paths::new(["/a"], []).expect("a pattern");
        let tag = OwnerTag::new("x", Bytes::from_static(b"<p>"), Place::HeadEnd, paths, At::whole("test"));
        OwnerTag { when, percent, ..tag }
    }

    fn choice(tag: OwnerTag, target: &str, cookies: &[&str], status: StatusCode, draw: u64) -> Choice {
        let mut request = Request::builder().uri(target);
        for line in cookies {
            request = request.header("cookie", *line);
        }
        let (request, ()) = request.body(()).expect("a request").into_parts();
        choose(&[tag], &Looked { request: &request, status, draw })
    }

    fn condition(name: &str, value: Option<&str>) -> Condition {
        Condition { name: name.to_owned(), value: value.map(str::to_owned) }
    }

    const BOTH: Choice = Choice { chosen: 1, possible: 1 };
    const NONE: Choice = Choice { chosen: 0, possible: 0 };

    #[test]
    fn a_parameter_is_found_however_it_is_written() {
        for (wanted, target, found) in [
            (condition("preview", None), "/a?preview", true),
            (condition("preview", None), "/a?x=1&preview=", true),
            (condition("preview", None), "/a?xpreview=1", false),
            (condition("q", Some("red shoes")), "/a?q=red+shoes", true),
            (condition("q", Some("red shoes")), "/a?q=red%20sho%65s", true),
            (condition("q", Some("red")), "/a?q=red%2", false),
            (condition("\u{e4}", Some("\u{fc}")), "/a?%C3%A4=%c3%bc", true),
            (condition("q", None), "/a", false),
            (condition("q", None), "/b?q=1", false),
        ] {
            let when = When { query: vec![wanted.clone()], ..When::default() };
            let expected = if found { BOTH } else { NONE };
            assert_eq!(choice(snippet(when, 100), target, &[], StatusCode::OK, 0), expected, "{wanted:?} in {target}");
        }
    }

    #[test]
    fn a_cookie_decides_for_the_visitor_and_not_for_the_address() {
        for (wanted, lines, found) in [
            (condition("plan", Some("pro")), &["a=b; plan=pro"][..], true),
            (condition("plan", Some("pro")), &["a=b", "plan=pro; c"], true),
            (condition("plan", Some("pro")), &["plan=\"pro\""], false),
            (condition("plan", None), &["plan"], true),
            (condition("plan", None), &["xplan=pro"], false),
            (condition("plan", None), &[], false),
        ] {
            let when = When { cookie: vec![wanted.clone()], ..When::default() };
            let expected = Choice { chosen: u64::from(found), possible: 1 };
            assert_eq!(choice(snippet(when, 100), "/a", lines, StatusCode::OK, 0), expected, "{wanted:?} in {lines:?}");
        }
    }

    #[test]
    fn a_status_decides_for_the_address() {
        let tag = || snippet(When { status: vec![404, 410], ..When::default() }, 100);
        assert_eq!(choice(tag(), "/a", &[], StatusCode::NOT_FOUND, 0), BOTH);
        assert_eq!(choice(tag(), "/a", &[], StatusCode::OK, 0), NONE);
    }

    #[test]
    fn a_draw_takes_its_share_of_the_views_each_snippet_for_itself() {
        let taken = |percent| {
            let drawn =
                (0..10_000u64).map(|draw| choice(snippet(When::default(), percent), "/a", &[], StatusCode::OK, draw));
            drawn.filter(|choice| choice.chosen == 1).count()
        };
        assert_eq!((taken(100), taken(0)), (10_000, 0));
        let share = taken(20);
        assert!((1_800..2_200).contains(&share), "a fifth of 10,000 views: {share}");
        assert_eq!(choice(snippet(When::default(), 0), "/a", &[], StatusCode::OK, 1), NONE, "none is never possible");
        let twice = [snippet(When::default(), 50), snippet(When::default(), 50)];
        let (request, ()) = Request::builder().uri("/a").body(()).expect("a request").into_parts();
        let both =
            (0..10_000u64).map(|draw| choose(&twice, &Looked { request: &request, status: StatusCode::OK, draw }));
        let both = both.filter(|choice| choice.chosen == 3).count();
        assert!((2_200..2_800).contains(&both), "two draws of a half are both taken in a quarter of the views: {both}");
    }
}
