//! A pingora service on sockets that are bound already, and for the proxy under our own watch: its listeners close when we
//! say so, before anything else stops. The owner's listener and the demo's shop stay open until the runtimes end.

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service as PingoraService;
use pingora::services::listening::Service;
use tokio::sync::watch;

use super::listen::Bound;

/// A service on sockets that are bound already.
pub(super) struct Gate<A> {
    service: Service<A>,
    sockets: Vec<Bound>,
    watched: Option<Watched>,
}

/// A gate that is watched: what it is told by, and what it tells.
pub(super) struct Watched {
    /// Says true when the listeners shall close.
    pub(super) closing: ShutdownWatch,
    /// Is told true when connections are accepted.
    pub(super) accepting: watch::Sender<bool>,
}

impl<A> Gate<A> {
    /// `service` on `sockets`, as long as `watched` says; without it, until the server ends.
    pub(super) fn new(mut service: Service<A>, sockets: Vec<Bound>, watched: Option<Watched>) -> Self {
        for socket in &sockets {
            // Read buffer 0: 20 kB an idle connection and not 86. Write buffer 0: a slow answer with a length is sent piece
            // by piece and not kept back until the buffer is full (speed.md, section 5; pingora.md, section 4).
            let buffers = L4BufferSettings::default().read(0).write(0);
            service.add_listener(ListenerConfig::tcp(socket.addr.to_string()).l4_buffer(buffers));
        }
        Gate { service, sockets, watched }
    }
}

#[async_trait]
impl<A: ServerApp + Send + Sync + 'static> PingoraService for Gate<A> {
    async fn start_service(&mut self, fds: Option<ListenFds>, shutdown: ShutdownWatch, listeners_per_fd: usize) {
        if let Some(fds) = &fds {
            let mut table = fds.lock();
            for socket in self.sockets.drain(..) {
                table.add(socket.addr.to_string(), socket.into_raw());
            }
        }
        let closing = match &self.watched {
            Some(watched) => {
                watched.accepting.send_replace(true);
                watched.closing.clone()
            }
            None => shutdown,
        };
        self.service.start_service(fds, closing, listeners_per_fd).await;
    }

    fn name(&self) -> &str {
        self.service.name()
    }

    fn threads(&self) -> Option<usize> {
        self.service.threads
    }
}
