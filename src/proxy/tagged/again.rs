//! A second question to the origin: it has said 304, and no copy that the client named is what a full answer would be.
//!
//! pingora repeats a request where an error says so. This error is one between us and pingora: `P` hears nothing of it, no
//! line is logged, and nothing was written to the client before it.

use http::header::{CACHE_CONTROL, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use pingora::ErrorType;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::{Error, Result, Session};
use pingora::proxy::FailToProxy;

use super::Page;
use crate::inject;

/// The type of our error, known by this word.
const WISH: &str = "AskAgain";

/// Whether the origin is asked a second time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Again {
    /// Once is enough so far.
    #[default]
    No,
    /// It is to be.
    Wanted,
    /// It was.
    Asked,
}

impl Again {
    /// Whether it can be done: once, where the request can be sent again, and not where a cache of `P`'s answers: then the 304 is
    /// its own.
    pub(super) fn can_be_asked(self, session: &Session) -> bool {
        self == Again::No && !session.cache.enabled() && !session.as_ref().retry_buffer_truncated()
    }

    /// What makes pingora ask again.
    pub(super) fn ask(&mut self) -> Box<Error> {
        *self = Again::Wanted;
        let mut error = Error::explain(ErrorType::Custom(WISH), "a 304 that confirms no copy of the client's");
        error.set_retry(true);
        error
    }
}

/// Whether this error is our own wish to ask again.
pub(super) fn is_wish(error: &Error) -> bool {
    *error.etype() == ErrorType::Custom(WISH)
}

impl Page {
    /// Makes the second request one without conditions, past every cache on the way.
    pub(super) fn send_again(&mut self, request: &mut RequestHeader) -> Result<()> {
        if self.again == Again::Wanted {
            self.again = Again::Asked;
        }
        if self.again == Again::Asked {
            request.remove_header(&IF_NONE_MATCH);
            request.remove_header(&IF_MODIFIED_SINCE);
            request.append_header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))?;
        }
        Ok(())
    }
}

/// The 304 after all, where the server is set to make no second attempt.
pub(super) async fn give_up(session: &mut Session) -> FailToProxy {
    let status = StatusCode::NOT_MODIFIED;
    if let Ok(mut header) = ResponseHeader::build(status, Some(2)) {
        _ = header.insert_header(CACHE_CONTROL, "private, no-cache");
        _ = header.insert_header(inject::SERVER_TIMING, inject::NO_VIEW);
        _ = session.write_response_header(Box::new(header), true).await;
    }
    FailToProxy { error_code: status.as_u16(), can_reuse_downstream: false }
}
