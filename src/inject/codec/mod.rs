//! Content codings (RFC 9110 section 8.4.1): pages are decoded for the rewriter and encoded again, piece by piece.
//!
//! - A [`Codec`] is the way of one body from the coded bytes that come to those that go. [`Recoder`] is the one there is: it
//!   decodes everything and encodes everything again. One that leaves most of a page's coded bytes as they came fits in its
//!   place: it sees the coded pieces, what the page's [`Edit`] makes of the plain ones, and from where on that changes nothing.
//! - A decoder's output is taken in steps of at most [`STEP`] bytes through the edit into the encoder, so that a piece takes no
//!   more memory than the little that it becomes. What that may be at most is [`MAX_GROWN`].
//! - What the origin has sent when it waits, the client can decode: the encoder is flushed at the end of every piece.
//! - A body that is damaged or not whole is a [`Fault`], never a shorter body.
//! - Odd streams are taken as browsers take them, as far as that loses nothing: bytes behind the end of a stream mean nothing,
//!   deflate is zlib's format or the bare one. Members of gzip and frames of zstd that follow each other are one body.

mod brotli;
mod recoder;
#[cfg(test)]
mod tests;
mod zlib;
mod zstd;

use std::fmt::Debug;

use bytes::Bytes;
use thiserror::Error;

pub use recoder::{MAX_GROWN, Recoder};

/// How many bytes a decoder gives at once.
pub const STEP: usize = 64 * 1024;

/// A content coding that is decoded and encoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 8878, with the window of RFC 9659.
    Zstd,
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or RFC 1951 by itself.
    Deflate,
}

/// Why a body cannot be encoded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The bytes are none of this coding, or their check sum is wrong.
    #[error("the page's content coding is damaged: what came cannot be decoded")]
    Damaged,
    /// The body was over before its coding was.
    #[error("the page's content coding ends early: the origin sent a part of it as the whole")]
    EndsEarly,
    /// It wants a larger window than browsers allow.
    #[error("the page's content coding wants a larger window than browsers allow (zstd: 8 MiB, br: 16 MiB)")]
    Window,
    /// A piece became so much that it cannot be held.
    #[error("a piece of the page becomes more than 2 MiB when it is encoded again")]
    Grown,
    /// The library that encodes has failed: there is no memory.
    #[error("the page could not be encoded again: no memory")]
    Encoder,
}

/// Decodes one body.
pub trait Decode: Send + Debug {
    /// Decodes what has room in `plain`, up to its capacity, and moves `coded` behind what it has taken. It is done with a
    /// piece when nothing of it is left and there is still room.
    fn step(&mut self, coded: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), Fault>;

    /// Whether the body may end here.
    fn is_whole(&self) -> bool;
}

/// Encodes one body; what it writes goes behind what `coded` holds.
pub trait Encode: Send + Debug {
    /// Takes plain bytes; how many coded ones are written now is the encoder's choice.
    fn encode(&mut self, plain: &[u8], coded: &mut Vec<u8>) -> Result<(), Fault>;

    /// Writes everything that was taken, so that it can be decoded.
    fn flush(&mut self, coded: &mut Vec<u8>) -> Result<(), Fault>;

    /// Writes the end of the body.
    fn finish(&mut self, coded: &mut Vec<u8>) -> Result<(), Fault>;
}

/// What is done to a page's plain bytes.
pub trait Edit {
    /// Takes the next plain bytes and gives those that can be sent.
    fn push(&mut self, plain: Bytes) -> Bytes;

    /// The page is over: the rest.
    fn end(&mut self) -> Bytes;

    /// Whether nothing is changed any more: from here on the page is sent as it comes, and nothing is held back.
    fn is_done(&self) -> bool;
}

/// The way of one coded body through an edit.
pub trait Codec: Send + Debug {
    /// Takes the next piece and appends to `sent` what goes to the client for it, flushed: at a fault, what came before it.
    /// `end`: no more will come.
    fn piece(&mut self, coded: Bytes, end: bool, edit: &mut dyn Edit, sent: &mut Vec<u8>) -> Result<(), Fault>;
}

impl Coding {
    /// Every coding, in their order; of those that a client likes as well as each other, Inlay chooses the first.
    pub const ALL: [Coding; 4] = [Coding::Zstd, Coding::Brotli, Coding::Gzip, Coding::Deflate];

    /// The level that pages are encoded at; `docs/performance.md` has the measurements.
    pub const fn level(self) -> u32 {
        match self {
            Coding::Gzip | Coding::Deflate | Coding::Brotli => 4,
            Coding::Zstd => 3,
        }
    }

    /// The name in `Content-Encoding` and `Accept-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// The coding of a name; `x-gzip` is gzip (RFC 9110 section 8.4.1.3).
    pub fn of(name: &[u8]) -> Option<Coding> {
        if name.eq_ignore_ascii_case(b"x-gzip") {
            return Some(Coding::Gzip);
        }
        Coding::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name().as_bytes()))
    }

    /// A decoder for one body.
    pub fn decoder(self) -> Box<dyn Decode> {
        match self {
            Coding::Gzip => Box::new(zlib::Gunzip::new()),
            Coding::Deflate => Box::new(zlib::Inflate::new()),
            Coding::Brotli => Box::new(brotli::Decoder::new()),
            Coding::Zstd => Box::new(zstd::Decoder::new()),
        }
    }

    /// An encoder for one body, at a level of the coding's own scale.
    pub fn encoder(self, level: u32) -> Box<dyn Encode> {
        match self {
            Coding::Gzip => Box::new(zlib::Encoder::gzip(level)),
            Coding::Deflate => Box::new(zlib::Encoder::zlib(level)),
            Coding::Brotli => Box::new(brotli::Encoder::new(level)),
            Coding::Zstd => Box::new(zstd::Encoder::new(level)),
        }
    }
}
