//! br, by the crate `brotli`.

use std::fmt;
use std::io::Write;

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, CompressorWriter};

use super::{Decode, Encode, Fault};

/// The window that pages are encoded with, as a power of two: a page larger than it gains little by more.
const WINDOW_BITS: u32 = 19;
/// The encoder's own room for what it writes.
const ROOM: usize = 16 * 1024;

/// Decodes br.
pub(super) struct Decoder {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    /// The first byte tells the window.
    begun: bool,
    over: bool,
}

impl Decoder {
    pub(super) fn new() -> Decoder {
        let alloc = StandardAlloc::default;
        // Strict: no windows beyond RFC 7932's 16 MiB, which browsers refuse.
        let state = Box::new(BrotliState::new_strict(alloc(), alloc(), alloc()));
        Decoder { state, begun: false, over: false }
    }
}

/// How a stream with a larger window begins (the C library's `BROTLI_PARAM_LARGE_WINDOW`): a byte that RFC 7932 section 9.1
/// leaves invalid.
const LARGE_WINDOW: u8 = 0b0001_0001;

impl Decode for Decoder {
    fn step(&mut self, coded: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), Fault> {
        if self.over {
            *coded = &[];
            return Ok(());
        }
        if let Some(first) = coded.first().filter(|_| !self.begun) {
            if *first == LARGE_WINDOW {
                return Err(Fault::Window);
            }
            self.begun = true;
        }
        let given = plain.len();
        plain.resize(plain.capacity(), 0);
        let (mut left, mut taken) = (coded.len(), 0);
        let (mut room, mut written, mut total) = (plain.len() - given, given, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            coded,
            &mut room,
            &mut written,
            plain,
            &mut total,
            &mut self.state,
        );
        plain.truncate(written);
        *coded = coded.get(taken..).unwrap_or_default();
        match result {
            BrotliResult::ResultFailure => return Err(Fault::Damaged),
            BrotliResult::ResultSuccess => self.over = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.over
    }
}

/// Encodes br.
pub(super) struct Encoder(Option<Box<CompressorWriter<Vec<u8>>>>);

impl Encoder {
    pub(super) fn new(level: u32) -> Encoder {
        Encoder(Some(Box::new(CompressorWriter::new(Vec::new(), ROOM, level, WINDOW_BITS))))
    }

    /// Does `work`, and takes what it has written.
    fn run(
        &mut self,
        coded: &mut Vec<u8>,
        work: impl FnOnce(&mut CompressorWriter<Vec<u8>>) -> std::io::Result<()>,
    ) -> Result<(), Fault> {
        let writer = self.0.as_mut().ok_or(Fault::Encoder)?;
        work(writer).map_err(|_| Fault::Encoder)?;
        coded.append(writer.get_mut());
        Ok(())
    }
}

impl Encode for Encoder {
    fn encode(&mut self, plain: &[u8], coded: &mut Vec<u8>) -> Result<(), Fault> {
        self.run(coded, |writer| writer.write_all(plain))
    }

    fn flush(&mut self, coded: &mut Vec<u8>) -> Result<(), Fault> {
        self.run(coded, Write::flush)
    }

    fn finish(&mut self, coded: &mut Vec<u8>) -> Result<(), Fault> {
        let writer = self.0.take().ok_or(Fault::Encoder)?;
        coded.append(&mut writer.into_inner());
        Ok(())
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("over", &self.over).finish_non_exhaustive()
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}
