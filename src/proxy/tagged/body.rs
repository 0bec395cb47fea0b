//! A body's pieces through the page's [`crate::inject::Body`]. What cannot be tagged passes as it came; a coded page that turns
//! out to be damaged when a part of it is on its way ends the answer.

use bytes::Bytes;
use pingora::ErrorType;
use pingora::prelude::{Error, Result};

use super::{Page, State};
use crate::inject::codec::Fault;

impl Page {
    /// Rewrites one piece; `end` says that no more will come.
    ///
    /// An error ends the answer: it is cut off where its header is out (without a last chunk, so that nobody takes it for
    /// whole), and is an error page where everything came at once and nothing is out yet. The origin is to blame.
    pub(super) fn rewrite(&mut self, body: &mut Option<Bytes>, end: bool) -> Result<()> {
        let State::Tagging(tag) = &mut self.state else { return Ok(()) };
        *body = tag.body.piece(body.take(), end).map_err(broken)?;
        Ok(())
    }

    /// The body ended with trailers, of which pingora tells no end (an origin in HTTP/2). `instead`: what is sent in their
    /// place already. Trailers that follow a tagged body are not true of it, so that it ends in their place.
    pub(super) fn rewrite_trailers(&mut self, instead: Option<Bytes>) -> Option<Bytes> {
        let State::Tagging(tag) = &mut self.state else { return instead };
        // No error is heard of here. A coded body that is not ended is noticed by whoever decodes it.
        Some(tag.body.piece(instead, true).ok().flatten().unwrap_or_default())
    }
}

fn broken(fault: Fault) -> Box<Error> {
    Error::explain(ErrorType::Custom("BrokenCoding"), fault.to_string()).into_up()
}
