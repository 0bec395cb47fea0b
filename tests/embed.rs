//! Tagging around somebody else's proxy: the examples are run as they stand.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::support::client::{ask, navigate};
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
        assert_eq!((page.header("content-length"), page.header("etag")), (None, None), "{round}: {:?}", page.headers);
        let text = page.text();
        let rest =
            text.find("<script").zip(text.find("<title>")).map(|(from, to)| [&text[..from], &text[to..]].concat());
        assert_eq!(rest.as_deref(), Some(PAGE), "{round}: the tag, and the origin's page");
    }
    assert_eq!(origin.requests().len(), 1, "the second came out of the cache");
    let no = navigate(example.addr, "/", "Cookie: inlay_optout=1\r\n");
    assert_eq!((no.text().as_str(), no.inlay()), (PAGE, Some("skipped; reason=opt-out")), "what is stored is untagged");
    let head = ask(example.addr, "HEAD", "shop.test", "/", crate::support::client::NAVIGATION);
    assert_eq!((head.status(), head.inlay()), (200, Some("tagged")), "{:?}", head.headers);
    assert_eq!(origin.requests().len(), 1, "all of it out of the cache");
}
