//! What is kept of targets and referrers.

use super::*;
use proptest::prelude::*;

fn path(target: &[u8], keep: &[&str]) -> String {
    let keep: Vec<String> = keep.iter().map(|key| (*key).to_owned()).collect();
    Target::parse(target).path(&keep).into_owned()
}

fn referrer(raw: &[u8]) -> Option<(String, String)> {
    Referrer::parse(raw).map(|from| (from.url.into_owned(), from.host.into_owned()))
}

#[test]
fn a_path_loses_its_query_and_its_fragment() {
    for (target, expected) in [
        ("/p/42?secret=1", "/p/42"),
        ("/p#frag?secret=1", "/p"),
        ("/a%20b//c/../d;x=1", "/a%20b//c/../d;x=1"),
        ("", "/"),
        ("?secret=1", "/"),
        ("*", "*"),
        ("http://user:pw@shop.example/p?secret=1", "/p"),
        ("HTTPS://shop.example?secret=1", "/"),
        ("/go/http://other.example/x", "/go/http://other.example/x"),
        ("/größe", "/größe"),
    ] {
        assert_eq!(path(target.as_bytes(), &[]), expected, "{target}");
    }
}

#[test]
fn bytes_that_are_no_text_are_percent_encoded() {
    assert_eq!(path(b"/a\xff\xc3/b\x1b[31m\x7f", &[]), "/a%FF%C3/b%1B[31m%7F", "invalid UTF-8 and control characters");
}

#[test]
fn kept_keys_come_in_the_order_of_the_list_as_they_were_sent() {
    let target = b"/search?b=2&secret=1&a=%C3%A4+x&a=again&flag&%71=v";
    for (keep, expected) in [
        (&["a", "b"][..], "/search?a=%C3%A4+x&b=2"),
        (&["flag", "absent"], "/search?flag"),
        (&["q"], "/search?%71=v"),
        (&["absent"], "/search"),
        (&["A"], "/search"),
    ] {
        assert_eq!(path(target, keep), expected, "{keep:?}");
    }
}

#[test]
fn a_long_path_is_cut_between_characters_and_escapes() {
    assert_eq!(path(&[b"/", "ä".repeat(600).as_bytes()].concat(), &[]).len(), 1023, "never half a character");
    assert_eq!(path(&[b"/", &[0xff; 600][..]].concat(), &[]).len(), 1 + 341 * 3, "never half an escape");
    assert!(
        path(&[b"/", &[b'a'; 2000][..], b"?k=v"].concat(), &["k"]).ends_with("a?k=v"),
        "a kept key has room of its own"
    );
}

#[test]
fn a_referrer_is_an_address_without_query_fragment_and_user() {
    for (raw, url, host) in [
        ("https://news.example/x?token=1#top", "https://news.example/x", "news.example"),
        ("http://news.example", "http://news.example", "news.example"),
        ("https://me:pw@news.example:8443/x", "https://news.example:8443/x", "news.example"),
        ("HTTPS://News.Example/X", "https://news.example/X", "news.example"),
        ("https://a@b@news.example./x", "https://news.example/x", "news.example"),
        ("http://[2001:DB8::1]:81/x", "http://[2001:db8::1]:81/x", "[2001:db8::1]"),
        ("https://news.example\\@evil/x", "https://news.example\\@evil/x", "news.example"),
        ("https://news.example?u=me@else.example", "https://news.example", "news.example"),
    ] {
        assert_eq!(referrer(raw.as_bytes()), Some((url.to_owned(), host.to_owned())), "{raw}");
    }
}

#[test]
fn what_is_no_web_address_is_no_referrer() {
    for raw in [
        "",
        "about:blank",
        "android-app://com.example",
        "file:///etc",
        "/local",
        "https://",
        "https:///x",
        "https://a b/",
        "https://x\u{1b}[31m/",
        "http://h:port/",
        "http://h:123456/",
        "http://[::1",
        "http://]/",
        "http://\u{e4}.example/",
    ] {
        assert_eq!(referrer(raw.as_bytes()), None, "{raw:?}");
    }
}

