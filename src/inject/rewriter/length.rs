//! A kept length: what was promised to the client, and how it is kept. The rewriter counts here.

use bytes::Bytes;

/// What the body's length has to become.
#[derive(Debug)]
pub(super) struct Length {
    /// The origin's length in bytes, where the client was told a length.
    expected: Option<u64>,
    passed: u64,
    /// How many bytes of the plan's tags are not placed yet.
    owed: usize,
    /// In what blanks are written.
    pub(super) blank: Blank,
}

/// The blank of the body's encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// Every encoding in which ASCII is ASCII.
    Ascii,
    Utf16Be,
    Utf16Le,
}

impl Length {
    /// `owed`: how many bytes the body is to grow by.
    pub(super) fn new(expected: Option<u64>, owed: usize) -> Length {
        Length { expected, passed: 0, owed, blank: Blank::Ascii }
    }

    /// Bytes of the origin have come.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.passed = self.passed.saturating_add(bytes as u64);
    }

    /// A tag of so many bytes was placed.
    pub(super) fn placed(&mut self, bytes: usize) {
        self.owed = self.owed.saturating_sub(bytes);
    }

    /// Whether the origin's last byte has just passed, of exactly the length that it had named.
    pub(super) fn is_complete(&self) -> bool {
        self.expected == Some(self.passed)
    }

    /// Whether the body, if it ends now, is not what the origin had named.
    pub(super) fn is_short(&self) -> bool {
        self.expected.is_some_and(|expected| expected != self.passed)
    }

    /// Whether blanks are due now.
    pub(super) fn is_owing(&self) -> bool {
        self.is_complete() && self.owed > 0
    }

    /// The blanks that are due now, once: none unless the body is complete.
    pub(super) fn make_up(&mut self) -> Bytes {
        if !self.is_complete() {
            return Bytes::new();
        }
        let owed = std::mem::take(&mut self.owed);
        match self.blank {
            Blank::Ascii => Bytes::from(vec![b' '; owed]),
            Blank::Utf16Be => Bytes::from([0, b' '].repeat(owed / 2)),
            Blank::Utf16Le => Bytes::from([b' ', 0].repeat(owed / 2)),
        }
    }
}
