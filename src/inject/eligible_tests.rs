//! Every reason from headers, alone and in its order; caches; views.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};

use super::*;
use crate::config;

type Lines<'a> = &'a [(&'static str, &'static str)];

const NAVIGATION: Lines<'static> = &[
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
];
const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");

#[derive(Clone, Copy)]
struct Case<'a> {
    method: &'static str,
    path: &'static str,
    request: Lines<'a>,
    status: u16,
    response: Lines<'a>,
    site: &'a str,
}

const ORDINARY: Case<'static> =
    Case { method: "GET", path: "/a", request: NAVIGATION, status: 200, response: &[HTML], site: "" };

fn site(toml: &str) -> Site {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("inlay.toml");
    let text = format!("[[site]]\nname = 'shop'\nhosts = ['shop.test']\norigin = 'http://127.0.0.1:3000'\n{toml}");
    std::fs::write(&file, text).expect("written");
    let config = config::load(&file, &|_| None).expect("a right configuration");
    let own = Bytes::from_static(b"<script src=/_inlay/t.0.js></script>");
    Site::new(config.sites[0].clone(), &own, Bytes::from_static(b"/_inlay/t."))
}

fn parts(case: &Case<'_>) -> (request::Parts, response::Parts) {
    let mut request = Request::builder().method(case.method).uri(case.path);
    for (name, value) in case.request {
        request = request.header(*name, *value);
    }
    let mut response = Response::builder().status(case.status);
    for (name, value) in case.response {
        response = response.header(*name, *value);
    }
    (request.body(()).expect("a request").into_parts().0, response.body(()).expect("an answer").into_parts().0)
}

fn verdict_on(case: &Case<'_>) -> (Verdict, response::Parts, RequestFacts) {
    let (request, response) = parts(case);
    let site = site(case.site);
    let standing = crate::signal::standing(&request.headers, &site.config.privacy.honor);
    let facts = RequestFacts::of(&request, true);
    let verdict = eligible(&request, &response, &site, &facts, standing);
    (verdict, response, facts)
}

fn word(case: &Case<'_>) -> &'static str {
    match verdict_on(case).0.decision {
        Decision::Tag(_) => "tagged",
        Decision::Shadow(_) => "shadow",
        Decision::Skip(reason) => reason.word(),
    }
}

fn with<'a>(more: Lines<'a>) -> Vec<(&'static str, &'static str)> {
    NAVIGATION.iter().chain(more).copied().collect()
}

#[test]
fn an_ordinary_page_is_tagged() {
    for method in ["GET", "HEAD", "POST"] {
        assert_eq!(word(&Case { method, ..ORDINARY }), "tagged", "{method}");
    }
}

#[test]
fn each_reason_has_its_case() {
    let html_and = |name, value| vec![HTML, (name, value)];
    let cases: Vec<(&str, Case<'_>)> = vec![
        ("method", Case { method: "PUT", ..ORDINARY }),
        ("status", Case { status: 404, ..ORDINARY }),
        ("status", Case { status: 304, ..ORDINARY }),
        ("not-html", Case { response: &[("content-type", "application/xhtml+xml")], ..ORDINARY }),
        ("not-html", Case { response: &[], ..ORDINARY }),
        ("empty", Case { response: &[HTML, ("content-length", "0")], ..ORDINARY }),
        ("disabled", Case { site: "tag = false", ..ORDINARY }),
        ("path", Case { site: "not_paths = ['/a']", ..ORDINARY }),
        ("path", Case { path: "/a.pdf", ..ORDINARY }),
        ("path", Case { path: "/feed.XML?page=1", ..ORDINARY }),
        ("percent", Case { site: "percent = 0", ..ORDINARY }),
        ("shadow", Case { site: "mode = 'shadow'", ..ORDINARY }),
    ];
    for (reason, case) in cases {
        assert_eq!(word(&case), reason, "{} {} {} {:?}", case.method, case.path, case.status, case.response);
    }
    for (reason, request) in [
        ("upgrade", &[("connection", "keep-alive, Upgrade"), ("upgrade", "h2c")][..]),
        ("partial", &[("range", "bytes=0-")]),
        ("not-document", &[("hx-request", "true")]),
        ("not-document", &[("x-up-version", "3")]),
        ("opt-out", &[("cookie", "inlay_optout=1"), ("sec-gpc", "1")]),
        ("gpc", &[("sec-gpc", "1"), ("dnt", "1")]),
        ("dnt", &[("dnt", "1")]),
        ("no-transform", &[("cache-control", "no-transform")]),
    ] {
        assert_eq!(word(&Case { request: &with(request), ..ORDINARY }), reason, "request {request:?}");
    }
    for (reason, name, value) in [
        ("attachment", "content-disposition", "attachment; filename=a.html"),
        ("attachment", "content-disposition", "form-data"),
        ("tagged", "content-disposition", "INLINE; filename=a.html"),
        ("tagged", "content-disposition", "filename=a.html"),
        ("partial", "content-range", "bytes 0-1/2"),
        ("no-transform", "cache-control", "max-age=0, No-Transform"),
        ("encoding", "content-encoding", "compress"),
        ("encoding", "content-encoding", "br, gzip"),
        ("encoding", "content-encoding", "gzip, identity"),
        ("tagged", "content-encoding", "gzip"),
        ("no-transform", "signature-input", "sig=(\"content-digest\");keyid=\"k\""),
        ("tagged", "content-encoding", "identity"),
        ("already-tagged", "x-inlay", "tagged"),
        ("tagged", "x-inlay", "skipped; reason=csp"),
        ("sandbox", "content-security-policy", "sandbox"),
        ("csp", "content-security-policy", "script-src 'none'"),
        ("csp", "integrity-policy", "blocked-destinations=(script)"),
    ] {
        assert_eq!(word(&Case { response: &html_and(name, value), ..ORDINARY }), reason, "{name}: {value}");
    }
    for charset in ["utf-16", "UTF-16BE", "iso-2022-jp", "hz-gb-2312"] {
        let value: &'static str = String::leak(format!("text/html; charset={charset}"));
        assert_eq!(word(&Case { response: &[("content-type", value)], ..ORDINARY }), "charset", "{charset}");
    }
}

