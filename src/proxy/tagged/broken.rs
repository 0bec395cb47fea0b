//! A coded page that turns out to be damaged when a part of it was given out: the client gets everything up to there, and an
//! answer that is cut off, so that nobody takes it for whole.
//!
//! pingora drops what was given out in the same turn as the error. Of an answer that came all at once that is everything, the
//! header included, and an error page would take its place. So both are kept until they are out, and sent by hand.

use std::collections::VecDeque;

use bytes::Bytes;
use pingora::ErrorType;
use pingora::http::ResponseHeader;
use pingora::prelude::{Error, Session};

use super::{Page, State};
use crate::inject::Broken;
use crate::inject::codec::Fault;

/// What was given out and may not be sent yet.
#[derive(Debug)]
pub(super) struct Unsent {
    /// The answer's header, until it is out.
    header: Option<Box<ResponseHeader>>,
    /// The last pieces: those of one turn of pingora's, which writes at most five.
    pieces: VecDeque<Bytes>,
    /// How many bytes of the body were given out before them.
    before: usize,
    /// What follows them, where the page is broken.
    left: Option<Bytes>,
}

impl Unsent {
    pub(super) fn of(header: &ResponseHeader) -> Unsent {
        Unsent { header: Some(Box::new(header.clone())), pieces: VecDeque::new(), before: 0, left: None }
    }

    /// A piece is given out.
    pub(super) fn note(&mut self, session: &Session, piece: Option<&Bytes>) {
        if is_out(session) {
            self.header = None;
            let sent = session.body_bytes_sent();
            while let Some(first) = self.pieces.pop_front_if(|first| self.before + first.len() <= sent) {
                self.before += first.len();
            }
        }
        self.pieces.extend(piece.cloned());
    }

    /// The page is broken: the error that ends the answer. The origin is to blame.
    pub(super) fn end_with(&mut self, broken: Broken) -> Box<Error> {
        self.left = Some(broken.left);
        error(broken.fault)
    }
}

pub(super) fn error(fault: Fault) -> Box<Error> {
    Error::explain(ErrorType::Custom("BrokenCoding"), fault.to_string()).into_up()
}

/// Whether the answer's header is out.
fn is_out(session: &Session) -> bool {
    session.response_written().is_some_and(|header| !header.status.is_informational())
}

impl Page {
    /// The answer fails: where that is because the page is broken, what was decoded of it is sent. The connection ends with it,
    /// since its end is not written.
    pub(super) async fn send_what_is_left(&mut self, session: &mut Session) {
        let State::Tagging(tag) = &mut self.state else { return };
        let Some(Unsent { header, pieces, before, left: Some(left) }) = tag.unsent.take().map(|unsent| *unsent) else {
            return;
        };
        if session.has_pending_downstream_tasks() {
            return;
        }
        if let Some(header) = header.filter(|_| !is_out(session))
            && session.write_response_header(header, false).await.is_err()
        {
            return;
        }
        let mut sent = session.body_bytes_sent().saturating_sub(before);
        for mut piece in pieces.into_iter().chain([left]) {
            let unsent = piece.split_off(sent.min(piece.len()));
            sent -= piece.len();
            if !unsent.is_empty() && session.write_response_body(Some(unsent), false).await.is_err() {
                return;
            }
        }
    }
}
