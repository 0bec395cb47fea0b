//! Tagging in front of pingora's own cache: what is stored is the origin's page, and each visitor gets the one that is theirs.
//! `cargo run --example caching -- inlay.toml 127.0.0.1:6189 127.0.0.1:3000`.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use inlay::app::Inlay;
use pingora::cache::cache_control::CacheControl;
use pingora::cache::filters::resp_cacheable;
use pingora::cache::{CacheKey, CacheMetaDefaults, MemCache, RespCacheable};
use pingora::http::ResponseHeader;
use pingora::prelude::{HttpPeer, ProxyHttp, Result, Session, http_proxy_service};
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
        session.cache.enable(&*CACHE, None, None, None, None);
        Ok(())
    }

    fn cache_key_callback(&self, session: &Session, _ctx: &mut ()) -> Result<CacheKey> {
        Ok(CacheKey::new(session.req_header().uri.to_string(), ""))
    }

    fn response_cache_filter(
        &self,
        _session: &Session,
        response: &ResponseHeader,
        _ctx: &mut (),
    ) -> Result<RespCacheable> {
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
    let mut server = Server::new(None)?;
    let mut service = http_proxy_service(&server.configuration, inlay.tagged(caching));
    service.add_tcp(&listen);
    server.add_service(service);
    server.run(RunArgs::default());
    inlay.close();
    Ok(())
}
