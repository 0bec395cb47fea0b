//! Shared caches in front: real nginx with `proxy_cache`, which stores for everybody what its first visitor got.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::client::{Answer, ask, navigate};
use crate::support::origin::{Origin, answer};
use crate::support::proxy::before;
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head><title>a</title></head><body>b</body></html>";
const OPT_OUT: &str = "Cookie: inlay_optout=1\r\n";
const SNIPPET: &str = "[[site.tag]]\nid = 'chat'\nhtml = '<p>chat</p>'\nplace = 'body-end'";

/// nginx as a cache before an address; it is ended with the test.
struct Cache {
    addr: SocketAddr,
    more: &'static str,
    nginx: Child,
    dir: TempDir,
}

impl Cache {
    fn before(upstream: SocketAddr) -> Cache {
        Cache::with("", upstream)
    }

    /// `more` stands in its configuration beside the cache.
    fn with(more: &'static str, upstream: SocketAddr) -> Cache {
        let dir = TempDir::new().expect("a folder");
        let addr = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        configure(dir.path(), addr, more, upstream);
        let prefix = dir.path().display().to_string();
        let nginx = Command::new("nginx").args(["-p", &prefix, "-c", "nginx.conf"]).spawn().expect("nginx runs");
        wait_for("nginx listens", || TcpStream::connect(addr).ok());
        Cache { addr, more, nginx, dir }
    }

    /// Stands before another address from now on, with what it has stored.
    fn turn_to(&self, upstream: SocketAddr) {
        configure(self.dir.path(), self.addr, self.more, upstream);
        let pid = self.nginx.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().expect("kill runs").success());
        let wanted = upstream.to_string();
        let says = || navigate(self.addr, "/which-upstream", "").header("x-upstream").map(str::to_owned);
        wait_for("nginx has turned", || says().filter(|said| *said == wanted));
    }

    /// What visitors get one after the other, each with fields of their own.
    fn visits<const N: usize>(&self, visitors: [&str; N]) -> [Answer; N] {
        visitors.map(|more| navigate(self.addr, "/", more))
    }

    /// What the first visitor gets after what is stored has become old.
    fn first_after_its_life(&self, ask: impl Fn(SocketAddr) -> Answer) -> Answer {
        wait_for("the copy is old", || Some(ask(self.addr)).filter(|page| page.header("x-cache") != Some("HIT")))
    }
}

fn configure(dir: &Path, listen: SocketAddr, more: &str, upstream: SocketAddr) {
    let at = dir.display();
    let conf = format!(
        "worker_processes 1; daemon off; pid {at}/pid; error_log {at}/error.log;\nevents {{}}\nhttp {{ access_log off; \
         client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; \
         scgi_temp_path {at}/s; proxy_cache_path {at}/cache keys_zone=pages:1m; server {{ listen {listen}; \
         add_header X-Upstream {upstream} always; location = /which-upstream {{ return 204; }} location / {{ \
         proxy_pass http://{upstream}; proxy_set_header Host $host; proxy_cache pages; proxy_cache_key $request_uri; {more} \
         add_header X-Cache $upstream_cache_status always; }} }} }}\n"
    );
    std::fs::write(dir.join("nginx.conf"), conf).expect("written");
}

impl Drop for Cache {
    fn drop(&mut self) {
        // Its worker goes with it only where it is told.
        _ = Command::new("kill").arg(self.nginx.id().to_string()).status();
        _ = self.nginx.wait();
    }
}

/// Fields by which nginx stores a page, `X-Accel-Expires` above what forbids it.
const STORED: [&str; 2] = ["Cache-Control: max-age=60\r\n", "X-Accel-Expires: 60\r\nCache-Control: no-cache\r\n"];

