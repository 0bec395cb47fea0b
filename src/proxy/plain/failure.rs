//! No answer from the origin: the status for the client, a short page or JSON, and one log line that says which site
//! and why. Neither has the path, the query or an address of a visitor in it.

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use pingora::http::ResponseHeader;
use pingora::prelude::{Error, Result, Session};
use pingora::proxy::FailToProxy;
use pingora::{ErrorSource, ErrorType};

use super::{Exchange, Plain};
use crate::collect::wants_json;
use crate::proxy::OriginFault;

/// What became of an exchange that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The origin.
    Origin(OriginFault),
    /// A tunnel came to its end, in whatever way: behind a 101 nothing of it is HTTP, and nobody is to blame.
    TunnelEnded,
    /// The client went away: no error of ours, nobody to answer.
    ClientGone,
    /// The client stopped sending its body.
    ClientSlow,
    /// The client's request cannot be passed on.
    ClientWrong,
    /// A status that a filter asked for.
    Status(StatusCode),
    /// Ours.
    Internal,
}

impl Failure {
    fn of(error: &Error, fault: Option<OriginFault>) -> Failure {
        if let Some(fault) = fault {
            return Failure::Origin(fault);
        }
        if let ErrorType::HTTPStatus(code) = error.etype() {
            return StatusCode::from_u16(*code).map_or(Failure::Internal, Failure::Status);
        }
        match error.esource() {
            ErrorSource::Upstream => Failure::Origin(origin_fault(error.etype())),
            ErrorSource::Downstream => match error.etype() {
                ErrorType::ReadTimedout => Failure::ClientSlow,
                ErrorType::WriteError
                | ErrorType::WriteTimedout
                | ErrorType::ReadError
                | ErrorType::ConnectionClosed => Failure::ClientGone,
                _ => Failure::ClientWrong,
            },
            ErrorSource::Internal | ErrorSource::Unset => Failure::Internal,
        }
    }

    fn status(self) -> Option<StatusCode> {
        match self {
            Failure::Origin(OriginFault::Timeout) => Some(StatusCode::GATEWAY_TIMEOUT),
            Failure::Origin(_) => Some(StatusCode::BAD_GATEWAY),
            Failure::TunnelEnded | Failure::ClientGone => None,
            Failure::ClientSlow => Some(StatusCode::REQUEST_TIMEOUT),
            Failure::ClientWrong => Some(StatusCode::BAD_REQUEST),
            Failure::Status(status) => Some(status),
            Failure::Internal => Some(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The sentence on the page.
    fn sentence(self) -> &'static str {
        match self {
            Failure::Origin(OriginFault::Timeout) => "the site's server did not answer in time",
            Failure::Origin(_) => "the site's server could not be reached",
            Failure::ClientSlow => "the request did not arrive in time",
            Failure::ClientWrong => "the request could not be understood",
            Failure::Status(_) | Failure::TunnelEnded | Failure::ClientGone | Failure::Internal => {
                "the request could not be answered"
            }
        }
    }

    /// The cause in the log.
    fn cause(self) -> &'static str {
        match self {
            Failure::Origin(fault) => fault.word(),
            Failure::TunnelEnded => "tunnel-ended",
            Failure::ClientGone => "client-gone",
            Failure::ClientSlow => "client-slow",
            Failure::ClientWrong => "client-wrong",
            Failure::Status(_) => "refused",
            Failure::Internal => "internal",
        }
    }
}

fn origin_fault(kind: &ErrorType) -> OriginFault {
    match kind {
        ErrorType::ConnectTimedout
        | ErrorType::ReadTimedout
        | ErrorType::WriteTimedout
        | ErrorType::TLSHandshakeTimedout => OriginFault::Timeout,
        ErrorType::TLSHandshakeFailure
        | ErrorType::InvalidCert
        | ErrorType::HandshakeError
        | ErrorType::TLSWantX509Lookup => OriginFault::Tls,
        ErrorType::ConnectRefused
        | ErrorType::ConnectNoRoute
        | ErrorType::ConnectError
        | ErrorType::SocketError
        | ErrorType::BindError => OriginFault::Connect,
        _ => OriginFault::Broken,
    }
}

impl Plain {
    /// Answers what failed, as far as there is still somebody to answer, and says it in the log.
    pub(super) async fn fail(&self, session: &mut Session, error: &Error, exchange: &Exchange) -> FailToProxy {
        let failure = match Failure::of(error, exchange.fault) {
            _ if session.was_upgraded() => Failure::TunnelEnded,
            Failure::Origin(OriginFault::Timeout)
                if *error.etype() == ErrorType::ReadTimedout && waits_for_the_client(session) =>
            {
                Failure::ClientSlow
            }
            failure => failure,
        };
        let request_id = request_id();
        self.report(failure, error, exchange, &request_id);
        // After the header is out nothing of ours may reach the client: the answer is aborted.
        let begun = session.response_written().is_some_and(|header| !header.status.is_informational());
        let code = match failure.status() {
            Some(status) if !begun => {
                _ = answer(session, status, failure.sentence(), Some(&request_id)).await;
                status.as_u16()
            }
            _ => 0,
        };
        FailToProxy { error_code: code, can_reuse_downstream: false }
    }

