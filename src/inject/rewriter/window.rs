//! The part of the body that is still needed: not sent yet, or to be read again by the reader that takes over. Every place in
//! a page is an offset in the origin's bytes, so that nothing can be sent twice or not at all.

use bytes::{Bytes, BytesMut};

/// Bytes of the origin from `start` on.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Bytes,
    /// The offset of the first byte in the body.
    start: u64,
    /// The offset of the first byte that was not sent.
    sent: u64,
}

impl Window {
    /// The body goes on. Bytes that were kept are few: a token.
    pub(super) fn add(&mut self, piece: Bytes) {
        if self.bytes.is_empty() {
            self.bytes = piece;
            return;
        }
        let mut all = BytesMut::with_capacity(self.bytes.len() + piece.len());
        all.extend_from_slice(&self.bytes);
        all.extend_from_slice(&piece);
        self.bytes = all.freeze();
    }

    /// The bytes at `offset` and behind it.
    pub(super) fn from(&self, offset: u64) -> &[u8] {
        self.bytes.get(self.index(offset)..).unwrap_or_default()
    }

    /// The offset behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// What is to be sent next, up to `offset`.
    pub(super) fn take_until(&mut self, offset: u64) -> Bytes {
        let until = offset.clamp(self.sent, self.end());
        let taken = self.bytes.slice(self.index(self.sent)..self.index(until));
        self.sent = until;
        taken
    }

    /// All that is not sent.
    pub(super) fn rest(&mut self) -> Bytes {
        self.take_until(self.end())
    }

    /// The piece is read: what is still needed of it is copied, so that the piece itself is not held. `unread`: the offset
    /// from which on its reader has still to read it; it may be sent all the same.
    pub(super) fn keep(&mut self, unread: u64) {
        let from = unread.min(self.sent);
        self.bytes = Bytes::copy_from_slice(self.from(from));
        self.start = from;
    }

    fn index(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.start)).map_or(self.bytes.len(), |index| index.min(self.bytes.len()))
    }
}
