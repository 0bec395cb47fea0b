//! What one push returns: slices of the origin's bytes and tags between them, joined at the end.

use bytes::{Bytes, BytesMut};

/// Pieces in the order in which they leave.
#[derive(Debug, Default)]
pub(super) struct Output {
    pieces: Vec<Bytes>,
}

impl Output {
    pub(super) fn of(pieces: impl IntoIterator<Item = Bytes>) -> Output {
        Output { pieces: pieces.into_iter().collect() }
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }

    /// One piece of all; the only one is not copied.
    pub(super) fn join(mut self) -> Bytes {
        if self.pieces.len() < 2 {
            return self.pieces.pop().unwrap_or_default();
        }
        let mut all = BytesMut::with_capacity(self.pieces.iter().map(Bytes::len).sum());
        for piece in &self.pieces {
            all.extend_from_slice(piece);
        }
        all.freeze()
    }
}
