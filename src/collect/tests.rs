//! The endpoints as a browser meets them.

mod forms;
mod page;
mod script;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::config::{self, Honor, Host, HostSent, Identity, InFront, Origin, Paths, Privacy};

const PLAIN: Downstream = Downstream { https: false };
const TLS: Downstream = Downstream { https: true };

/// A site at `shop.test` with every default.
fn config() -> config::Site {
    config::Site {
        name: "shop".to_owned(),
        hosts: vec![Host::Name("shop.test".to_owned())],
        origin: Origin { https: false, host: "127.0.0.1".to_owned(), port: 3000 },
        prefix: "/_inlay".to_owned(),
        host: HostSent::Keep,
        tag: true,
        paths: Paths::default(),
        keep_query: Vec::new(),
        timezone: jiff::tz::TimeZone::UTC,
        in_front: InFront::Unknown,
        origin_timeout: Duration::from_secs(60),
        privacy: Privacy {
            identity: Identity::Cookieless,
            honor: Honor { gpc: true, dnt: true },
            retention_days: 90,
            contact: String::new(),
            gpc_json: false,
        },
        tags: Vec::new(),
        compress: config::Compress::Pass,
        csp: config::Csp::Adapt,
        mode: config::Mode::Live,
        percent: 100,
    }
}

fn site(change: impl FnOnce(&mut config::Site)) -> Site {
    let mut config = config();
    change(&mut config);
    Site::new(Arc::new(config), Arc::new([]))
}

/// What a request to `shop.test` gets.
fn ask(site: &Site, method: &str, rest: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    ask_over(PLAIN, site, method, rest, headers)
}

fn ask_over(
    downstream: Downstream,
    site: &Site,
    method: &str,
    rest: &str,
    headers: &[(&str, &str)],
) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(format!("/_inlay/{rest}"));
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "shop.test");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (request, ()) = request.body(()).expect("a request").into_parts();
    site.answer(&request, downstream, rest.as_bytes())
}

/// A field's value; empty where there is none.
fn field<'a>(answer: &'a Response<Bytes>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("visible ASCII"))
}

fn fields<'a>(answer: &'a Response<Bytes>, name: &str) -> Vec<&'a str> {
    answer.headers().get_all(name).iter().map(|value| value.to_str().expect("visible ASCII")).collect()
}

fn text(answer: &Response<Bytes>) -> &str {
    std::str::from_utf8(answer.body()).expect("UTF-8")
}

#[test]
fn every_answer_says_its_length_its_type_and_sets_no_cookie_unasked() {
    let site = site(|_| ());
    for (method, rest, status) in [
        ("GET", "", 404),
        ("GET", "e", 404),
        ("POST", "e", 404),
        ("GET", "p.gif", 404),
        ("GET", "privacy/", 404),
        ("GET", "PRIVACY", 404),
        ("GET", "t.0123.js", 404),
        ("GET", "t.0123ABCD.js", 404),
        ("GET", "t.js", 200),
        ("GET", "t.01234567.js", 200),
        ("GET", "privacy", 200),
        ("POST", "t.js", 405),
        ("POST", "t.01234567.js", 405),
        ("POST", "privacy", 405),
        ("DELETE", "privacy", 405),
        ("GET", "privacy/opt-out", 405),
        ("HEAD", "privacy/opt-in", 405),
    ] {
        let answer = ask(&site, method, rest, &[]);
        assert_eq!(answer.status(), status, "{method} {rest}");
        assert_eq!(field(&answer, "x-content-type-options"), "nosniff", "{method} {rest}");
        assert!(!field(&answer, "content-type").is_empty(), "{method} {rest} has a type");
        assert!(!field(&answer, "cache-control").is_empty(), "{method} {rest} says how long it may be kept");
        assert_eq!(field(&answer, "set-cookie"), "", "{method} {rest}");
        assert_eq!(field(&answer, "x-inlay"), "", "only pages from upstream bear it");
        if method != "HEAD" {
            assert_eq!(field(&answer, "content-length"), answer.body().len().to_string(), "{method} {rest}");
        }
        if status >= 400 {
            assert_eq!(field(&answer, "cache-control"), "no-store", "{method} {rest}");
        }
    }
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let site = site(|_| ());
    for (rest, allow) in
        [("t.js", "GET, HEAD"), ("privacy", "GET, HEAD"), ("privacy/opt-out", "POST"), ("privacy/opt-in", "POST")]
    {
        let answer = ask(&site, "PUT", rest, &[]);
        assert_eq!((answer.status(), field(&answer, "allow")), (StatusCode::METHOD_NOT_ALLOWED, allow), "{rest}");
    }
}

