//! The table, row by row.

use http::header::{ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::origin::{Kind, Life, Manners, Origin};
use super::way::{Asks, go, request, site};
use crate::inject::validator::{Dressed, Expected, Template, Variant, confirmed, send_conditions};
use crate::inject::{RequestFacts, Site};

const OWN: &str = "<script src=/_inlay/t.0.js></script>";
const DATE: &str = "Tue, 24 Nov 2026 08:00:00 GMT";

fn ordinary() -> Site {
    site(OWN, "")
}

fn fields(lines: &[(HeaderName, &str)]) -> HeaderMap {
    let value = |value: &str| HeaderValue::from_bytes(value.as_bytes()).expect("a value");
    lines.iter().map(|(name, line)| (name.clone(), value(line))).collect()
}

/// Our tag of a copy with the site's tags, made of this of the origin's.
fn ours(asks: Asks, value: &str) -> String {
    let site = ordinary();
    let parts = request(asks, false, &HeaderMap::new());
    let expected = site.expects(&parts, &RequestFacts::of(&parts, true), crate::signal::Standing::Yes);
    let (Expected::Tagged(Some(template)) | Expected::Perhaps(template)) = expected.0 else { panic!("{expected:?}") };
    let variant = Variant { asks_body: asks != Asks::Document, ..Variant::default() };
    format!("W/\"inlay-{:08x}-{value}\"", template.digits(variant))
}

/// The conditions that go up of those that came.
fn sent(asks: Asks, no: bool, came: &[(HeaderName, &str)]) -> HeaderMap {
    let site = ordinary();
    let mut parts = request(asks, no, &fields(came));
    let facts = RequestFacts::of(&parts, true);
    let standing = crate::signal::standing(&parts.headers, &site.config.privacy.honor);
    let expected = site.expects(&parts, &facts, standing).0;
    _ = send_conditions(&mut parts.headers, expected);
    [IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_RANGE, RANGE, IF_MATCH, IF_UNMODIFIED_SINCE]
        .into_iter()
        .filter_map(|name| Some((name.clone(), parts.headers.get(name)?.clone())))
        .collect()
}

#[test]
fn a_page_to_be_tagged_is_asked_for_by_the_copies_that_are_like_it_and_by_no_others() {
    let (strong, weak, date) =
        (ours(Asks::Document, "sv1"), ours(Asks::Document, "wv1"), ours(Asks::Document, "d6a13f2c0"));
    let other = "W/\"inlay-00000000-sv1\"";
    let everything = format!("\"v1\", {other}, *, unquoted, {strong}, W/\"x\"");
    for (came, up) in [
        (vec![(IF_NONE_MATCH, "\"v1\""), (IF_MODIFIED_SINCE, DATE)], vec![]),
        (vec![(IF_MODIFIED_SINCE, DATE)], vec![]),
        (vec![(IF_NONE_MATCH, "*")], vec![]),
        (vec![(IF_NONE_MATCH, other)], vec![]),
        (vec![(IF_NONE_MATCH, &strong), (IF_MODIFIED_SINCE, DATE)], vec![(IF_NONE_MATCH, "\"v1\"")]),
        (vec![(IF_NONE_MATCH, &weak)], vec![(IF_NONE_MATCH, "W/\"v1\"")]),
        (vec![(IF_NONE_MATCH, &date)], vec![(IF_MODIFIED_SINCE, "Mon, 25 May 2026 06:57:04 GMT")]),
        (vec![(IF_NONE_MATCH, &everything)], vec![(IF_NONE_MATCH, "\"v1\"")]),
        (vec![(IF_NONE_MATCH, &strong), (IF_NONE_MATCH, &date)], vec![(IF_NONE_MATCH, "\"v1\"")]),
        (
            vec![(IF_MATCH, &strong), (IF_UNMODIFIED_SINCE, DATE)],
            vec![(IF_MATCH, &strong), (IF_UNMODIFIED_SINCE, DATE)],
        ),
    ] {
        assert_eq!(sent(Asks::Document, false, &came), fields(&up), "of {came:?}");
    }
    let two_dates = format!("{date}, {}", ours(Asks::Document, "d6a13f2c1"));
    assert_eq!(sent(Asks::Document, false, &[(IF_NONE_MATCH, &two_dates)]), HeaderMap::new(), "two dates");
}

#[test]
fn a_page_that_stays_plain_is_never_asked_for_by_a_tagged_copy() {
    let strong = ours(Asks::Document, "sv1");
    let older = "W/\"inlay-00000000-d1\"";
    let both = format!("{strong}, \"v1\", {older}, W/\"v2\", unquoted");
    for (came, up) in [
        (
            vec![(IF_NONE_MATCH, "\"v1\""), (IF_MODIFIED_SINCE, DATE)],
            vec![(IF_NONE_MATCH, "\"v1\""), (IF_MODIFIED_SINCE, DATE)],
        ),
        (vec![(IF_NONE_MATCH, "*")], vec![(IF_NONE_MATCH, "*")]),
        (vec![(IF_MODIFIED_SINCE, DATE)], vec![(IF_MODIFIED_SINCE, DATE)]),
        (vec![(IF_NONE_MATCH, &strong), (IF_MODIFIED_SINCE, DATE)], vec![]),
        (vec![(IF_NONE_MATCH, older)], vec![]),
        (vec![(IF_NONE_MATCH, &both)], vec![(IF_NONE_MATCH, "\"v1\", W/\"v2\", unquoted")]),
        (vec![(RANGE, "bytes=5-"), (IF_RANGE, &strong)], vec![]),
        (vec![(RANGE, "bytes=5-"), (IF_RANGE, "\"v1\"")], vec![(RANGE, "bytes=5-"), (IF_RANGE, "\"v1\"")]),
        (vec![(RANGE, "bytes=5-")], vec![(RANGE, "bytes=5-")]),
    ] {
        assert_eq!(sent(Asks::Document, true, &came), fields(&up), "of {came:?}");
    }
    let part = [(RANGE, "bytes=5-"), (IF_RANGE, strong.as_str())];
    assert_eq!(sent(Asks::Document, false, &part), HeaderMap::new(), "a part is never tagged, whoever asks");
}

#[test]
fn what_a_script_fetches_is_asked_for_as_it_came_unless_it_names_our_copy() {
    let strong = ours(Asks::Fetch, "sv1");
    let both = format!("\"v2\", {strong}");
    for (came, up) in [
        (
            vec![(IF_NONE_MATCH, "\"v2\""), (IF_MODIFIED_SINCE, DATE)],
            vec![(IF_NONE_MATCH, "\"v2\""), (IF_MODIFIED_SINCE, DATE)],
        ),
        (vec![(IF_NONE_MATCH, &both)], vec![(IF_NONE_MATCH, "\"v1\"")]),
        (vec![(IF_NONE_MATCH, "W/\"inlay-00000000-sv1\"")], vec![]),
    ] {
        assert_eq!(sent(Asks::Fetch, false, &came), fields(&up), "of {came:?}");
    }
}

fn origin(kind: Kind, life: Life, manners: Manners) -> Origin {
    Origin { version: 1, kind, life, manners, no_transform: false, tells_type: false }
}

/// What comes down of an origin that says 304, for a client that names these tags.
fn told(asks: Asks, no: bool, named: &str, origin: &Origin) -> (StatusCode, Option<String>) {
    let got = go(&ordinary(), origin, request(asks, no, &fields(&[(IF_NONE_MATCH, named)])), [b'f'; 32], 0);
    (got.status, got.headers.get(ETAG).map(|tag| String::from_utf8_lossy(tag.as_bytes()).into_owned()))
}

#[test]
fn a_304_confirms_a_tagged_copy_by_the_tag_that_it_was_named_by() {
    let unchanged = |tag: &str| (StatusCode::NOT_MODIFIED, Some(tag.to_owned()));
    let (strong, weak) = (ours(Asks::Document, "sv1"), ours(Asks::Document, "wv1"));
    let both = format!("{}, {strong}", ours(Asks::Document, "sv2"));
    for manners in [Manners::Good, Manners::Forgets, Manners::Weakens] {
        let origin = origin(Kind::Strong, Life::Asks, manners);
        assert_eq!(told(Asks::Document, false, &strong, &origin), unchanged(&strong), "{manners:?}");
        assert_eq!(told(Asks::Document, false, &weak, &origin), unchanged(&weak), "{manners:?}, a weakened one");
    }
    let good = origin(Kind::Strong, Life::Asks, Manners::Good);
    assert_eq!(told(Asks::Document, false, &both, &good), unchanged(&strong), "the one of two that the origin means");
    let forgets = origin(Kind::Strong, Life::Asks, Manners::Forgets);
    let full = (StatusCode::OK, Some(ours(Asks::Document, "sv1")));
    assert_eq!(told(Asks::Document, false, &both, &forgets), full, "nobody knows which of the two");
}

#[test]
fn a_304_that_confirms_no_copy_like_the_full_answer_is_asked_again() {
    let good = origin(Kind::Strong, Life::Asks, Manners::Good);
    let full = |asks| (StatusCode::OK, Some(ours(asks, "sv1")));
    let plain = (StatusCode::OK, Some("\"v1\"".to_owned()));
    let strong = ours(Asks::Document, "sv1");
    let forbids = Origin { no_transform: true, ..good };
    assert_eq!(told(Asks::Document, false, &strong, &forbids), plain, "the page is not tagged any more");
    let by_accept = ours(Asks::ByAccept, "sv1");
    assert_eq!(told(Asks::Document, false, &by_accept, &good), full(Asks::Document), "another variant");
    assert_eq!(told(Asks::Fetch, false, &strong, &good), plain, "tagged for a navigation alone");
    let stubborn = origin(Kind::Strong, Life::Asks, Manners::Stubborn);
    assert_eq!(told(Asks::Document, false, "\"v0\"", &stubborn), full(Asks::Document), "nothing was asked");
    assert_eq!(told(Asks::Document, true, &strong, &stubborn), plain, "nothing was asked, for an opt-out");
    let broken = origin(Kind::StrongAndDate, Life::Asks, Manners::Broken);
    assert_eq!(told(Asks::Document, false, "\"v0\"", &broken), (StatusCode::NOT_MODIFIED, None), "no tag of any copy");
}

#[test]
fn a_304_to_a_script_keeps_shared_caches_from_going_on_with_a_plain_copy() {
    let shared = origin(Kind::Strong, Life::Shared, Manners::Good);
    let got = |origin: &Origin, named: &str| {
        go(&ordinary(), origin, request(Asks::Fetch, false, &fields(&[(IF_NONE_MATCH, named)])), [b'f'; 32], 0)
    };
    let silent = got(&shared, "\"v1\"");
    assert_eq!(
        (silent.status, &silent.headers["cache-control"]),
        (StatusCode::NOT_MODIFIED, &"private, max-age=60".parse().expect("a value"))
    );
    assert!(!silent.headers.contains_key("x-inlay"), "who knows whether it is a page");
    let says_html = Origin { tells_type: true, ..shared };
    assert_eq!(got(&says_html, "\"v1\"").status, StatusCode::OK, "a page for sure is tagged for everybody");
    let asks = origin(Kind::Strong, Life::Asks, Manners::Good);
    assert_eq!(got(&asks, "\"v1\"").headers["cache-control"], "no-cache", "no cache goes on with it without asking");
    let named = ours(Asks::Fetch, "sv1");
    let confirmed = got(&shared, &named);
    assert_eq!(
        (confirmed.status, confirmed.headers[ETAG].to_str().expect("ASCII")),
        (StatusCode::NOT_MODIFIED, &*named)
    );
    assert_eq!(confirmed.headers["server-timing"], "inlay;desc=\"\"", "and no id");
}

#[test]
fn every_304_to_a_navigation_bears_a_new_id_or_says_that_there_is_none() {
    let id = format!("inlay;desc=\"{}\"", "f".repeat(32));
    let none = "inlay;desc=\"\"";
    // Of a page that shared caches may reuse the body is asked whoever asks, as it is where `Accept` alone tells.
    let (own, shared) = (ours(Asks::Document, "sv1"), ours(Asks::ByAccept, "sv1"));
    for (life, named, date, timing) in [
        (Life::Asks, &own, Some(DATE), &*id),
        (Life::Silent, &own, None, &*id),
        // The copy has a date, by which a shared cache may guess that it lives.
        (Life::Silent, &shared, Some(DATE), none),
        (Life::Shared, &shared, None, none),
    ] {
        let origin = origin(Kind::Strong, life, Manners::Good);
        let mut came = fields(&[(IF_NONE_MATCH, named)]);
        came.extend(date.map(|date| (IF_MODIFIED_SINCE, HeaderValue::from_static(date))));
        let got = go(&ordinary(), &origin, request(Asks::Document, false, &came), [b'f'; 32], 0);
        assert_eq!(got.status, StatusCode::NOT_MODIFIED, "{life:?}, {date:?}");
        assert_eq!(got.headers["server-timing"], timing, "{life:?}, {date:?}");
    }
}

#[test]
fn a_copy_whose_tag_bears_what_the_policies_of_the_304_ask_for_is_confirmed_and_no_other() {
    let template = Template::of("own", b"tag");
    let plain = Variant::default();
    let hashed = Variant { dress: Dressed { integrity: true, ..Dressed::default() }, ..plain };
    let tag = |variant: Variant| {
        HeaderValue::try_from(format!("W/\"inlay-{:08x}-sv1\"", template.digits(variant))).expect("a value")
    };
    let with = fields(&[(http::header::CONTENT_SECURITY_POLICY, "script-src 'sha256-x'")]);
    for (copy, headers, now, is) in [
        (plain, &with, plain, true),
        (hashed, &with, hashed, true),
        (plain, &with, hashed, false),
        (hashed, &with, plain, false),
        // Its policies stay in force.
        (hashed, &HeaderMap::new(), plain, true),
    ] {
        let found = confirmed(&[tag(copy)], headers, template, now);
        assert_eq!(found, is.then(|| tag(copy)), "{copy:?}, {headers:?}, {now:?}");
    }
    let asked = Variant { asks_body: true, ..plain };
    assert_eq!(confirmed(&[tag(asked)], &HeaderMap::new(), template, plain), None, "another body");
}