/// Everything at once, then one cause less at a time: the word is always the first that is left.
#[test]
fn the_first_reason_in_order_is_the_word() {
    let mut request = with(&[
        ("connection", "upgrade"),
        ("upgrade", "x"),
        ("range", "bytes=0-"),
        ("x-pjax", "1"),
        ("cookie", "inlay_optout=1"),
        ("sec-gpc", "1"),
        ("dnt", "1"),
        ("cache-control", "no-transform"),
    ]);
    let mut response = vec![
        ("content-type", "text/plain; charset=utf-16"),
        ("content-disposition", "attachment"),
        ("content-length", "0"),
        ("content-encoding", "compress"),
        ("x-inlay", "tagged"),
        ("content-security-policy", "sandbox; script-src 'none'"),
    ];
    const LAST: &str = "percent = 0\nmode = 'shadow'";
    let first = format!("tag = false\n{LAST}");
    let (mut method, mut status, mut path, mut toml) = ("PATCH", 500, "/a.pdf", first.as_str());
    let mut words = Vec::new();
    loop {
        let word = word(&Case { method, path, request: &request, status, response: &response, site: toml });
        words.push(word);
        match word {
            "method" => method = "GET",
            "status" => status = 200,
            "upgrade" => request.retain(|(name, _)| *name != "upgrade"),
            "not-html" => response[0].1 = "text/html; charset=utf-16",
            "attachment" => response.retain(|(name, _)| *name != "content-disposition"),
            "partial" => request.retain(|(name, _)| *name != "range"),
            "empty" => response.retain(|(name, _)| *name != "content-length"),
            "not-document" => request.retain(|(name, _)| *name != "x-pjax"),
            "disabled" => toml = LAST,
            "percent" => toml = "mode = 'shadow'",
            "shadow" => toml = "",
            "path" => path = "/a",
            "opt-out" => request.retain(|(name, _)| *name != "cookie"),
            "gpc" => request.retain(|(name, _)| *name != "sec-gpc"),
            "dnt" => request.retain(|(name, _)| *name != "dnt"),
            "no-transform" => request.retain(|(name, _)| *name != "cache-control"),
            "encoding" => response.retain(|(name, _)| *name != "content-encoding"),
            "charset" => response[0].1 = "text/html",
            "already-tagged" => response.retain(|(name, _)| *name != "x-inlay"),
            "sandbox" => response.last_mut().expect("a policy").1 = "script-src 'none'",
            "csp" => response.retain(|(name, _)| *name != "content-security-policy"),
            _ => break,
        }
    }
    let expected = "method status upgrade not-html attachment partial empty not-document disabled path opt-out gpc dnt \
        no-transform encoding charset already-tagged sandbox csp percent shadow tagged";
    assert_eq!(words.join(" "), expected, "the order of the words");
}