#[test]
fn a_page_that_nginx_stores_is_tagged_for_all_and_names_no_view() {
    for fields in STORED {
        let origin = Origin::fixed(answer("200 OK", "text/html", fields, PAGE));
        let proxy = before(&origin.url(), "");
        let [no, first, second] = Cache::before(proxy.addr).visits([OPT_OUT, "", ""]);
        assert_eq!((no.text().as_str(), no.header("x-cache")), (PAGE, Some("MISS")), "{fields}: {:?}", no.headers);
        assert_eq!(first.header("x-cache"), Some("MISS"), "{fields}: what an opt-out got is not stored for others");
        assert_eq!(second.header("x-cache"), Some("HIT"), "{fields}: {:?}", second.headers);
        assert!(first.text().contains("/_inlay/t.") && first.body == second.body, "{fields}: the same tagged bytes");
        assert_eq!(second.view_id(), Some(""), "{fields}: no id that all would share");
    }
}

#[test]
fn a_page_with_a_snippet_is_never_stored_by_nginx() {
    for fields in STORED {
        let origin = Origin::fixed(answer("200 OK", "text/html", fields, PAGE));
        let proxy = before(&origin.url(), SNIPPET);
        let [first, second, no] = Cache::before(proxy.addr).visits(["", "", OPT_OUT]);
        assert!(first.text().contains("<p>chat</p>"), "{fields}: {}", first.text());
        assert_eq!(second.header("x-cache"), Some("MISS"), "{fields}: {:?}", second.headers);
        assert_ne!(first.view_id(), second.view_id(), "{fields}: each its own id");
        assert_eq!(no.text(), PAGE, "{fields}: nothing of it reaches who said no");
    }
}

const REVALIDATES: &str = "proxy_cache_revalidate on;";

/// An origin whose page lives for a second, and that confirms it by its tag.
fn short_lived() -> Origin {
    const FIELDS: &str = "ETag: \"v1\"\r\nCache-Control: public, max-age=1\r\n";
    Origin::new(|request, stream| {
        let unchanged = request.header("if-none-match") == Some("\"v1\"");
        let full = answer("200 OK", "text/html", FIELDS, PAGE);
        let not_modified = format!("HTTP/1.1 304 Not Modified\r\n{FIELDS}\r\n").into_bytes();
        stream.write_all(if unchanged { &not_modified } else { &full }).is_ok()
    })
}

fn is_tagged(page: &Answer) -> bool {
    page.text().contains("/_inlay/t.")
}

#[test]
fn what_nginx_has_stored_is_revalidated_by_our_tag_and_names_no_view() {
    for (more, word) in [(REVALIDATES, "REVALIDATED"), ("", "EXPIRED")] {
        let origin = short_lived();
        let proxy = before(&origin.url(), "");
        let cache = Cache::with(more, proxy.addr);
        let [first, _] = cache.visits(["", ""]);
        assert!(is_tagged(&first), "{}", first.text());
        let old = cache.first_after_its_life(|addr| navigate(addr, "/", ""));
        assert_eq!(old.header("x-cache"), Some(word), "{:?}", old.headers);
        assert_eq!((old.body == first.body, old.view_id()), (true, Some("")), "{word}: the same, and no id");
        let asked_with = origin.last().header("if-none-match").map(str::to_owned);
        assert_eq!(asked_with.as_deref(), (more == REVALIDATES).then_some("\"v1\""), "the origin's own tag");
        let tag = old.header("etag").expect("ours").to_owned();
        let unchanged = navigate(cache.addr, "/", &format!("If-None-Match: {tag}\r\n"));
        assert_eq!((unchanged.status(), unchanged.view_id()), (304, Some("")), "{word}: nginx's own 304");
    }
}

#[test]
fn an_opt_out_that_comes_when_a_copy_is_old_gets_a_plain_page_and_spoils_it_for_nobody() {
    for more in [REVALIDATES, ""] {
        let origin = short_lived();
        let proxy = before(&origin.url(), "");
        let cache = Cache::with(more, proxy.addr);
        cache.visits([""]);
        let no = cache.first_after_its_life(|addr| navigate(addr, "/", OPT_OUT));
        assert_eq!((no.text().as_str(), no.header("cache-control")), (PAGE, Some("private, max-age=1")), "{more}");
        assert!(cache.visits(["", "", ""]).iter().all(is_tagged), "{more}: all others get the tagged page");
    }
}

