//! Accepting connections: a loop of our own, for the sake of what an idle connection holds.
//!
//! pingora's own service gives every connection a task with room for a TLS handshake and for the hand-over to the next
//! protocol: 12 kB that a plain listener never uses, of 32 kB in all (`benches/pages`, part `memory`). What is done with a
//! connection is pingora's as before: [`ServerApp::process_new`].

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use pingora::apps::ServerApp;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::{GetSocketDigest, SocketDigest};
use pingora::server::ShutdownWatch;
use tokio::net::{TcpListener, TcpStream};

/// How long nothing is accepted after a failure: with too many files open, each further try would fail as well.
const REST: Duration = Duration::from_millis(100);

/// Accepts until `closing` says true, each connection on a task of its own.
pub(super) async fn accept<A: ServerApp + Send + Sync + 'static>(
    listener: TcpListener,
    app: Arc<A>,
    mut closing: ShutdownWatch,
) {
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closing.wait_for(|closing| *closing) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                failing = false;
                tokio::spawn(serve(connection(stream, peer), app.clone(), closing.clone()));
            }
            Err(error) => {
                // Once for a row of failures; the client's address is not in it.
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "a connection could not be accepted: are there too many open files?");
                }
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// pingora's connection, without buffers: 20 kB an idle connection and not 86, and a slow answer with a length leaves piece by
/// piece and is not kept back until a buffer is full.
fn connection(stream: TcpStream, peer: std::net::SocketAddr) -> Stream {
    let digest = SocketDigest::from_raw_fd(stream.as_raw_fd());
    // Told here, so that nobody has to ask the system for it.
    _ = digest.peer_addr.set(Some(SocketAddr::Inet(peer)));
    let mut stream = Stream::from(stream);
    stream.set_socket_digest(digest);
    // A connection that is gone already fails at its first read as well.
    _ = stream.set_nodelay();
    stream
}

async fn serve<A: ServerApp + Send + Sync + 'static>(stream: Stream, app: Arc<A>, closing: ShutdownWatch) {
    let mut next: Option<pingora::protocols::Stream> = Some(Box::new(stream));
    while let Some(stream) = next {
        next = app.process_new(stream, &closing).await;
    }
}
