//! Accepting connections: a loop of our own, for the sake of what an idle connection holds.
//!
//! pingora's own service gives every connection a task with room for a TLS handshake and for HTTP/2: 16 kB that a plain
//! listener never uses, of 35 kB in all (`benches/pages`, part `memory`). What is done with a request is pingora's as before:
//! [`HttpServerApp::process_new_http`].

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use pingora::apps::{HttpServerApp, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::{GetSocketDigest, SocketDigest, Stream as AnyStream};
use pingora::server::ShutdownWatch;
use tokio::net::{TcpListener, TcpStream};

/// How long nothing is accepted after a failure: with too many files open, each further try would fail as well.
const REST: Duration = Duration::from_millis(100);
/// How long a new connection may wait with its first request, in seconds.
const FIRST_REQUEST_SECS: u64 = 60;

/// Accepts until `closing` says true, each connection on a task of its own.
pub(super) async fn accept<A: HttpServerApp + Send + Sync + 'static>(
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
                tokio::spawn(serve(Box::new(connection(stream, peer)), app.clone(), closing.clone()));
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

/// One request after the other, as pingora's own loop does it for HTTP/1.
async fn serve<A: HttpServerApp + Send + Sync + 'static>(stream: AnyStream, app: Arc<A>, closing: ShutdownWatch) {
    let mut next = Some(first(stream, *closing.borrow()));
    while let Some(session) = next.take() {
        next = app.process_new_http(session, &closing).await.map(following);
    }
}

/// A new connection's first request.
fn first(stream: AnyStream, closing: bool) -> ServerSession {
    let mut session = ServerSession::new_http1(stream);
    session.set_keepalive((!closing).then_some(FIRST_REQUEST_SECS));
    session
}

/// The next request of a kept connection, with what was read of it already.
fn following(kept: ReusedHttpStream) -> ServerSession {
    let (stream, settings) = kept.consume();
    let mut session = ServerSession::new_http1(stream);
    if let Some(settings) = settings {
        settings.apply_to_session(&mut session);
    }
    session
}
