//! gzip and deflate, by zlib.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Decode, Encode, Fault};

/// The only window that pages come in (RFC 1951 section 2): 32 KiB.
const WINDOW_BITS: u8 = 15;
/// How many bytes make sure that a deflate stream that began like zlib's format is in it: so many Chromium looks at.
const SNIFFED: usize = 1000;
/// How many bytes an encoder gets room for at once.
const ROOM: usize = 16 * 1024;

/// Decodes gzip.
#[derive(Debug)]
pub(super) struct Gunzip {
    zlib: Decompress,
    within: Member,
}

/// Where a gzip decoder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    /// In a member.
    Open,
    /// Behind one. Another may follow; its first byte has come, or not.
    Behind { first: bool },
    /// Something else follows: zeros, or what browsers pass over as well.
    Over,
}

const MAGIC: [u8; 2] = [0x1f, 0x8b];

impl Gunzip {
    pub(super) fn new() -> Gunzip {
        Gunzip { zlib: Decompress::new_gzip(WINDOW_BITS), within: Member::Open }
    }

    /// Reads a byte behind a member.
    fn behind(&mut self, byte: u8, first: bool, plain: &mut Vec<u8>) -> Result<(), Fault> {
        self.within = match (first, byte) {
            (false, byte) if byte == MAGIC[0] => Member::Behind { first: true },
            (true, byte) if byte == MAGIC[1] => {
                self.zlib = Decompress::new_gzip(WINDOW_BITS);
                inflate(&mut self.zlib, &mut &MAGIC[..], plain)?;
                Member::Open
            }
            _ => Member::Over,
        };
        Ok(())
    }
}

impl Decode for Gunzip {
    fn step(&mut self, coded: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), Fault> {
        while self.within != Member::Open {
            let Some((byte, rest)) = coded.split_first() else { return Ok(()) };
            *coded = rest;
            match self.within {
                Member::Behind { first } => self.behind(*byte, first, plain)?,
                Member::Open | Member::Over => *coded = &[],
            }
        }
        if inflate(&mut self.zlib, coded, plain)? {
            self.within = Member::Behind { first: false };
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.within != Member::Open
    }
}

/// Decodes deflate: zlib's format, or the bare one, which is told as browsers tell it. What fails as zlib's before it has given
/// anything is read again as the bare one.
#[derive(Debug)]
pub(super) struct Inflate {
    zlib: Decompress,
    format: Format,
    over: bool,
}

/// In which of its two formats a deflate stream is.
#[derive(Debug)]
enum Format {
    /// zlib's, or so it seems: what has come is kept.
    Sniffing(Vec<u8>),
    /// The bare one; so much of what was kept is still to be read.
    Again(Vec<u8>),
    /// It is known.
    Known,
}

impl Inflate {
    pub(super) fn new() -> Inflate {
        Inflate { zlib: Decompress::new(true), format: Format::Sniffing(Vec::new()), over: false }
    }

    fn sniff(&mut self, coded: &mut &[u8], plain: &mut Vec<u8>, mut seen: Vec<u8>) -> Result<(), Fault> {
        let (before, given) = (*coded, plain.len());
        let Ok(over) = inflate(&mut self.zlib, coded, plain) else {
            plain.truncate(given);
            *coded = before;
            self.zlib = Decompress::new(false);
            return self.again(coded, plain, &seen);
        };
        self.over = over;
        let taken = before.len() - coded.len();
        if !over && plain.len() == given && seen.len() + taken < SNIFFED {
            seen.extend_from_slice(before.get(..taken).unwrap_or_default());
            self.format = Format::Sniffing(seen);
        }
        Ok(())
    }

    fn again(&mut self, coded: &mut &[u8], plain: &mut Vec<u8>, mut seen: &[u8]) -> Result<(), Fault> {
        self.over = inflate(&mut self.zlib, &mut seen, plain)?;
        if self.over {
            return Ok(());
        }
        if !seen.is_empty() {
            self.format = Format::Again(seen.to_vec());
            return Ok(());
        }
        self.over = inflate(&mut self.zlib, coded, plain)?;
        Ok(())
    }
}

impl Decode for Inflate {
    fn step(&mut self, coded: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), Fault> {
        if self.over {
            *coded = &[];
            return Ok(());
        }
        match std::mem::replace(&mut self.format, Format::Known) {
            Format::Sniffing(seen) => self.sniff(coded, plain, seen),
            Format::Again(seen) => self.again(coded, plain, &seen),
            Format::Known => {
                self.over = inflate(&mut self.zlib, coded, plain)?;
                Ok(())
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.over
    }
}

/// One turn of zlib; true at the end of the stream.
fn inflate(zlib: &mut Decompress, coded: &mut &[u8], plain: &mut Vec<u8>) -> Result<bool, Fault> {
    let before = zlib.total_in();
    let status = zlib.decompress_vec(coded, plain, FlushDecompress::None).map_err(|_| Fault::Damaged)?;
    advance(coded, zlib.total_in() - before);
    Ok(status == Status::StreamEnd)
}

fn advance(bytes: &mut &[u8], taken: u64) {
    *bytes = usize::try_from(taken).ok().and_then(|taken| bytes.get(taken..)).unwrap_or_default();
}

/// Encodes gzip, or deflate in zlib's format.
#[derive(Debug)]
pub(super) struct Encoder(Compress);

impl Encoder {
    pub(super) fn gzip(level: u32) -> Encoder {
        Encoder(Compress::new_gzip(Compression::new(level), WINDOW_BITS))
    }

    pub(super) fn zlib(level: u32) -> Encoder {
        Encoder(Compress::new(Compression::new(level), true))
    }

    /// Until everything is taken, and written where it has to be: zlib leaves room only when it has nothing left to write.
    fn run(&mut self, mut plain: &[u8], coded: &mut Vec<u8>, flush: FlushCompress) -> Result<(), Fault> {
        loop {
            if coded.capacity() - coded.len() < ROOM / 2 {
                coded.reserve(ROOM);
            }
            let before = self.0.total_in();
            let status = self.0.compress_vec(plain, coded, flush).map_err(|_| Fault::Encoder)?;
            advance(&mut plain, self.0.total_in() - before);
            let has_room = coded.len() < coded.capacity();
            match status {
                Status::StreamEnd => return Ok(()),
                Status::Ok | Status::BufError if plain.is_empty() && has_room => return Ok(()),
                Status::BufError if has_room => return Err(Fault::Encoder),
                Status::Ok | Status::BufError => {}
            }
        }
    }
}

impl Encode for Encoder {
    fn encode(&mut self, plain: &[u8], coded: &mut Vec<u8>) -> Result<(), Fault> {
        self.run(plain, coded, FlushCompress::None)
    }

    fn flush(&mut self, coded: &mut Vec<u8>) -> Result<(), Fault> {
        self.run(&[], coded, FlushCompress::Sync)
    }

    fn finish(&mut self, coded: &mut Vec<u8>) -> Result<(), Fault> {
        self.run(&[], coded, FlushCompress::Finish)
    }
}
