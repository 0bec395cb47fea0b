//! The codec that decodes everything and encodes everything again; or encodes what came in no coding.

use bytes::Bytes;

use super::{Codec, Coding, Decode, Edit, Encode, Fault, STEP};

/// What one piece may become at most, in bytes. The server's filter has to return it as a whole; a piece is at most 64 KiB, so
/// that only a page that its origin has encoded more than thirty times better than we can is given up.
pub const MAX_GROWN: usize = 2 * 1024 * 1024;

/// Decodes and encodes one body.
#[derive(Debug)]
pub struct Recoder {
    decoder: Option<Box<dyn Decode>>,
    encoder: Box<dyn Encode>,
    /// Room for a step, where one of the decoder's was not given away.
    room: Vec<u8>,
    /// Whether the encoder has taken bytes that are not flushed.
    owing: bool,
}

impl Recoder {
    /// From a coding, or from none, to another.
    pub fn new(from: Option<Coding>, to: Coding) -> Recoder {
        Recoder { decoder: from.map(Coding::decoder), encoder: to.encoder(to.level()), room: Vec::new(), owing: false }
    }

    /// Decodes one piece, step by step.
    fn decode(&mut self, coded: &[u8], edit: &mut dyn Edit, sent: &mut Vec<u8>) -> Result<(), Fault> {
        let mut rest = coded;
        loop {
            let before = rest.len();
            let mut plain = std::mem::take(&mut self.room);
            plain.clear();
            plain.reserve_exact(STEP);
            let Some(decoder) = &mut self.decoder else { return Ok(()) };
            let step = decoder.step(&mut rest, &mut plain);
            let (taken, given) = (before - rest.len(), plain.len());
            if edit.is_done() {
                self.encode(&plain, sent)?;
                self.room = plain;
            } else if given > 0 {
                self.encode(&edit.push(plain.into()), sent)?;
            }
            step?;
            if rest.is_empty() && given < STEP {
                return Ok(());
            }
            if taken == 0 && given == 0 {
                // A decoder that neither takes nor gives never will.
                return Err(Fault::Damaged);
            }
        }
    }

    fn encode(&mut self, plain: &[u8], sent: &mut Vec<u8>) -> Result<(), Fault> {
        if plain.is_empty() {
            return Ok(());
        }
        self.owing = true;
        self.encoder.encode(plain, sent)?;
        if sent.len() > MAX_GROWN { Err(Fault::Grown) } else { Ok(()) }
    }

    fn flush(&mut self, sent: &mut Vec<u8>) -> Result<(), Fault> {
        if std::mem::take(&mut self.owing) { self.encoder.flush(sent) } else { Ok(()) }
    }

    fn whole(&self) -> Result<(), Fault> {
        let whole = self.decoder.as_ref().is_none_or(|decoder| decoder.is_whole());
        if whole { Ok(()) } else { Err(Fault::EndsEarly) }
    }
}

impl Codec for Recoder {
    fn piece(&mut self, coded: Bytes, end: bool, edit: &mut dyn Edit, sent: &mut Vec<u8>) -> Result<(), Fault> {
        if self.decoder.is_some() {
            let decoded = self.decode(&coded, edit, sent);
            let whole = decoded.and_then(|()| if end { self.whole() } else { Ok(()) });
            if whole.is_err() {
                // What could be decoded is the client's. The fault it is that is told.
                _ = self.flush(sent);
                return whole;
            }
        } else if !coded.is_empty() {
            self.encode(&edit.push(coded), sent)?;
        }
        if !end {
            return self.flush(sent);
        }
        self.encode(&edit.end(), sent)?;
        self.encoder.finish(sent)
    }
}