#[test]
fn an_untagged_copy_from_the_time_before_inlay_comes_to_an_end() {
    for more in [REVALIDATES, ""] {
        let origin = short_lived();
        let proxy = before(&origin.url(), "");
        let cache = Cache::with(more, origin.addr);
        let fetch = |addr| {
            ask(addr, "GET", "shop.test", "/", "Accept: */*\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n")
        };
        assert!(!is_tagged(&fetch(cache.addr)), "nothing stands between yet");
        cache.turn_to(proxy.addr);
        // Programs come first, and again and again.
        for _ in 0..2 {
            cache.first_after_its_life(fetch);
        }
        let page = cache.first_after_its_life(|addr| navigate(addr, "/", ""));
        assert!(is_tagged(&page), "{more} {:?}: {}", page.headers, page.text());
        assert!(is_tagged(&cache.visits([""])[0]), "{more}: and so it stays");
    }
}

#[test]
fn other_tags_reach_visitors_when_the_copy_has_become_old() {
    let origin = short_lived();
    let proxy = before(&origin.url(), "");
    let cache = Cache::with(REVALIDATES, proxy.addr);
    let [first] = cache.visits([""]);
    let other = before(&origin.url(), "[site.privacy]\nhonor = []");
    cache.turn_to(other.addr);
    let page = cache.first_after_its_life(|addr| navigate(addr, "/", ""));
    assert!(is_tagged(&page) && page.body != first.body, "another script is in it: {}", page.text());
    assert_eq!(page.header("x-cache"), Some("EXPIRED"), "fetched anew: {:?}", page.headers);
}

#[test]
fn a_stale_copy_that_stands_in_for_a_dead_origin_is_tagged_and_names_no_view() {
    const FIELDS: &str = "Cache-Control: public, max-age=1\r\n";
    let origin = Origin::new(|request, stream| {
        let dead = request.target() != "/" || request.header("x-dead").is_some();
        let status = if dead { "503 Service Unavailable" } else { "200 OK" };
        stream.write_all(&answer(status, "text/html", FIELDS, PAGE)).is_ok()
    });
    let proxy = before(&origin.url(), "");
    let cache = Cache::with("proxy_cache_use_stale error timeout http_503 updating;", proxy.addr);
    let [first] = cache.visits([""]);
    let stale = cache.first_after_its_life(|addr| navigate(addr, "/", "X-Dead: 1\r\n"));
    assert_eq!(stale.header("x-cache"), Some("STALE"), "{:?}", stale.headers);
    assert_eq!((stale.body == first.body, stale.view_id()), (true, Some("")));
    let no = navigate(cache.addr, "/", &format!("X-Dead: 1\r\n{OPT_OUT}"));
    assert!(
        !no.text().contains("<p>chat</p>"),
        "an opt-out gets our script at most, which asks before it does anything"
    );
}

#[test]
fn pages_that_nginx_may_not_store_bear_an_id_each() {
    for fields in ["Cache-Control: no-cache\r\n", "Cache-Control: private, max-age=60\r\n", ""] {
        let more = format!("ETag: \"v1\"\r\n{fields}");
        let origin = Origin::fixed(answer("200 OK", "text/html", &more, PAGE));
        let proxy = before(&origin.url(), "");
        let cache = Cache::with(REVALIDATES, proxy.addr);
        let visits = cache.visits(["", "", ""]);
        let ids: Vec<_> = visits.iter().map(|page| page.view_id().expect("an id")).collect();
        assert!(ids.iter().all(|id| id.len() == 32), "{fields}: {ids:?}");
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{fields}: no two have the same: {ids:?}");
    }
}

