//! `Tagged` around a proxy that does what ours does not: fails in a filter, rewrites the request, refreshes its cache behind
//! the visitor's back. It runs in the test's own process.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use inlay::app::Inlay;
use pingora::cache::cache_control::CacheControl;
use pingora::cache::filters::resp_cacheable;
use pingora::cache::lock::{CacheKeyLockImpl, CacheLock};
use pingora::cache::{CacheKey, CacheMetaDefaults, MemCache, RespCacheable};
use pingora::http::ResponseHeader;
use pingora::prelude::{Error, ErrorType, HttpPeer, ProxyHttp, Result, Session, http_proxy_service};
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownSignal, ShutdownSignalWatch};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::support::client::navigate;
use crate::support::origin::{Origin, answer};
use crate::support::proxy::stats;
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head><title>a</title></head><body>b</body></html>";

static CACHE: LazyLock<MemCache> = LazyLock::new(MemCache::new);
static LOCK: LazyLock<Box<CacheKeyLockImpl>> = LazyLock::new(|| CacheLock::new_boxed(Duration::from_secs(5)));
static DEFAULTS: CacheMetaDefaults = CacheMetaDefaults::new(|_| None, 60, 0);

struct Odd(SocketAddr);

#[async_trait]
impl ProxyHttp for Odd {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn request_filter(&self, session: &mut Session, _ctx: &mut ()) -> Result<bool> {
        if session.req_header().uri.path() == "/rewritten" {
            session.req_header_mut().set_uri("/elsewhere?secret=1".parse().expect("a target"));
        }
        Ok(false)
    }

    fn request_cache_filter(&self, session: &mut Session, _ctx: &mut ()) -> Result<()> {
        if matches!(session.req_header().uri.path(), "/stale" | "/kept") {
            session.cache.enable(&*CACHE, None, None, Some(LOCK.as_ref()), None);
        }
        Ok(())
    }

    fn cache_key_callback(&self, session: &Session, _ctx: &mut ()) -> Result<CacheKey> {
        Ok(CacheKey::new(session.req_header().uri.path(), ""))
    }

    fn response_cache_filter(&self, _: &Session, response: &ResponseHeader, _ctx: &mut ()) -> Result<RespCacheable> {
        let said = CacheControl::from_resp_headers(response);
        Ok(resp_cacheable(said.as_ref(), response.clone(), false, &DEFAULTS))
    }

    /// A stale page is shown, and refreshed in the background.
    fn should_serve_stale(&self, _session: &mut Session, _ctx: &mut (), error: Option<&Error>) -> bool {
        error.is_none()
    }

    async fn upstream_peer(&self, _session: &mut Session, _ctx: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.0, false, String::new())))
    }

    fn response_body_filter(
        &self,
        session: &mut Session,
        _body: &mut Option<Bytes>,
        _end: bool,
        _ctx: &mut (),
    ) -> Result<Option<Duration>> {
        match session.req_header().uri.path() {
            "/fails" => Err(Error::explain(ErrorType::InternalError, "this filter fails")),
            _ => Ok(None),
        }
    }
}

/// A server around [`Odd`]; it is ended with the test.
struct Running {
    addr: SocketAddr,
    dir: TempDir,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
}

/// Ends the server when the test says so, and not at a signal.
struct Told(watch::Receiver<bool>);

#[async_trait]
impl ShutdownSignalWatch for Told {
    async fn recv(&self) -> ShutdownSignal {
        _ = self.0.clone().wait_for(|stop| *stop).await;
        ShutdownSignal::GracefulTerminate
    }
}

impl Running {
    fn before(origin: &Origin) -> Running {
        Running::with_attempts(16, origin)
    }

    /// The server asks an origin so many times at most for one request.
    fn with_attempts(attempts: usize, origin: &Origin) -> Running {
        let dir = TempDir::new().expect("a folder");
        let config = dir.path().join("inlay.toml");
        let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{}\"\n", origin.url());
        std::fs::write(&config, site).expect("written");
        let addr = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let (stop, told) = watch::channel(false);
        let odd = Odd(origin.addr);
        let server = std::thread::spawn(move || {
            let inlay = Inlay::load(&config).expect("a configuration");
            let conf = ServerConf {
                grace_period_seconds: Some(0),
                graceful_shutdown_timeout_seconds: Some(1),
                max_retries: attempts,
                ..ServerConf::default()
            };
            let mut server = Server::new_with_opt_and_conf(None, conf);
            let mut service = http_proxy_service(&server.configuration, inlay.tagged(odd));
            service.add_tcp(&addr.to_string());
            server.add_service(service);
            server.run(RunArgs { shutdown_signal: Box::new(Told(told)) });
            inlay.close();
        });
        wait_for("it listens", || TcpStream::connect(addr).ok());
        Running { addr, dir, stop, server: Some(server) }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Ends it, and gives the statistics of everything that it recorded.
    fn stop(&mut self) -> serde_json::Value {
        self.end();
        stats(&self.data()).expect("statistics")
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(server) = self.server.take() {
            server.join().expect("it ends without a panic");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.end();
        }
    }
}

