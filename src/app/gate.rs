//! A pingora service on sockets that are bound already, and for the proxy under our own watch: its listeners close when we
//! say so, before anything else stops. The owner's listener and the demo's shop stay open until the runtimes end.

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service as PingoraService;
use pingora::services::listening::Service;

use super::listen::Bound;

/// A service on sockets that are bound already.
pub(super) struct Gate<A> {
    service: Service<A>,
    sockets: Vec<Bound>,
    closing: Option<ShutdownWatch>,
}

impl<A> Gate<A> {
    /// `service` on `sockets`, until `closing` says true; without one, until the server ends.
    pub(super) fn new(mut service: Service<A>, sockets: Vec<Bound>, closing: Option<ShutdownWatch>) -> Self {
        for socket in &sockets {
            // Read buffer 0: 20 kB an idle connection and not 86. Write buffer 0: a slow answer with a length is sent piece
            // by piece and not kept back until the buffer is full (speed.md, section 5; pingora.md, section 4).
            let buffers = L4BufferSettings::default().read(0).write(0);
            service.add_listener(ListenerConfig::tcp(socket.addr.to_string()).l4_buffer(buffers));
        }
        Gate { service, sockets, closing }
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
        let closing = self.closing.clone().unwrap_or(shutdown);
        self.service.start_service(fds, closing, listeners_per_fd).await;
    }

    fn name(&self) -> &str {
        self.service.name()
    }

    fn threads(&self) -> Option<usize> {
        self.service.threads
    }
}
