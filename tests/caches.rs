//! Shared caches in front: real nginx with `proxy_cache`, which stores for everybody what its first visitor got.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::support::client::{Answer, navigate};
use crate::support::origin::{Origin, answer};
use crate::support::proxy::before;
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head><title>a</title></head><body>b</body></html>";
const OPT_OUT: &str = "Cookie: inlay_optout=1\r\n";
const SNIPPET: &str = "[[site.tag]]\nid = 'chat'\nhtml = '<p>chat</p>'\nplace = 'body-end'";

/// nginx as a cache before an address; it is ended with the test.
struct Cache {
    addr: SocketAddr,
    nginx: Child,
    _dir: TempDir,
}

impl Cache {
    fn before(upstream: SocketAddr) -> Cache {
        let dir = TempDir::new().expect("a folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let at = dir.path().display();
        let conf = format!(
            "worker_processes 1; daemon off; pid {at}/pid; error_log {at}/error.log;\nevents {{}}\nhttp {{ access_log off; \
             client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; \
             scgi_temp_path {at}/s; proxy_cache_path {at}/cache keys_zone=pages:1m; server {{ listen {free}; location / {{ \
             proxy_pass http://{upstream}; proxy_set_header Host $host; proxy_cache pages; \
             add_header X-Cache $upstream_cache_status always; }} }} }}\n"
        );
        std::fs::write(dir.path().join("nginx.conf"), conf).expect("written");
        let prefix = at.to_string();
        let nginx = Command::new("nginx").args(["-p", &prefix, "-c", "nginx.conf"]).spawn().expect("nginx runs");
        wait_for("nginx listens", || TcpStream::connect(free).ok());
        Cache { addr: free, nginx, _dir: dir }
    }

    /// What visitors get one after the other, each with fields of their own.
    fn visits<const N: usize>(&self, visitors: [&str; N]) -> [Answer; N] {
        visitors.map(|more| navigate(self.addr, "/", more))
    }
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