#[test]
fn head_has_the_fields_of_get_and_no_body() {
    let site = site(|_| ());
    for rest in ["t.js", "t.01234567.js", "privacy", "nothing"] {
        let (get, head) = (ask(&site, "GET", rest, &[]), ask(&site, "HEAD", rest, &[]));
        assert_eq!(get.status(), head.status(), "{rest}");
        assert_eq!(get.headers(), head.headers(), "{rest}");
        assert!(head.body().is_empty() && !get.body().is_empty(), "{rest}");
    }
}

#[test]
fn gpc_json_is_ours_only_where_the_owner_said_so_and_honours_it() {
    for (gpc_json, gpc, ours) in [(false, true, false), (true, true, true), (true, false, false)] {
        let site = site(|site| {
            site.privacy.gpc_json = gpc_json;
            site.privacy.honor.gpc = gpc;
        });
        assert_eq!(site.answers_gpc_json(b"/.well-known/gpc.json"), ours, "gpc_json {gpc_json}, honor gpc {gpc}");
        assert!(!site.answers_gpc_json(b"/.well-known/gpc.json/"), "no other path");
    }
    let day = jiff::civil::date(2026, 5, 4);
    let answer = super::gpc_json(&http::Method::GET, day);
    assert_eq!(text(&answer).trim_end(), r#"{"gpc":true,"lastUpdate":"2026-05-04"}"#);
    assert_eq!(field(&answer, "content-type"), "application/json");
    assert_eq!(super::gpc_json(&http::Method::POST, day).status(), StatusCode::METHOD_NOT_ALLOWED);
}

proptest! {
    /// Fields that a visitor can fill with anything: the answer is one of ours, whole, and holds none of it as markup.
    #[test]
    fn no_bytes_in_a_request_break_an_answer(
        host in any_field(), origin in any_field(), cookie in any_field(), accept in any_field(), etag in any_field(),
        (method, rest) in prop::sample::select(vec![
            ("GET", "privacy"), ("POST", "privacy/opt-out"), ("POST", "privacy/opt-in"), ("GET", "t.js"), ("GET", "t.00000000.js"),
        ]),
    ) {
        let site = site(|site| site.hosts = vec![Host::Any]);
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in [("host", host), ("origin", origin), ("cookie", cookie), ("accept", accept), ("if-none-match", etag)] {
            request = request.header(name, value);
        }
        let (request, ()) = request.body(()).expect("a request").into_parts();
        let answer = site.answer(&request, PLAIN, rest.as_bytes());
        prop_assert!([200, 303, 304, 403].contains(&answer.status().as_u16()), "{}", answer.status());
        prop_assert_eq!(field(&answer, "x-content-type-options"), "nosniff");
        prop_assert!(!text(&answer).contains("<script"), "{}", text(&answer));
    }
}

/// Bytes that a field may hold, markup among them.
fn any_field() -> impl Strategy<Value = HeaderValue> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<script>",
            "shop.test",
            "https://",
            ":",
            ",",
            "\"",
            "application/json",
            "inlay_optout=1",
            "q=",
            ";"
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(
            any::<u8>().prop_filter("what no field may hold", |byte| *byte >= 32 && *byte != 127),
            0..4
        ),
    ];
    prop::collection::vec(piece, 0..6)
        .prop_map(|pieces| HeaderValue::from_bytes(&pieces.concat()).expect("a field's bytes"))
}
