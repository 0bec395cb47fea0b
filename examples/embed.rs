//! Tagging for somebody's own pingora proxy: `cargo run --example embed -- inlay.toml 127.0.0.1:6188 127.0.0.1:3000`.

use std::path::Path;

use async_trait::async_trait;
use inlay::app::Inlay;
use pingora::prelude::{HttpPeer, ProxyHttp, Result, Session, http_proxy_service};
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server};

struct Mine(String);

#[async_trait]
impl ProxyHttp for Mine {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _session: &mut Session, _ctx: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(&self.0, false, String::new())))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what| args.next().ok_or(what);
    let inlay = Inlay::load(Path::new(&next("first, a configuration file")?))?;
    let listen = next("second, where to listen")?;
    let mine = Mine(next("third, the origin's address")?);
    // Answers in hand have 3 s at a SIGTERM; pingora's own grace time would be 5 minutes.
    let conf = ServerConf { grace_period_seconds: Some(3), ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    let mut service = http_proxy_service(&server.configuration, inlay.tagged(mine));
    service.add_tcp(&listen);
    server.add_service(service);
    server.run(RunArgs::default());
    inlay.close();
    Ok(())
}
