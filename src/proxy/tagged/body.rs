//! A body's pieces through the page's [`crate::inject::Body`]. What cannot be tagged passes as it came; a coded page that turns
//! out to be damaged when a part of it was given out ends the answer.

use std::time::Instant;

use bytes::Bytes;
use pingora::prelude::{Result, Session};

use super::{Page, State};

impl Page {
    /// Rewrites one piece; `end` says that no more will come.
    pub(super) fn rewrite(&mut self, session: &Session, body: &mut Option<Bytes>, end: bool) -> Result<()> {
        let State::Tagging(tag) = &mut self.state else { return Ok(()) };
        if let Some(spent) = tag.shadow {
            let begin = Instant::now();
            // What comes of it is nobody's, an error too; the origin's piece goes on.
            _ = tag.body.piece(body.clone(), end);
            tag.shadow = Some(spent + begin.elapsed());
            return Ok(());
        }
        match (tag.body.piece(body.take(), end), &mut tag.unsent) {
            (Ok(sent), unsent) => {
                if let Some(unsent) = unsent {
                    unsent.note(session, sent.as_ref());
                }
                *body = sent;
                Ok(())
            }
            (Err(broken), Some(unsent)) => Err(unsent.end_with(broken)),
            (Err(broken), None) => Err(super::broken::error(broken.fault)),
        }
    }

    /// The body ended with trailers, of which pingora tells no end (an origin in HTTP/2). `instead`: what is sent in their
    /// place already. Trailers that follow a tagged body are not true of it, so that it ends in their place.
    pub(super) fn rewrite_trailers(&mut self, instead: Option<Bytes>) -> Option<Bytes> {
        let State::Tagging(tag) = &mut self.state else { return instead };
        if tag.shadow.is_some() {
            return instead;
        }
        // No error is heard of here. A coded body that is not ended is noticed by whoever decodes it.
        Some(tag.body.piece(instead, true).ok().flatten().unwrap_or_default())
    }
}
