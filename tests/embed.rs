//! Tagging around somebody else's proxy: the examples are run as they stand.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::support::client::{NAVIGATION, ask, navigate};
use crate::support::origin::{Origin, answer};
use crate::support::proxy::stats;
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head><title>a</title></head><body>b</body></html>";

/// A running example before an origin; it is ended with the test.
struct Example {
    addr: SocketAddr,
    dir: TempDir,
    child: Child,
}

impl Example {
    fn start(name: &str, origin: &Origin) -> Example {
        let dir = TempDir::new().expect("a folder");
        let config = dir.path().join("inlay.toml");
        let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{}\"\n", origin.url());
        std::fs::write(&config, site).expect("written");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let built = Path::new(env!("CARGO_BIN_EXE_inlay")).parent().expect("a folder").join("examples").join(name);
        let mut command = Command::new(built);
        command.arg(&config).arg(free.to_string()).arg(origin.addr.to_string());
        let child = command.spawn().expect("`cargo test` builds the examples, and this one runs");
        let example = Example { addr: free, dir, child };
        wait_for("the example listens", || TcpStream::connect(free).ok());
        example
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn the_example_tags_and_records_for_a_proxy_that_is_not_ours() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "Cache-Control: no-cache\r\n", PAGE));
    let example = Example::start("embed", &origin);
    let page = navigate(example.addr, "/a", "");
    assert_eq!((page.inlay(), page.whole), (Some("tagged"), true), "{:?}", page.headers);
    assert_eq!(ask(example.addr, "GET", "shop.test", "/_inlay/privacy", "").status(), 200);
    assert_eq!(origin.requests().len(), 1, "what lies under the prefix is answered without it");
    let data = example.dir.path().join("data");
    wait_for("the view is recorded", || stats(&data).filter(|stats| stats["views"] == 1));
}

#[test]
fn with_a_cache_of_the_proxys_own_pages_are_tagged_without_a_length_on_misses_and_hits() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "Cache-Control: max-age=60\r\nETag: \"v1\"\r\n", PAGE));
    let example = Example::start("caching", &origin);
    for round in ["a miss", "a hit"] {
        let page = navigate(example.addr, "/", "If-None-Match: \"v1\"\r\n");
        assert_eq!(
            (page.status(), page.inlay(), page.whole),
            (200, Some("tagged"), true),
            "{round}: {:?}",
            page.headers
        );
        assert_eq!(page.header("content-length"), None, "{round}: {:?}", page.headers);
        let own = page.header("etag").is_some_and(|tag| tag.starts_with("W/\"inlay-") && tag.ends_with("-sv1\""));
        assert!(own, "{round} has a validator of the tagged page's own: {:?}", page.headers);
        let text = page.text();
        let rest =
            text.find("<script").zip(text.find("<title>")).map(|(from, to)| [&text[..from], &text[to..]].concat());
        assert_eq!(rest.as_deref(), Some(PAGE), "{round}: the tag, and the origin's page");
    }
    assert_eq!(origin.requests().len(), 1, "the second came out of the cache");
    let no = navigate(example.addr, "/", "Cookie: inlay_optout=1\r\n");
    assert_eq!((no.text().as_str(), no.inlay()), (PAGE, Some("skipped; reason=opt-out")), "what is stored is untagged");
    let head = ask(example.addr, "HEAD", "shop.test", "/", NAVIGATION);
    assert_eq!((head.status(), head.inlay()), (200, Some("tagged")), "{:?}", head.headers);
    assert_eq!(origin.requests().len(), 1, "all of it out of the cache");
}

#[test]
fn the_caching_example_keeps_apart_what_must_not_be_shared() {
    let origin = Origin::new(|request, stream| {
        let more = match request.target() {
            "/mine" => "Cache-Control: max-age=60\r\nSet-Cookie: id=1\r\n",
            _ => "Cache-Control: max-age=60\r\n",
        };
        let body = format!("{} {}", request.line, request.header("host").unwrap_or_default());
        stream.write_all(&answer("200 OK", "text/plain", more, &body)).is_ok()
    });
    let example = Example::start("caching", &origin);
    let text = |method, host, target| ask(example.addr, method, host, target, "").text();
    assert_eq!(text("GET", "one.test", "/a"), "GET /a HTTP/1.1 one.test");
    assert_eq!(text("GET", "two.test", "/a"), "GET /a HTTP/1.1 two.test", "each host has its own");
    assert_eq!(text("POST", "one.test", "/a"), "POST /a HTTP/1.1 one.test", "a POST is none of the cache's business");
    for _ in 0..2 {
        text("GET", "one.test", "/mine");
    }
    let mine = origin.requests().iter().filter(|request| request.target() == "/mine").count();
    assert_eq!(mine, 2, "an answer that sets a cookie is asked for each time");
}

#[test]
fn the_examples_end_soon_when_they_are_told_to() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "Cache-Control: no-cache\r\n", PAGE));
    for name in ["embed", "caching"] {
        let mut example = Example::start(name, &origin);
        assert_eq!(navigate(example.addr, "/", "").inlay(), Some("tagged"));
        let told = Command::new("kill").args(["-TERM", &example.child.id().to_string()]).status().expect("kill runs");
        assert!(told.success());
        let ended = wait_for("it ends", || example.child.try_wait().expect("its state"));
        assert!(ended.success(), "{name}: {ended}");
        assert_eq!(stats(&example.dir.path().join("data")).expect("statistics")["views"], 1, "{name}: nothing is lost");
    }
}