#[test]
fn navigations_are_told_from_what_scripts_fetch() {
    const PAGES: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (what, request, navigation) in [
        ("a frame", &[("sec-fetch-dest", "iframe")][..], true),
        ("plain http", &[("accept", PAGES)], true),
        (
            "a service worker",
            &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "same-origin"), ("accept", PAGES)],
            true,
        ),
        ("link prefetch", &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "no-cors"), ("accept", PAGES)], true),
        (
            "fetch with that Accept",
            &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors"), ("accept", PAGES)],
            false,
        ),
        ("the same on http", &[("sec-fetch-mode", "cors"), ("accept", PAGES)], false),
        ("fetch", &[("accept", "*/*")], false),
        ("Turbo", &[("accept", "text/html, application/xhtml+xml")], false),
        ("an embed", &[("sec-fetch-dest", "embed"), ("accept", PAGES)], false),
        ("a download", &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "navigate")], false),
        ("XHR with a frame's word", &[("sec-fetch-dest", "document"), ("x-requested-with", "XMLHttpRequest")], false),
    ] {
        let (request, _) = parts(&Case { request, ..ORDINARY });
        assert_eq!(RequestFacts::of(&request, true).is_navigation(), navigation, "{what}");
    }
}

#[test]
fn a_reusable_answer_is_the_same_for_everybody_and_not_stored_for_one() {
    let cached: Lines<'_> = &[HTML, ("cache-control", "public, max-age=60")];
    let fetch: Lines<'_> = &[("accept", "*/*"), ("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors")];
    for (what, request, expected, private) in [
        ("a navigation", NAVIGATION.to_vec(), "tagged", false),
        ("a fetch", fetch.to_vec(), "tagged", false),
        ("an opt-out", with(&[("cookie", "inlay_optout=1")]), "opt-out", true),
        ("GPC", with(&[("sec-gpc", "1")]), "gpc", true),
        ("a fragment", with(&[("hx-request", "true")]), "not-document", true),
        ("a range", with(&[("range", "bytes=0-9")]), "partial", true),
    ] {
        let case = Case { request: &request, response: cached, ..ORDINARY };
        assert_eq!(word(&case), expected, "{what}");
        assert_eq!(verdict_on(&case).0.private, private, "whether {what} makes it private");
    }
    for (what, request, answer) in [
        (
            "a part",
            with(&[("range", "bytes=0-9")]),
            Case {
                status: 206,
                response: &[HTML, ("cache-control", "max-age=60"), ("content-range", "bytes 0-9/71")],
                ..ORDINARY
            },
        ),
        (
            "that it is unchanged, told to an opt-out",
            with(&[("cookie", "inlay_optout=1"), ("if-none-match", "\"a\"")]),
            Case { status: 304, response: &[("cache-control", "public, max-age=60"), ("etag", "\"a\"")], ..ORDINARY },
        ),
    ] {
        let private = |case: &Case<'_>| verdict_on(case).0.private;
        assert!(private(&Case { request: &request, ..answer }), "{what}: an answer of that page");
        assert!(!private(&Case { request: &request, path: "/a.pdf", ..answer }), "{what}, of a file");
    }
    let untaggable = Case { request: &with(&[("sec-gpc", "1")]), response: cached, site: "tag = false", ..ORDINARY };
    assert!(!verdict_on(&untaggable).0.private, "an answer that nobody gets tagged may be stored by everybody");
    let fetched_once = Case { request: fetch, ..ORDINARY };
    assert_eq!(word(&fetched_once), "not-document", "an answer that is not reused is tagged for navigations alone");
    let nothing_in_front = Case { request: fetch, response: cached, site: "in_front = 'none'", ..ORDINARY };
    assert_eq!(word(&nothing_in_front), "not-document", "with nothing in front none is reused");
}