fn origin() -> Origin {
    Origin::fixed(answer("200 OK", "text/html", "Cache-Control: no-cache\r\n", PAGE))
}

#[test]
fn an_answer_that_the_client_never_got_is_no_view() {
    let origin = origin();
    let mut running = Running::before(&origin);
    let failed = navigate(running.addr, "/fails", "");
    assert_eq!((failed.status(), failed.inlay()), (500, None), "the filter's failure is what the client sees");
    assert_eq!(navigate(running.addr, "/", "").inlay(), Some("tagged"));
    let stats = running.stop();
    assert_eq!(stats["views"], 1, "{stats}");
    assert!(!stats.to_string().contains("/fails"), "{stats}");
}

#[test]
fn a_view_is_of_what_the_visitor_asked_and_not_of_what_the_proxy_made_of_it() {
    let origin = origin();
    let mut running = Running::before(&origin);
    assert_eq!(navigate(running.addr, "/rewritten", "").inlay(), Some("tagged"));
    assert_eq!(origin.last().target(), "/elsewhere?secret=1");
    let stats = running.stop().to_string();
    assert!(stats.contains("/rewritten") && !stats.contains("/elsewhere"), "{stats}");
}

#[test]
fn a_page_that_a_cache_refreshes_in_the_background_is_seen_by_nobody() {
    let asked = AtomicUsize::new(0);
    let origin = Origin::new(move |_, stream| {
        let page = PAGE.replace("<title>a", &format!("<title>{}", asked.fetch_add(1, Ordering::Relaxed)));
        let more = "Cache-Control: max-age=1, stale-while-revalidate=60\r\n";
        stream.write_all(&answer("200 OK", "text/html", more, &page)).is_ok()
    });
    let mut running = Running::before(&origin);
    navigate(running.addr, "/stale", "");
    std::thread::sleep(Duration::from_millis(2100));
    let stale = navigate(running.addr, "/stale", "");
    assert!(stale.text().contains("<title>0") && stale.inlay() == Some("tagged"), "the stale page: {}", stale.text());
    wait_for("it is refreshed", || (origin.requests().len() == 2).then_some(()));
    std::thread::sleep(Duration::from_millis(200));
    let stats = running.stop();
    assert_eq!(stats["views"], 2, "two visitors and one refresh: {stats}");
}

#[test]
fn what_a_proxys_own_cache_confirms_is_the_tagged_copy() {
    let fields = "ETag: \"kept\"\r\nCache-Control: max-age=60\r\n";
    let origin = Origin::fixed(answer("200 OK", "text/html", fields, PAGE));
    let running = Running::before(&origin);
    let first = navigate(running.addr, "/kept", "");
    let tag = first.header("etag").expect("an entity tag").to_owned();
    assert!(tag.starts_with("W/\"inlay-") && tag.ends_with("-skept\""), "{tag}");
    let again = navigate(running.addr, "/kept", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status(), again.header("etag"), again.view_id()), (304, Some(&*tag), Some("")));
    let plain = navigate(running.addr, "/kept", "If-None-Match: \"kept\"\r\n");
    assert!(plain.status() == 200 && plain.text().contains("/_inlay/t."), "{}", plain.line);
    let no = format!("Cookie: inlay_optout=1\r\nIf-None-Match: {tag}\r\n");
    let no = navigate(running.addr, "/kept", &no);
    assert_eq!((no.status(), no.text().as_str()), (200, PAGE));
    assert_eq!(origin.requests().len(), 1, "the cache answers all but the first");
}

#[test]
fn a_server_that_makes_no_second_attempt_passes_a_304_on_that_confirms_nothing() {
    let origin = Origin::fixed("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
    for (attempts, asked) in [(1, 1), (2, 2)] {
        let before = origin.requests().len();
        let running = Running::with_attempts(attempts, &origin);
        let answer = navigate(running.addr, "/", "If-None-Match: \"v1\"\r\n");
        assert_eq!((answer.status(), answer.header("etag"), answer.view_id()), (304, None, Some("")), "{attempts}");
        assert_eq!(origin.requests().len() - before, asked, "{attempts}");
    }
}
