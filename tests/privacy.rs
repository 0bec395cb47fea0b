//! Who said no leaves no trace; who asks is told; and only the visitor's own word is taken.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;

use tempfile::TempDir;

use crate::support::client::{Client, NAVIGATION, ask, navigate};
use crate::support::origin::{Origin, answer};
use crate::support::proxy::{Proxy, before, stats};
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head></head><body></body></html>";
const MARKER: &str = "Zq7TrAcE";
/// The three ways to say no.
const REFUSALS: [&str; 3] = ["Cookie: inlay_optout=1\r\n", "Sec-GPC: 1\r\n", "DNT: 1\r\n"];

/// Fields that carry the marker wherever a visitor could be known by it.
fn marked() -> String {
    format!(
        "User-Agent: {MARKER}\r\nReferer: http://{MARKER}.example/{MARKER}?{MARKER}\r\nAccept-Language: {MARKER}\r\n\
         X-Forwarded-For: 198.51.100.213\r\nCookie: session={MARKER}\r\n"
    )
}

#[test]
fn a_no_leaves_no_trace_whatever_becomes_of_the_request() {
    let origin = Origin::new(|request, stream| {
        if request.target().contains("/slow") {
            crate::support::origin::silence();
        }
        if request.target().contains("/endless") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999999\r\n\r\n<p>").ok();
            while stream.write_all(&[b'a'; 65536]).is_ok() {}
            return false;
        }
        stream.write_all(&answer("200 OK", "text/html", "Cache-Control: no-cache\r\n", PAGE)).is_ok()
    });
    let down = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let sites = format!(
        "[[site]]\nname = \"shop\"\nhosts = [\"shop.test\"]\norigin = \"{}\"\norigin_timeout_secs = 1\n\
         [[site]]\nname = \"down\"\nhosts = [\"down.test\"]\norigin = \"http://{down}\"\n",
        origin.url()
    );
    let dir = Arc::new(TempDir::new().expect("a folder"));
    let start = || Proxy::start_in(dir.clone(), "access_log = true", &sites);

    let mut proxy = start();
    refuse_in_every_way(&proxy);
    let told = ["/", "/ready", "/metrics"].map(|path| ask(proxy.admin, "GET", &proxy.admin.to_string(), path, ""));
    assert!(told.iter().all(|answer| answer.status() == 200), "the owner's side answers");
    let [_, _, metrics] = told.each_ref().map(|answer| answer.text());
    assert!(metrics.contains("outcome=\"opt-out\""), "that pages were left alone is counted: {metrics}");
    told.iter().for_each(|answer| no_trace("what the owner is told", answer.text().as_bytes()));
    let log = no_trace_in_files(&proxy);
    assert!(log.contains(&"ledger.db-wal".to_owned()), "the log of the running ledger was read: {log:?}");

    proxy.signal("-KILL");
    proxy.wait();
    let killed = no_trace_in_files(&proxy);
    assert!(killed.contains(&"ledger.db-wal".to_owned()), "and what a killed one left: {killed:?}");

    let mut proxy = start();
    refuse_in_every_way(&proxy);
    assert_eq!(proxy.stop(), Some(0));
    no_trace_in_files(&proxy);
}

/// Who said no asks for everything there is, and a neighbour who did not is recorded beside.
fn refuse_in_every_way(proxy: &Proxy) {
    let marked = marked();
    let target = format!("/{MARKER}?{MARKER}={MARKER}");
    for refusal in REFUSALS {
        let more = format!("{NAVIGATION}{marked}{refusal}");
        let page = ask(proxy.addr, "GET", "shop.test", &target, &more);
        assert_eq!((page.status(), page.text().as_str()), (200, PAGE), "{refusal}: the page, untouched");
        assert!(page.header("set-cookie").is_none() && page.view_id().is_none(), "{refusal}: no cookie, no id");
        assert_eq!(ask(proxy.addr, "GET", "down.test", &target, &more).status(), 502);
        assert_eq!(ask(proxy.addr, "GET", "shop.test", &format!("/slow{target}"), &more).status(), 504);
        assert_eq!(ask(proxy.addr, "GET", "other.test", &target, &more).status(), 421);
        let mut gone = Client::new(proxy.addr);
        gone.send(format!("GET /endless{target} HTTP/1.1\r\nHost: shop.test\r\n{more}\r\n"));
        gone.until("<p>");
        drop(gone);
        ask(proxy.addr, "GET", "shop.test", &format!("/_inlay/{MARKER}"), &more);
    }
    let before = stats(&proxy.data()).and_then(|stats| stats["views"].as_u64()).unwrap_or(0);
    navigate(proxy.addr, "/neighbour", "User-Agent: Mozilla/5.0\r\n");
    proxy.stats_with_views(before + 1);
}

/// Looks through the process's log and every regular file of the data folder, whose names it returns.
fn no_trace_in_files(proxy: &Proxy) -> Vec<String> {
    let log = proxy.log().join("\n");
    assert!(log.contains("/neighbour"), "the log is on, and tells of others");
    no_trace("the log", log.as_bytes());
    let files = std::fs::read_dir(proxy.data()).expect("the folder").map(|file| file.expect("an entry"));
    // The socket for commands is none.
    let files = files.filter(|file| file.file_type().expect("its type").is_file());
    let read = files.map(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        no_trace(&name, &std::fs::read(file.path()).expect("a file that can be read"));
        name
    });
    read.collect()
}

