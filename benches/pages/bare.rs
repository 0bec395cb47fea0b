//! Bare pingora: the least that a proxy made of it can be, with the same connection settings as Inlay's. This program runs
//! itself once more for it, so that it is built by the same compiler with the same profile.

use async_trait::async_trait;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::modules::http::HttpModules;
use pingora::prelude::{HttpPeer, ProxyHttp, Result, Session};
use pingora::proxy::http_proxy_service;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server};

/// `LISTEN ORIGIN`, in the environment of the second run.
pub const ASKED: &str = "INLAY_BENCH_BARE";

struct Bare(HttpPeer);

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) {}

    fn init_downstream_modules(&self, _modules: &mut HttpModules) {}

    async fn upstream_peer(&self, _session: &mut Session, _ctx: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(self.0.clone()))
    }
}

/// Whether this run is to be the bare pingora.
pub fn asked() -> bool {
    std::env::var_os(ASKED).is_some()
}

/// Serves until it is ended.
pub fn serve() {
    let asked = std::env::var(ASKED).expect("two addresses");
    let (listen, origin) = asked.split_once(' ').expect("two addresses");
    let conf =
        ServerConf { threads: 1, work_stealing: false, upstream_keepalive_pool_size: 256, ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    let bare = Bare(HttpPeer::new(origin, false, String::new()));
    let mut service = http_proxy_service(&server.configuration, bare);
    service.add_listener(ListenerConfig::tcp(listen).l4_buffer(L4BufferSettings::default().read(0).write(0)));
    server.add_service(service);
    server.run(RunArgs::default());
}
