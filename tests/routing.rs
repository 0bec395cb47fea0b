//! Whose request it is, what the origin is told of the visitor, what lies under the prefix, and origins that do not answer.

use std::io::Write;
use std::net::TcpListener;

use crate::support::client::{ask, navigate};
use crate::support::origin::{Origin, answer, silence};
use crate::support::proxy::{Proxy, before, binary};
use crate::support::wait_for;

fn plain(body: &str) -> Vec<u8> {
    answer("200 OK", "text/plain", "", body)
}

fn site(name: &str, hosts: &str, origin: &Origin) -> String {
    format!("[[site]]\nname = \"{name}\"\nhosts = [{hosts}]\norigin = \"{}\"\n", origin.url())
}

/// Lines of the log with this message.
fn logged(proxy: &Proxy, message: &str) -> Vec<serde_json::Value> {
    let lines = proxy.log().into_iter().filter_map(|line| serde_json::from_str(&line).ok());
    lines
        .filter(|line: &serde_json::Value| line["message"].as_str().is_some_and(|text| text.contains(message)))
        .collect()
}

#[test]
fn sites_are_picked_by_host_alone_and_the_star_takes_the_rest() {
    let (one, two, rest) = (Origin::fixed(plain("one")), Origin::fixed(plain("two")), Origin::fixed(plain("rest")));
    let sites = [site("one", "\"one.test\"", &one), site("two", "\"two.test\", \"www.two.test\"", &two)].concat();
    let proxy = Proxy::start(&format!("{sites}{}", site("rest", "\"*\"", &rest)));
    for (host, body) in [
        ("one.test", "one"),
        ("ONE.test:8080", "one"),
        ("one.test.", "one"),
        ("www.two.test", "two"),
        ("three.test", "rest"),
        ("[::1]", "rest"),
    ] {
        assert_eq!(ask(proxy.addr, "GET", host, "/", "").text(), body, "host {host}");
    }
}

#[test]
fn an_unknown_host_is_misdirected_and_reaches_nobody() {
    let origin = Origin::fixed(plain("ok"));
    let proxy = before(&origin.url(), "");
    let page = ask(proxy.addr, "GET", "other.test", "/_inlay/privacy", "");
    assert_eq!(page.status(), 421);
    let json = ask(proxy.addr, "GET", "other.test", "/", "Accept: application/json\r\n");
    let told: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON where it is asked for");
    assert_eq!(told["status"], 421);
    assert!(origin.requests().is_empty(), "nobody was asked");
}

#[test]
fn the_origin_is_told_who_asks_and_an_untrusted_client_forges_nothing() {
    let origin = Origin::fixed(plain("ok"));
    let forged = "X-Forwarded-For: 1.1.1.1, 198.51.100.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: www.shop.test\r\n\
        Forwarded: for=1.1.1.1\r\n";
    let trusting = before(&origin.url(), "");
    ask(trusting.addr, "GET", "shop.test", "/", forged);
    let seen = origin.last();
    assert_eq!(
        seen.all("x-forwarded-for"),
        ["198.51.100.1, 127.0.0.1"],
        "what stands left of the last hop may be forged"
    );
    assert_eq!(seen.all("x-forwarded-proto"), ["https"]);
    assert_eq!(seen.all("x-forwarded-host"), ["www.shop.test"]);
    assert_eq!(seen.all("forwarded"), ["for=198.51.100.1;proto=https;host=\"www.shop.test\""]);

    let dir = std::sync::Arc::new(tempfile::TempDir::new().expect("a folder"));
    let wary = Proxy::start_in(dir, "trusted_proxies = [\"192.0.2.1\"]", &site("shop", "\"*\"", &origin));
    for _ in 0..3 {
        ask(wary.addr, "GET", "shop.test", "/", forged);
    }
    let seen = origin.last();
    assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!((seen.header("x-forwarded-proto"), seen.header("x-forwarded-host")), (Some("http"), Some("shop.test")));
    wait_for("the log tells of it", || (!logged(&wary, "trusted_proxies").is_empty()).then_some(()));
    assert_eq!(logged(&wary, "trusted_proxies").len(), 1, "once a minute, not at every request");
    let ready = ask(wary.admin, "GET", &wary.admin.to_string(), "/ready", "");
    assert!(ready.text().contains("trusted_proxies"), "/ready tells of it: {}", ready.text());
    let page = ask(wary.admin, "GET", &wary.admin.to_string(), "/", "Accept: text/html\r\n");
    assert!(page.text().contains("trusted_proxies"), "the owner's page tells of it");
}

#[test]
fn an_origin_that_is_down_gives_502_with_a_request_id_that_is_in_the_log() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let proxy = before(&format!("http://{free}"), "");
    let json = ask(proxy.addr, "GET", "shop.test", "/secret-path?secret=query", "Accept: application/json\r\n");
    assert_eq!(json.status(), 502);
    let told: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON where it is asked for");
    let id = told["request_id"].as_str().expect("a request id");
    let line = wait_for("a log line", || logged(&proxy, "no answer from the origin").pop());
    assert_eq!((line["site"].as_str(), line["cause"].as_str()), (Some("shop"), Some("connect")), "{line}");
    assert_eq!(line["request_id"].as_str(), Some(id), "the same id as on the page");
    assert!(!proxy.log().concat().contains("secret"), "neither path nor query are logged: {:#?}", proxy.log());
    let html = navigate(proxy.addr, "/", "");
    assert!(html.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "a page otherwise");
    assert_eq!(html.inlay(), None, "our own answer is no page of the site's");
}

