//! A body's pieces through the rewriter. Nothing here fails: what cannot be tagged passes as it came.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::{Page, State, Tag};

impl Page {
    /// Rewrites one piece; `end` says that no more will come.
    pub(super) fn rewrite(&mut self, body: &mut Option<Bytes>, end: bool) {
        let State::Tagging(tag) = &mut self.state else { return };
        let Some(spent) = tag.shadow else { return tag.rewrite(body, end) };
        let begin = Instant::now();
        // What comes of it is nobody's; the origin's piece goes on.
        tag.rewrite(&mut body.clone(), end);
        tag.shadow = Some(spent + begin.elapsed());
    }
}

impl Tag {
    fn rewrite(&mut self, body: &mut Option<Bytes>, end: bool) {
        if let Some(piece) = body.take() {
            *body = Some(self.rewriter.push(piece));
        }
        if end {
            let rest = self.rewriter.end();
            match body {
                Some(piece) if !rest.is_empty() => *piece = joined(piece, &rest),
                None if !rest.is_empty() => *body = Some(rest),
                _ => {}
            }
        }
        // An empty piece in the midst of a chunked body would be its end (RFC 9112 section 7.1).
        if body.as_ref().is_some_and(Bytes::is_empty) {
            *body = None;
        }
    }
}

fn joined(piece: &Bytes, rest: &Bytes) -> Bytes {
    let mut all = BytesMut::with_capacity(piece.len() + rest.len());
    all.extend_from_slice(piece);
    all.extend_from_slice(rest);
    all.freeze()
}