fn no_trace(place: &str, bytes: &[u8]) {
    for trace in [MARKER, &MARKER.to_lowercase(), "198.51.100.213"] {
        let found = bytes.windows(trace.len()).position(|window| window == trace.as_bytes());
        let near = found.map(|at| {
            let until = bytes.len().min(at + 80);
            String::from_utf8_lossy(&bytes[at.saturating_sub(200)..until]).into_owned()
        });
        assert_eq!(near, None, "{trace} stands in {place}");
    }
}

#[test]
fn a_page_left_alone_is_one_count_a_site_and_day_and_no_row() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "Cache-Control: no-cache\r\n", PAGE));
    let proxy = before(&origin.url(), "");
    for refusal in REFUSALS {
        assert_eq!(navigate(proxy.addr, "/", refusal).text(), PAGE, "{refusal}");
    }
    let told = wait_for("three counts", || {
        let told = stats(&proxy.data())?;
        (told["outcomes"].as_array().map(Vec::len) == Some(3)).then_some(told)
    });
    assert_eq!((told["views"].as_u64(), told["bot_views"].as_u64()), (Some(0), Some(0)), "{told}");
    let conn = rusqlite::Connection::open(proxy.data().join("ledger.db")).expect("a ledger");
    let rows: i64 = conn.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).expect("a number");
    assert_eq!(rows, 0, "no row");
}

#[test]
fn gpc_and_dnt_count_where_the_site_honours_them_and_the_cookie_always() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "Cache-Control: no-cache\r\n", PAGE));
    let proxy = before(&origin.url(), "[site.privacy]\nhonor = []\n");
    for (refusal, word) in REFUSALS.iter().zip(["skipped; reason=opt-out", "tagged", "tagged"]) {
        assert_eq!(navigate(proxy.addr, "/", refusal).inlay(), Some(word), "{refusal}");
    }
}

#[test]
fn the_visitors_page_opts_out_and_in_again() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "Cache-Control: no-cache\r\n", PAGE));
    let proxy = before(&origin.url(), "");
    let page = ask(proxy.addr, "GET", "shop.test", "/_inlay/privacy", "Accept: text/html\r\n");
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("privacy/opt-out") && !page.text().contains("<script"), "a button and no script");
    for (name, part) in [("cache-control", "no-store"), ("content-security-policy", "frame-ancestors 'none'")] {
        assert!(page.header(name).is_some_and(|value| value.contains(part)), "{name}: {:?}", page.header(name));
    }
    let out = ask(
        proxy.addr,
        "POST",
        "shop.test",
        "/_inlay/privacy/opt-out",
        "Sec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n",
    );
    assert_eq!((out.status(), out.header("location")), (303, Some("/_inlay/privacy")));
    let cookie = out.header("set-cookie").expect("the cookie");
    assert!(cookie.starts_with("inlay_optout=1; Max-Age=34560000; Path=/; SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("Secure") && !cookie.contains("HttpOnly"), "{cookie}");
    let back = ask(
        proxy.addr,
        "POST",
        "shop.test",
        "/_inlay/privacy/opt-in",
        "Origin: http://shop.test\r\nContent-Length: 0\r\n",
    );
    assert!(back.all("set-cookie").iter().all(|cookie| cookie.contains("Max-Age=0")), "taken back: {:?}", back.headers);
    let foreign = ask(
        proxy.addr,
        "POST",
        "shop.test",
        "/_inlay/privacy/opt-out",
        "Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n",
    );
    assert!(foreign.header("set-cookie").is_none(), "proven cross-site: nothing is set");
    assert_eq!(ask(proxy.addr, "GET", "shop.test", "/_inlay/privacy/opt-out", "").status(), 405, "POST only");
    let json = ask(proxy.addr, "GET", "shop.test", "/_inlay/privacy", "Accept: application/json\r\nSec-GPC: 1\r\n");
    serde_json::from_slice::<serde_json::Value>(&json.body).expect("JSON by Accept");
    assert!(origin.requests().is_empty(), "the origin is not asked");
}

#[test]
fn an_opt_out_that_waits_for_a_100_is_answered_at_once() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send(
        "POST /_inlay/privacy/opt-out HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(client.answer("POST").status(), 303, "nobody waits for a body that is not needed");
}

#[test]
fn gpc_json_is_the_origins_unless_the_owner_speaks_for_the_whole_site() {
    let origin = Origin::fixed(answer("200 OK", "application/json", "", "{\"gpc\":\"origin\"}"));
    let ask_it = |site: &str| {
        let proxy = before(&origin.url(), site);
        ask(proxy.addr, "GET", "shop.test", "/.well-known/gpc.json", "").text()
    };
    assert_eq!(ask_it(""), "{\"gpc\":\"origin\"}");
    assert!(ask_it("[site.privacy]\ngpc_json = true\n").contains("\"gpc\":true"), "answered by us");
    assert_eq!(
        ask_it("[site.privacy]\ngpc_json = true\nhonor = [\"dnt\"]\n"),
        "{\"gpc\":\"origin\"}",
        "not without gpc in honor"
    );
}