#[test]
fn a_host_is_lower_case_without_its_port() {
    for (raw, expected) in [
        ("Shop.Example:8080", Some("shop.example")),
        ("shop.example.", Some("shop.example")),
        ("[::1]:80", Some("[::1]")),
        ("127.0.0.1", Some("127.0.0.1")),
        ("", None),
        ("a/b", None),
        ("[]", None),
        (":80", None),
    ] {
        assert_eq!(host(raw.as_bytes()).as_deref(), expected, "{raw}");
    }
}

#[test]
fn ordinary_addresses_are_borrowed() {
    assert!(matches!(Target::parse(b"/p/42?x=1").path(&[]), Cow::Borrowed("/p/42")), "a path");
    let from = Referrer::parse(b"https://news.example/x?y=1").expect("it is a web address");
    assert!(matches!((from.url, from.host), (Cow::Borrowed(_), Cow::Borrowed(_))), "a referrer");
}

/// A query whose values are unmistakable: `SECRET` never stands in a path or a key.
fn private_query() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(&["x", "y", "keptt", "ke", "Kept", "", "%6bept2", "utm_source"][..]);
    prop::collection::vec((name, any::<Vec<u8>>()), 0..6).prop_map(|pairs| {
        let pair = |(name, noise): (&str, Vec<u8>)| {
            let noise: Vec<u8> = noise.into_iter().filter(|byte| !matches!(byte, b'&' | b'#')).collect();
            [name.as_bytes(), b"=SECRET", &noise].concat()
        };
        pairs.into_iter().map(pair).collect::<Vec<_>>().join(&b'&')
    })
}

fn any_path() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(
        any::<u8>().prop_filter("a path ends there", |byte| !matches!(byte, b'?' | b'#')),
        0..2000,
    );
    bytes.prop_map(|bytes| [&b"/"[..], &bytes].concat())
}

proptest! {
    #[test]
    fn no_part_of_a_query_that_is_not_kept_reaches_a_path(path_bytes in any_path(), query in private_query()) {
        let target = [&path_bytes[..], b"?", &query].concat();
        let alone = path(&path_bytes, &["kept", "also"]);
        prop_assert_eq!(path(&target, &["kept", "also"]), alone, "the query changes nothing");
    }

    #[test]
    fn a_kept_pair_brings_nothing_else_with_it(query in private_query()) {
        let target = [&b"/p?"[..], &query, b"&kept=v&", &query].concat();
        prop_assert_eq!(path(&target, &["kept"]), "/p?kept=v");
    }

    #[test]
    fn a_path_keeps_its_limit_whatever_comes(target: Vec<u8>, key: String) {
        let path = path(&target, &[&key, "a"]);
        prop_assert!(path.len() <= MAX_PATH + MAX_QUERY, "{} bytes", path.len());
        prop_assert!(!path.contains(|c: char| c.is_ascii_control()), "{path:?}");
    }

    #[test]
    fn a_referrer_keeps_its_limit_and_has_no_query_and_no_user(rest: Vec<u8>, tail: Vec<u8>) {
        let raw = [&b"https://me:SECRET@news.example/"[..], &rest, b"?SECRET", &tail].concat();
        let (url, host) = referrer(&raw).expect("the host is fixed");
        prop_assert!(url.len() <= MAX_PATH && host == "news.example", "{url}");
        prop_assert!(!url.contains("SECRET") && !url.contains(['?', '#']), "{url}");
        prop_assert!(!url.contains(|c: char| c.is_ascii_control()), "{url:?}");
    }

    #[test]
    fn any_bytes_as_a_referrer_are_refused_or_bounded(raw: Vec<u8>) {
        if let Some((url, host)) = referrer(&[&b"http://"[..], &raw].concat()) {
            prop_assert!(url.len() <= MAX_PATH && !host.is_empty() && url.contains(&host), "{url}");
        }
    }
}