#[test]
fn a_cache_that_is_told_of_is_reckoned_with_where_pages_say_nothing() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "", PAGE));
    let proxy = before(&origin.url(), "in_front = 'cache'");
    let [no, first, second] = Cache::with("proxy_cache_valid 200 1m;", proxy.addr).visits([OPT_OUT, "", ""]);
    assert_eq!((no.text().as_str(), no.header("cache-control")), (PAGE, Some("private")));
    assert_eq!((first.view_id(), second.view_id()), (Some(""), Some("")), "it is stored: {:?}", second.headers);
    assert!(is_tagged(&second) && second.header("x-cache") == Some("HIT"), "{:?}", second.headers);
}

/// What the page on caches says to write for one of them.
fn advice(language: &str) -> &'static str {
    let page = include_str!("../docs/caches.md");
    let (_, rest) = page.split_once(&format!("```{language}\n")).expect("the example is there");
    rest.split("```").next().expect("its end")
}

#[test]
fn with_the_advice_for_nginx_who_said_no_gets_a_page_of_their_own_at_any_time() {
    let kept: Vec<_> = advice("nginx").lines().map(str::trim).filter(|line| line.starts_with("proxy_cache_")).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    let origin = short_lived();
    let proxy = before(&origin.url(), "");
    let cache = Cache::with(String::leak(kept.join(" ")), proxy.addr);
    for no in [OPT_OUT, "Sec-GPC: 1\r\n", "DNT: 1\r\n"] {
        let [_, stored, alone, other] = cache.visits(["", "", no, "Cookie: inlay_optout=0\r\nDNT: 0\r\n"]);
        assert!(is_tagged(&stored), "{no}");
        assert_eq!((alone.text().as_str(), alone.header("x-cache")), (PAGE, Some("BYPASS")), "{no}");
        assert!(is_tagged(&other) && other.header("x-cache") != Some("BYPASS"), "{no}: {:?}", other.headers);
    }
}

#[test]
fn with_the_advice_for_varnish_pages_are_stored_for_all_but_those_who_said_no() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "", PAGE));
    let proxy = before(&origin.url(), "in_front = 'cache'");
    let varnish = Varnish::before(proxy.addr);
    let [first, second, no, third] =
        ["", "", OPT_OUT, ""].map(|more| navigate(varnish.addr, "/", &format!("User-Agent: a\r\n{more}")));
    // Two numbers: of this request, and of the one that was stored.
    let is_hit = |page: &Answer| page.header("x-varnish").is_some_and(|ids| ids.contains(' '));
    assert_eq!([&first, &second, &no, &third].map(is_hit), [false, true, false, true]);
    assert!([&first, &second, &third].into_iter().all(is_tagged), "{}", first.text());
    assert_eq!([second.view_id(), third.view_id()], [Some(""), Some("")], "no id that all would share");
    assert_eq!(no.text(), PAGE, "and nothing for who said no");
}

/// Varnish as the page on caches says; it is ended with the test.
struct Varnish {
    addr: SocketAddr,
    child: Child,
    _dir: TempDir,
}

impl Varnish {
    fn before(upstream: SocketAddr) -> Varnish {
        let dir = TempDir::new().expect("a folder");
        let addr = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let vcl = dir.path().join("inlay.vcl");
        std::fs::write(&vcl, advice("vcl").replace("8080", &upstream.port().to_string())).expect("written");
        let (vcl, work) = (vcl.display().to_string(), dir.path().join("work").display().to_string());
        let listen = addr.to_string();
        let arguments = ["-j", "none", "-F", "-a", &listen, "-f", &vcl, "-n", &work, "-s", "malloc,16m"];
        let mut command = Command::new("varnishd");
        let child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("varnishd runs");
        wait_for("Varnish listens", || TcpStream::connect(addr).ok());
        Varnish { addr, child, _dir: dir }
    }
}

impl Drop for Varnish {
    fn drop(&mut self) {
        // Its worker goes with it only where it is told.
        _ = Command::new("kill").arg(self.child.id().to_string()).status();
        _ = self.child.wait();
    }
}