#[test]
fn an_origin_that_is_slow_gives_504() {
    let origin = Origin::new(|_, _| {
        silence();
        false
    });
    let proxy = before(&origin.url(), "origin_timeout_secs = 1\n");
    assert_eq!(navigate(proxy.addr, "/", "").status(), 504);
    let line = wait_for("a log line", || logged(&proxy, "no answer from the origin").pop());
    assert_eq!(line["cause"].as_str(), Some("timeout"), "{line}");
}

#[test]
fn a_name_without_an_address_is_a_502_and_no_failed_start() {
    let proxy = before("http://no-such-name.invalid", "");
    assert_eq!(navigate(proxy.addr, "/", "").status(), 502);
    let line = wait_for("a log line", || logged(&proxy, "no answer from the origin").pop());
    assert_eq!(line["cause"].as_str(), Some("unresolved"), "{line}");
}

#[test]
fn nothing_under_the_prefix_reaches_the_origin_however_it_is_spelt() {
    let origin = Origin::fixed(plain("origin"));
    let proxy = before(&origin.url(), "");
    for target in [
        "/_inlay",
        "/_inlay/",
        "/_inlay/none",
        "/_INLAY/privacy",
        "//_inlay/privacy",
        "/%5Finlay/privacy",
        "/a/../_inlay/privacy",
        "/./_inlay/privacy",
        "/_inlay;x/privacy",
        "/a\\..\\_inlay/privacy",
        "/_inlay%2Fprivacy",
        "/_inlay/../_inlay/privacy",
    ] {
        assert_eq!(ask(proxy.addr, "GET", "shop.test", target, "").status(), 404, "{target}");
    }
    assert_eq!(ask(proxy.addr, "GET", "shop.test", "/_inlay/privacy?x=1", "").status(), 200, "the exact spelling");
    assert!(origin.requests().is_empty(), "the origin saw none of it: {:?}", origin.requests());
    for target in ["/_inlayx", "/a_inlay", "/_inlay.html", "/x/_inlay", "/%255Finlay", "/?/_inlay"] {
        assert_eq!(ask(proxy.addr, "GET", "shop.test", target, "").text(), "origin", "{target} is not ours");
    }
}

#[test]
fn inlays_own_cookies_stay_here_and_the_opt_out_goes_on() {
    let origin = Origin::fixed(plain("ok"));
    let proxy = before(&origin.url(), "");
    ask(proxy.addr, "GET", "shop.test", "/", "Cookie: a=1; inlay_id=7; inlay_optout=1; b=2\r\nCookie: inlay_x=1\r\n");
    let seen = origin.last();
    assert_eq!(seen.all("cookie"), ["a=1; inlay_optout=1; b=2"]);
    let at = seen.headers.iter().position(|(name, _)| name == "Cookie");
    assert!(at.is_some_and(|at| at < 3), "spelt as the client spells it, and in its place: {:?}", seen.headers);
    for name in ["COOKIE", "cookie"] {
        ask(proxy.addr, "GET", "shop.test", "/", &format!("{name}: inlay_id=7; b=2\r\n{name}: c=3\r\n"));
        let seen = origin.last();
        let cookies: Vec<&str> =
            seen.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect();
        assert_eq!(cookies, ["b=2", "c=3"], "{name}: {:?}", seen.headers);
    }
}

#[test]
fn the_host_that_is_sent_up_is_the_owners_choice_and_locations_are_mapped_back() {
    let origin = Origin::new(|request, stream| {
        let host = request.header("host").unwrap_or_default();
        let more = format!("Location: http://{host}/there?x=1\r\n");
        stream.write_all(&answer("302 Found", "text/plain", &more, host)).is_ok()
    });
    let own = origin.addr.to_string();
    for (host, sent, location) in [
        ("keep", "shop.test", "http://shop.test/there?x=1"),
        ("origin", own.as_str(), "http://shop.test/there?x=1"),
        ("inner.test", "inner.test", "http://inner.test/there?x=1"),
    ] {
        let proxy = before(&origin.url(), &format!("host = \"{host}\"\n"));
        let got = ask(proxy.addr, "GET", "shop.test", "/", "");
        assert_eq!((got.text().as_str(), got.header("location")), (sent, Some(location)), "host = {host}");
    }
}

#[test]
fn a_site_without_a_file_is_one_command() {
    let origin = Origin::html("<html><head></head><body></body></html>");
    let dir = std::sync::Arc::new(tempfile::TempDir::new().expect("a folder"));
    let mut command = binary();
    command.arg("proxy").arg(origin.url()).args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"]);
    command.arg(dir.path().join("data"));
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("it runs");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().expect("its log")));
    let addr = lines.find_map(|line| {
        let line = line.ok()?;
        let bare: String =
            line.split("\u{1b}[").map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)).collect();
        bare.contains("listening for visitors").then(|| bare.rsplit("addr=").next()?.trim().parse().ok())?
    });
    let page = navigate(addr.expect("it says where it listens"), "/", "");
    child.kill().and_then(|()| child.wait()).expect("it is ended");
    assert_eq!(page.inlay(), Some("tagged"));
    assert_eq!(origin.last().header("host"), Some("shop.test"), "a near origin is sent the visitor's host");
}