#[test]
fn a_page_with_a_snippet_is_private_in_every_answer() {
    const SNIPPET: &str = "[[site.tag]]\nid = 'chat'\nhtml = '<p>chat</p>'\npaths = ['/a']";
    let cached: Lines<'_> = &[HTML, ("cache-control", "public, max-age=60")];
    for (what, request) in
        [("a navigation", NAVIGATION.to_vec()), ("an opt-out", with(&[("cookie", "inlay_optout=1")]))]
    {
        let case = Case { request: &request, response: cached, site: SNIPPET, ..ORDINARY };
        let (verdict, _, _) = verdict_on(&case);
        assert!(verdict.private && !verdict.reusable, "{what}: private, and so not reusable");
    }
    let part: Lines<'_> = &[HTML, ("cache-control", "max-age=60"), ("content-range", "bytes 0-8/71")];
    for (what, case, private) in [
        ("a part", Case { status: 206, response: part, ..ORDINARY }, true),
        ("unchanged", Case { status: 304, response: &[], ..ORDINARY }, true),
        ("an unchanged file", Case { status: 304, path: "/x.pdf", response: &[], ..ORDINARY }, false),
        ("an unchanged picture", Case { status: 304, response: &[("content-type", "image/png")], ..ORDINARY }, false),
    ] {
        let site = "[[site.tag]]\nid = 'chat'\nhtml = '<p>chat</p>'";
        assert_eq!(verdict_on(&Case { site, ..case }).0.private, private, "{what}");
    }
    let elsewhere = Case { path: "/b", response: cached, site: SNIPPET, ..ORDINARY };
    assert!(!verdict_on(&elsewhere).0.private, "a page without the snippet");
    let image =
        Case { response: &[("content-type", "image/png"), ("cache-control", "max-age=60")], site: SNIPPET, ..ORDINARY };
    assert!(!verdict_on(&image).0.private, "what is no page");
}

#[test]
fn what_may_differ_between_visitors_at_one_address_makes_it_private_for_all_of_them() {
    let cached: Lines<'_> = &[HTML, ("cache-control", "public, max-age=60")];
    let snippet = |rule: &str| format!("[[site.tag]]\nid = 'x'\nhtml = '<img src=a>'\n{rule}");
    for (what, rule, path, private, drawn) in [
        ("a cookie that this visitor has not", "when.cookie = { plan = 'pro' }", "/a", true, false),
        ("a draw", "percent = 1", "/a", true, true),
        ("a draw of none", "percent = 0", "/a", false, false),
        ("a parameter that the address has", "when.query = { b = '*' }", "/a?b=1", true, false),
        ("a parameter that it has not", "when.query = { b = '*' }", "/a", false, false),
        ("another status", "when.status = [404]", "/a", false, false),
        ("this status", "when.status = [200]", "/a", true, false),
        ("what the script places", "via = 'script'\npercent = 50\nwhen.cookie = { plan = '*' }", "/a", false, false),
    ] {
        let (verdict, _, _) = verdict_on(&Case { path, response: cached, site: &snippet(rule), ..ORDINARY });
        assert_eq!((verdict.private, verdict.reusable, verdict.drawn), (private, !private, drawn), "{what}");
    }
    let opted_out = with(&[("cookie", "inlay_optout=1")]);
    let case =
        Case { request: &opted_out, response: cached, site: &snippet("when.cookie = { plan = 'pro' }"), ..ORDINARY };
    assert!(verdict_on(&case).0.private, "also for who said no");
}

#[test]
fn a_site_in_shadow_changes_nothing_that_is_sent() {
    let cached: Lines<'_> =
        &[HTML, ("cache-control", "public, max-age=60"), ("etag", "\"a\""), ("content-length", "100")];
    let site = "mode = 'shadow'\n[[site.tag]]\nid = 'x'\nhtml = '<p>x</p>'";
    let (verdict, response, facts) = verdict_on(&Case { response: cached, site, ..ORDINARY });
    let Decision::Shadow(plan) = &verdict.decision else { panic!("it is worked out: {verdict:?}") };
    assert!(plan.has_snippets(), "with all that it would get");
    let mut headers = response.headers.clone();
    assert_eq!(super::super::prepare(&mut headers, &verdict, Some([b'f'; 32])), super::super::Length::Untouched);
    assert_eq!(headers.remove("x-inlay").expect("the word"), "skipped; reason=shadow");
    assert_eq!(headers, response.headers, "nothing else is changed");
    let (request, _) = parts(&ORDINARY);
    assert!(!self::site(site).would_tag(&request, &facts, Standing::Yes), "conditions go up as they came");
}

