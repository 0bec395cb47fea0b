//! zstd, by the C library.

use std::fmt;

use zstd_safe::zstd_sys::{ZSTD_EndDirective, ZSTD_ErrorCode};
use zstd_safe::{CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, is_error_kind};

use super::{Decode, Encode, Fault};

/// The largest window that a page may want: RFC 9659 section 3, and what Chromium and Firefox allow.
const MAX_WINDOW_BITS: u32 = 23;
/// The window that pages are encoded with, as a power of two: a page larger than it gains little by more.
const WINDOW_BITS: u32 = 19;
/// How many bytes the encoder gets room for at once.
const ROOM: usize = 16 * 1024;

/// How a frame begins (RFC 8878 section 3.1.1).
const FRAME: u32 = 0xfd2f_b528;
/// How frames begin that are passed over (section 3.1.2); the last four bits are anything.
const SKIPPED: u32 = 0x184d_2a50;

/// Decodes zstd.
pub(super) struct Decoder {
    context: DCtx<'static>,
    within: Frame,
}

/// Where a zstd decoder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Before one, with so many bytes of how it begins.
    Before { magic: [u8; 4], len: usize },
    /// In one.
    Open,
}

const BETWEEN: Frame = Frame::Before { magic: [0; 4], len: 0 };

impl Decoder {
    pub(super) fn new() -> Decoder {
        let mut context = DCtx::create();
        // Only a window beyond what the library can do at all is refused here, and this is none.
        _ = context.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_BITS));
        Decoder { context, within: BETWEEN }
    }

    /// Reads how a frame begins. The library would take its older formats as well, which are no content coding.
    fn begin(&mut self, byte: u8, mut magic: [u8; 4], len: usize, plain: &mut Vec<u8>) -> Result<(), Fault> {
        if let Some(place) = magic.get_mut(len) {
            *place = byte;
        }
        if len + 1 < magic.len() {
            self.within = Frame::Before { magic, len: len + 1 };
            return Ok(());
        }
        match u32::from_le_bytes(magic) {
            FRAME => {}
            skipped if skipped & !0xf == SKIPPED => {}
            _ => return Err(Fault::Damaged),
        }
        self.within = Frame::Open;
        self.decode(&mut &magic[..], plain)
    }

    fn decode(&mut self, coded: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), Fault> {
        let given = plain.len();
        let mut input = InBuffer::around(coded);
        let result = self.context.decompress_stream(&mut OutBuffer::around_pos(plain, given), &mut input);
        let taken = input.pos();
        match result {
            Ok(0) => self.within = BETWEEN,
            Ok(_) => {}
            Err(code) if is_error_kind(code, ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge) => {
                return Err(Fault::Window);
            }
            Err(_) => return Err(Fault::Damaged),
        }
        *coded = coded.get(taken..).unwrap_or_default();
        Ok(())
    }
}

impl Decode for Decoder {
    fn step(&mut self, coded: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), Fault> {
        while let Frame::Before { magic, len } = self.within {
            let Some((byte, rest)) = coded.split_first() else { return Ok(()) };
            *coded = rest;
            self.begin(*byte, magic, len, plain)?;
        }
        self.decode(coded, plain)
    }

    fn is_whole(&self) -> bool {
        matches!(self.within, Frame::Before { len: 0, .. })
    }
}

/// Encodes zstd.
pub(super) struct Encoder(CCtx<'static>);

impl Encoder {
    pub(super) fn new(level: u32) -> Encoder {
        let mut context = CCtx::create();
        // Both lie within what the library knows; it clamps levels by itself.
        _ = context.set_parameter(CParameter::CompressionLevel(i32::try_from(level).unwrap_or(i32::MAX)));
        _ = context.set_parameter(CParameter::WindowLog(WINDOW_BITS));
        Encoder(context)
    }

    fn run(&mut self, plain: &[u8], coded: &mut Vec<u8>, how: ZSTD_EndDirective) -> Result<(), Fault> {
        let mut input = InBuffer::around(plain);
        loop {
            if coded.capacity() - coded.len() < ROOM / 2 {
                coded.reserve(ROOM);
            }
            let written = coded.len();
            let mut output = OutBuffer::around_pos(coded, written);
            let left = self.0.compress_stream2(&mut output, &mut input, how).map_err(|_| Fault::Encoder)?;
            let all_taken = input.pos() == plain.len();
            if all_taken && (left == 0 || how == ZSTD_EndDirective::ZSTD_e_continue) {
                return Ok(());
            }
        }
    }
}

impl Encode for Encoder {
    fn encode(&mut self, plain: &[u8], coded: &mut Vec<u8>) -> Result<(), Fault> {
        self.run(plain, coded, ZSTD_EndDirective::ZSTD_e_continue)
    }

    fn flush(&mut self, coded: &mut Vec<u8>) -> Result<(), Fault> {
        self.run(&[], coded, ZSTD_EndDirective::ZSTD_e_flush)
    }

    fn finish(&mut self, coded: &mut Vec<u8>) -> Result<(), Fault> {
        self.run(&[], coded, ZSTD_EndDirective::ZSTD_e_end)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("within", &self.within).finish_non_exhaustive()
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}
