//! A pingora service on sockets that are bound already, and for the proxy under our own watch: its listeners close when we
//! say so, before anything else stops. The owner's listener and the demo's shop stay open until the runtimes end.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::HttpServerApp;
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::accept::accept;
use super::listen::Bound;

/// What is served, on sockets that are bound already.
pub(super) struct Gate<A> {
    name: String,
    app: Arc<A>,
    sockets: Vec<Bound>,
    threads: Option<usize>,
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
    /// `app` on `sockets`, as long as `watched` says; without it, until the server ends. `threads`: the server's own number
    /// where `None`.
    pub(super) fn new(
        name: &str,
        app: A,
        sockets: Vec<Bound>,
        threads: Option<usize>,
        watched: Option<Watched>,
    ) -> Self {
        Gate { name: name.to_owned(), app: Arc::new(app), sockets, threads, watched }
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> Service for Gate<A> {
    async fn start_service(&mut self, _fds: Option<ListenFds>, shutdown: ShutdownWatch, _listeners_per_fd: usize) {
        let closing = self.watched.as_ref().map_or(&shutdown, |watched| &watched.closing);
        let mut accepting = JoinSet::new();
        for socket in self.sockets.drain(..) {
            match socket.into_listener() {
                Ok(listener) => _ = accepting.spawn(accept(listener, self.app.clone(), closing.clone())),
                Err(error) => tracing::error!(%error, "a listener cannot be served"),
            }
        }
        if let Some(watched) = &self.watched {
            watched.accepting.send_replace(true);
        }
        while accepting.join_next().await.is_some() {}
        self.app.http_cleanup().await;
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn threads(&self) -> Option<usize> {
        self.threads
    }
}
