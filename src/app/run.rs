//! The way from a checked configuration to a running program, and to its end.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownWatch};
use pingora::services::background::{BackgroundService, background_service};
use pingora::services::{ServiceHandle, ServiceReadyNotifier};
use tokio::sync::{Mutex, watch};

use super::embed::Inlay;
use super::gate::{Gate, Watched};
use super::limits;
use super::listen::{Bound, ListenError};
use super::owner::{Owner, Stage};
use super::signals::Signals;
use super::stop::Stop;
use crate::admin::{Control, ControlError};
use crate::config::Config;
use crate::ledger::{OpenError, Summary};
use crate::proxy::{Handler, Origins, Plain, Resolver, Served};

/// Connections to origins that are kept, for each thread.
const POOL: usize = 256;
/// The owner's listener and the demo's shop need no more.
const SMALL: usize = 1;

/// Why the program does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The ledger cannot be opened.
    #[error(transparent)]
    Ledger(#[from] OpenError),
    /// Nothing can listen for commands.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// pingora would panic on them.
    #[error(
        "the certificates that https origins are verified with cannot be read; install ca-certificates, or look at what SSL_CERT_FILE and SSL_CERT_DIR name"
    )]
    Roots(#[source] Box<pingora::Error>),
}

/// A program that is built, has its ports and its ledger, and serves once it is told to.
pub struct Running {
    server: Server,
    inlay: Inlay,
    control: Control,
    closing: watch::Sender<bool>,
    drain: std::time::Duration,
    signals: Signals,
    /// Where visitors connect.
    pub listen: Vec<SocketAddr>,
    /// Where the owner connects.
    pub admin: SocketAddr,
}

/// Binds every port, opens the ledger, and builds the services.
pub fn start(config: Arc<Config>) -> Result<Running, StartError> {
    let sockets: Vec<Bound> = config.server.listen.iter().map(|addr| Bound::new(*addr)).collect::<Result<_, _>>()?;
    let owner = Bound::new(config.server.admin.listen)?;
    read_roots()?;
    limits::fail_instead_of_ending();
    let signals = Signals::watch();
    let inlay = Inlay::open(config.clone())?;
    let control = Control::open(&config.server.data, inlay.health(), inlay.tokens(), Some(inlay.sinks()))?;
    let mut server = Server::new_with_opt_and_conf(None, server_conf());
    let (closing, closed) = watch::channel(false);
    let (accepting, accepts) = watch::channel(false);

    let origins = Origins::new(&config);
    let resolver = server.add_service(background_service("resolver", Resolving(Resolver::new(origins.clone()))));
    let plain = Plain::new(config.clone(), origins, inlay.counters(), inlay.clock());
    let app = http_proxy(&server.configuration, inlay.tagged(plain));
    let listen = sockets.iter().map(|socket| socket.addr).collect();
    let watched = Watched { closing: closed.clone(), accepting };
    let proxy: ServiceHandle = server.add_service(Gate::new("proxy", app, sockets, None, Some(watched)));
    proxy.add_dependency(&resolver);

    let admin = owner.addr;
    let mut running = Running { server, inlay, control, closing, drain: config.server.drain, signals, listen, admin };
    let owner_side = Owner::new(config, &running.inlay, Stage { accepting: accepts, stopping: closed });
    running.serve("admin", owner_side, owner);
    Ok(running)
}

impl Running {
    /// Serves something else beside the proxy, until the very end: the owner's page, the demo's shop.
    pub(crate) fn serve(&mut self, name: &str, handler: impl Handler, bound: Bound) {
        self.server.add_service(Gate::new(name, Served(handler), vec![bound], Some(SMALL), None));
    }

    /// What the program records with.
    pub fn inlay(&self) -> &Inlay {
        &self.inlay
    }

    /// Serves until a signal says to stop; then stops in order and tells what the ledger did.
    pub fn run(self) -> Summary {
        let Running { server, inlay, control, closing, drain, signals, .. } = self;
        let stop = Stop { closing, counters: inlay.counters(), drain, signals: Mutex::new(signals) };
        server.run(RunArgs { shutdown_signal: Box::new(stop) });
        drop(control);
        tracing::info!("stopping: the last events are committed");
        inlay.close()
    }
}

/// Reads the system's certificates as pingora will: there, one that cannot be read is a panic.
fn read_roots() -> Result<(), StartError> {
    let mut roots = pingora::tls::RootCertStore::empty();
    pingora::tls::load_platform_certs_incl_env_into_store(&mut roots).map_err(StartError::Roots)
}

fn server_conf() -> ServerConf {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    ServerConf {
        threads,
        work_stealing: threads > 1,
        upstream_keepalive_pool_size: POOL * threads,
        // `Stop` has waited for what is in hand.
        grace_period_seconds: Some(0),
        // Tasks are dropped at once; so long we wait until they are, since a page that is cut is recorded as it is dropped.
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}

/// Keeps the origins' addresses fresh; the proxy accepts once the first round of look-ups is done or has had its time.
struct Resolving(Resolver);

#[async_trait]
impl BackgroundService for Resolving {
    async fn start_with_ready_notifier(&self, mut shutdown: ShutdownWatch, ready: ServiceReadyNotifier) {
        tokio::select! {
            () = self.0.run(|| ready.notify_ready()) => {}
            _ = shutdown.changed() => {}
        }
    }
}