#[test]
fn the_header_is_made_true_and_tells_what_was_done() {
    let (verdict, response, _) = verdict_on(&Case {
        response: &[
            HTML,
            ("content-length", "100"),
            ("etag", "\"v1\""),
            ("cache-control", "no-cache"),
            ("last-modified", "Tue, 24 Nov 2026 08:00:00 GMT"),
            ("accept-ranges", "bytes"),
            ("digest", "sha-256=x"),
            ("repr-digest", "sha-256=:x:"),
            ("server-timing", "db;dur=5"),
            ("set-cookie", "a=b"),
        ],
        ..ORDINARY
    });
    let Decision::Tag(plan) = &verdict.decision else { panic!("the page is tagged") };
    let mut headers = response.headers;
    let length = super::super::prepare(&mut headers, &verdict, Some([b'f'; 32]));
    let sent = 100 + plan.len() as u64;
    assert_eq!(length, super::super::Length::Exact { origin: 100, sent }, "the length grows by the plan's");
    assert!(plan.len().is_multiple_of(2), "the plan's length is even: {}", plan.len());
    let names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    assert!(
        !names.iter().any(|name| ["etag", "last-modified", "accept-ranges", "digest", "repr-digest"].contains(name))
    );
    assert_eq!(headers["x-inlay"], "tagged");
    assert_eq!(headers["set-cookie"], "a=b", "the rest stays");
    let timing: Vec<&HeaderValue> = headers.get_all("server-timing").iter().collect();
    assert_eq!(
        timing,
        ["db;dur=5", format!("inlay;desc=\"{}\"", "f".repeat(32)).as_str()],
        "a line of its own behind the origin's"
    );
}

#[test]
fn a_reusable_answer_bears_no_view_id() {
    let (verdict, response, _) = verdict_on(&Case { response: &[HTML, ("cache-control", "max-age=60")], ..ORDINARY });
    let mut headers = response.headers;
    _ = super::super::prepare(&mut headers, &verdict, Some([b'f'; 32]));
    assert_eq!(headers["server-timing"], "inlay;desc=\"\"");
    assert_eq!(headers["cache-control"], "max-age=60", "it may still be stored");
    assert!(!headers.contains_key("vary"), "nothing is added to Vary");
}

#[test]
fn a_length_that_cannot_be_kept_true_is_dropped() {
    for (lines, length) in [
        (&["10", "10"][..], super::super::Length::Drop),
        (&["+10"], super::super::Length::Drop),
        (&["10, 10"], super::super::Length::Drop),
        (&[], super::super::Length::Untouched),
    ] {
        let (verdict, _, _) = verdict_on(&ORDINARY);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("content-length", HeaderValue::from_static(line));
        }
        assert_eq!(super::super::prepare(&mut headers, &verdict, None), length, "lengths {lines:?}");
    }
}

#[test]
fn views_are_navigations_that_showed_a_page() {
    let frame = &[("sec-fetch-dest", "iframe")][..];
    let prefetch = with(&[("sec-purpose", "prefetch;prerender")]);
    for (what, case, view) in [
        ("a page", ORDINARY, true),
        ("a form's answer", Case { method: "POST", ..ORDINARY }, true),
        ("not found", Case { status: 404, ..ORDINARY }, true),
        ("gone", Case { status: 410, ..ORDINARY }, true),
        ("unchanged", Case { status: 304, response: &[], ..ORDINARY }, true),
        ("an unchanged file", Case { status: 304, path: "/a.pdf", response: &[], ..ORDINARY }, false),
        ("a header alone", Case { method: "HEAD", ..ORDINARY }, false),
        ("a redirect", Case { status: 302, ..ORDINARY }, false),
        ("an error", Case { status: 500, ..ORDINARY }, false),
        ("a picture", Case { response: &[("content-type", "image/png")], ..ORDINARY }, false),
        ("a frame", Case { request: frame, ..ORDINARY }, false),
        ("fetched ahead", Case { request: &prefetch, ..ORDINARY }, false),
    ] {
        let (_, response, facts) = verdict_on(&case);
        assert_eq!(facts.is_view(&response), view, "{what}");
    }
}

#[test]
fn only_a_navigation_that_would_be_tagged_goes_up_without_conditions() {
    for (what, case, stripped) in [
        ("a navigation", ORDINARY, true),
        ("its header", Case { method: "HEAD", ..ORDINARY }, true),
        ("a form", Case { method: "POST", ..ORDINARY }, false),
        ("a file", Case { path: "/manual.pdf", ..ORDINARY }, false),
        ("a part", Case { request: &with(&[("range", "bytes=0-")]), ..ORDINARY }, false),
        ("an opt-out", Case { request: &with(&[("cookie", "inlay_optout=1")]), ..ORDINARY }, false),
        ("a fetch", Case { request: &[("accept", "*/*")], ..ORDINARY }, false),
        ("a site without tags", Case { site: "tag = false", ..ORDINARY }, false),
        ("a path without tags", Case { site: "paths = ['/b']", ..ORDINARY }, false),
    ] {
        let (request, _) = parts(&case);
        let site = site(case.site);
        let standing = crate::signal::standing(&request.headers, &site.config.privacy.honor);
        let facts = RequestFacts::of(&request, true);
        assert_eq!(site.would_tag(&request, &facts, standing), stripped, "{what}");
    }
}
