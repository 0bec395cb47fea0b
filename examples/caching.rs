//! Tagging in front of pingora's own cache: what is stored is the origin's page, and each visitor gets the one that is theirs.
//! `cargo run --example caching -- inlay.toml 127.0.0.1:6189 127.0.0.1:3000`.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use http::header::{HOST, SET_COOKIE};
use inlay::app::Inlay;
use pingora::cache::cache_control::CacheControl;
use pingora::cache::filters::resp_cacheable;
use pingora::cache::{CacheKey, CacheMetaDefaults, MemCache, NoCacheReason, RespCacheable};
use pingora::http::ResponseHeader;
use pingora::prelude::{HttpPeer, ProxyHttp, Result, Session, http_proxy_service};
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server};

static CACHE: LazyLock<MemCache> = LazyLock::new(MemCache::new);
/// What says nothing of its life is kept for a minute.
static DEFAULTS: CacheMetaDefaults = CacheMetaDefaults::new(|_| Some(Duration::from_secs(60)), 0, 0);

struct Caching(String);

#[async_trait]
impl ProxyHttp for Caching {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _session: &mut Session, _ctx: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(&self.0, false, String::new())))
    }

    fn request_cache_filter(&self, session: &mut Session, _ctx: &mut ()) -> Result<()> {
        if matches!(session.req_header().method, Method::GET | Method::HEAD) {
            session.cache.enable(&*CACHE, None, None, None, None);
        }
        Ok(())
    }

    fn cache_key_callback(&self, session: &Session, _ctx: &mut ()) -> Result<CacheKey> {
        // The host belongs to the key: another site has other pages under the same paths.
        let request = session.req_header();
        let host = request.headers.get(HOST).map_or(&b""[..], |host| host.as_bytes());
        let key = format!("{}{}", String::from_utf8_lossy(host).to_ascii_lowercase(), request.uri);
        Ok(CacheKey::new(key, ""))
    }

    fn response_cache_filter(
        &self,
        _session: &Session,
        response: &ResponseHeader,
        _ctx: &mut (),
    ) -> Result<RespCacheable> {
        if response.headers.contains_key(SET_COOKIE) {
            // What one visitor is given must not be given to the next.
            return Ok(RespCacheable::Uncacheable(NoCacheReason::Custom("set-cookie")));
        }
        let said = CacheControl::from_resp_headers(response);
        Ok(resp_cacheable(said.as_ref(), response.clone(), false, &DEFAULTS))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what| args.next().ok_or(what);
    let inlay = Inlay::load(Path::new(&next("first, a configuration file")?))?;
    let listen = next("second, where to listen")?;
    let caching = Caching(next("third, the origin's address")?);
    // Answers in hand have 3 s at a SIGTERM; pingora's own grace time would be 5 minutes.
    let conf = ServerConf { grace_period_seconds: Some(3), ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    let mut service = http_proxy_service(&server.configuration, inlay.tagged(caching));
    service.add_tcp(&listen);
    server.add_service(service);
    server.run(RunArgs::default());
    inlay.close();
    Ok(())
}
