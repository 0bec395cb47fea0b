//! A small HTTP server out of pingora's: from an `http` request to an `http` answer, for the owner's listener and the
//! demo's shop. Bodies may stream; requests are read whole, up to a bound.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode};
use pingora::apps::{HttpPersistentSettings, HttpServerApp, ReusedHttpStream};
use pingora::http::ResponseHeader;
use pingora::prelude::Result;
use pingora::protocols::http::ServerSession;
use pingora::server::ShutdownWatch;
use tokio::sync::mpsc;

/// How much of a request's body is read.
const MAX_REQUEST_BODY: usize = 64 * 1024;
/// How long a kept connection may wait for its next request, in seconds.
const KEEP_ALIVE_SECS: u64 = 60;

/// An answer's body.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Piece by piece, each sent at once; it ends when the sender is dropped.
    Pieces(mpsc::Receiver<Bytes>),
}

/// An answer of a [`Handler`].
pub type Answer = Response<Body>;

/// What answers.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Answers one request; `peer` is the connection's other end.
    async fn handle(&self, request: Request<Bytes>, peer: Option<IpAddr>) -> Answer;
}

/// A handler as a pingora application.
#[derive(Debug)]
pub struct Served<H>(pub H);

#[async_trait]
impl<H: Handler> HttpServerApp for Served<H> {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let mut stopping = shutdown.clone();
        let read = tokio::select! {
            biased;
            read = session.read_request() => read,
            _ = stopping.wait_for(|stop| *stop) => return None,
        };
        // Neither a connection that just closes nor bytes that are no request concern anybody.
        if !matches!(read, Ok(true)) {
            return None;
        }
        let keep = session.get_keepalive().is_some() && !*shutdown.borrow();
        session.set_keepalive(keep.then_some(KEEP_ALIVE_SECS));
        let head = session.req_header().method == http::Method::HEAD;
        let peer = session.client_addr().and_then(|addr| addr.as_inet()).map(|addr| addr.ip().to_canonical());
        let answer = match read_whole(&mut session).await.ok()? {
            Some(request) => self.0.handle(request, peer).await,
            None => too_large(&mut session),
        };
        write(&mut session, answer, head).await.ok()?;
        let settings = HttpPersistentSettings::for_session(&session);
        let stream = session.finish().await.ok()??;
        Some(ReusedHttpStream::from_reusable_stream(stream, settings))
    }
}

/// The request with its body; `None` where the body is too large.
async fn read_whole(session: &mut ServerSession) -> Result<Option<Request<Bytes>>> {
    let mut body = BytesMut::new();
    while let Some(piece) = session.read_request_body().await? {
        if body.len() + piece.len() > MAX_REQUEST_BODY {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(Request::from_parts(session.req_header().as_owned_parts(), body.freeze())))
}

fn too_large(session: &mut ServerSession) -> Answer {
    session.set_keepalive(None);
    let mut answer = Response::new(Body::Whole(Bytes::from_static(b"The request is too large.\n")));
    *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    answer
}

async fn write(session: &mut ServerSession, answer: Answer, head: bool) -> Result<()> {
    let (mut parts, body) = answer.into_parts();
    match &body {
        Body::Whole(bytes) => _ = parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len())),
        Body::Pieces(_) => _ = parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked")),
    }
    session.write_response_header(Box::new(ResponseHeader::from(parts))).await?;
    match body {
        _ if head => Ok(()),
        Body::Whole(bytes) => session.write_response_body(bytes, true).await,
        Body::Pieces(mut pieces) => {
            while let Some(piece) = pieces.recv().await {
                session.write_response_body(piece, false).await?;
            }
            session.write_response_body(Bytes::new(), true).await
        }
    }
}