    fn report(&self, failure: Failure, error: &Error, exchange: &Exchange, request_id: &str) {
        let site = exchange.site.as_ref().map_or("-", |(_, site)| site.name.as_str());
        let cause = failure.cause();
        match failure {
            Failure::TunnelEnded => tracing::debug!(site, "a tunnel ended"),
            Failure::ClientGone => tracing::debug!(site, "the client went away"),
            Failure::ClientSlow | Failure::ClientWrong => {
                tracing::info!(site, cause, request_id, "a request was refused");
            }
            Failure::Origin(fault) => {
                if let Some((at, _)) = exchange.site {
                    self.counters.count_fault(at, fault);
                }
                let kind = error.etype().as_str();
                let origin = exchange.site.as_ref().map(|(_, site)| site.origin.authority()).unwrap_or_default();
                tracing::error!(site, cause, kind, origin, request_id, "no answer from the origin");
            }
            Failure::Status(_) | Failure::Internal => {
                let kind = error.etype().as_str();
                tracing::error!(site, cause, kind, request_id, "a request failed");
            }
        }
    }
}

/// Whether the request's body is what does not come: the origin cannot answer what it has not got. A client that asked for a
/// 100 first and has sent nothing waits for the origin.
fn waits_for_the_client(session: &mut Session) -> bool {
    let asked_first = session.req_header().headers.contains_key(EXPECT) && session.body_bytes_read() == 0;
    !asked_first && !session.is_body_done()
}

/// A short page, or JSON where the client asks for it. The connection is not kept.
pub(super) async fn answer(
    session: &mut Session,
    status: StatusCode,
    sentence: &str,
    request_id: Option<&str>,
) -> Result<()> {
    let json = wants_json(&session.req_header().headers);
    let body = if json { json_body(status, sentence, request_id) } else { html_body(status, sentence, request_id) };
    let mut header = ResponseHeader::build(status, Some(5))?;
    header.insert_header(CONTENT_TYPE, if json { "application/json" } else { "text/html; charset=utf-8" })?;
    header.insert_header(CONTENT_LENGTH, body.len().to_string())?;
    header.insert_header(CACHE_CONTROL, "private, no-store")?;
    header.insert_header("X-Content-Type-Options", "nosniff")?;
    session.set_keepalive(None);
    session.write_response_header(Box::new(header), false).await?;
    session.write_response_body(Some(body.into()), true).await
}

fn json_body(status: StatusCode, sentence: &str, request_id: Option<&str>) -> String {
    let mut body = serde_json::json!({ "status": status.as_u16(), "error": sentence });
    if let (Some(id), Some(fields)) = (request_id, body.as_object_mut()) {
        fields.insert("request_id".to_owned(), id.into());
    }
    body.to_string()
}

fn html_body(status: StatusCode, sentence: &str, request_id: Option<&str>) -> String {
    let title = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    let id = request_id.map(|id| format!("<p>Request <code>{id}</code></p>")).unwrap_or_default();
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{code} {title}</title><style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;\
         padding:0 1rem;color-scheme:light dark}}</style><h1>{code} {title}</h1><p>Sorry, {sentence}.</p>{id}</html>\n"
    )
}

/// Eight random bytes in hex: the same in the page and in the log line.
fn request_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}
