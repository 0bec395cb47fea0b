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
    /// Whether the encoder has taken bytes that are not flushed.
    owing: bool,
}

impl Recoder {
    /// From a coding, or from none, to another.
    pub fn new(from: Option<Coding>, to: Coding) -> Recoder {
        Recoder { decoder: from.map(Coding::decoder), encoder: to.encoder(to.level()), owing: false }
    }

    /// Decodes one piece, step by step.
    fn decode(&mut self, coded: &[u8], edit: &mut dyn Edit, sent: &mut Vec<u8>) -> Result<(), Fault> {
        let (mut rest, mut plain) = (coded, Vec::with_capacity(STEP));
        loop {
            let before = rest.len();
            let Some(decoder) = &mut self.decoder else { return Ok(()) };
            decoder.step(&mut rest, &mut plain)?;
            let (taken, given) = (before - rest.len(), plain.len());
            if given > 0 {
                if edit.is_done() {
                    self.encode(&plain, sent)?;
                    plain.clear();
                } else {
                    let through = edit.push(std::mem::replace(&mut plain, Vec::with_capacity(STEP)).into());
                    self.encode(&through, sent)?;
                }
            }
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

    fn end(&mut self, edit: &mut dyn Edit, sent: &mut Vec<u8>) -> Result<(), Fault> {
        if self.decoder.as_ref().is_some_and(|decoder| !decoder.is_whole()) {
            return Err(Fault::EndsEarly);
        }
        self.encode(&edit.end(), sent)?;
        self.encoder.finish(sent)
    }
}

impl Codec for Recoder {
    fn piece(&mut self, coded: Bytes, end: bool, edit: &mut dyn Edit, sent: &mut Vec<u8>) -> Result<(), Fault> {
        if self.decoder.is_some() {
            self.decode(&coded, edit, sent)?;
        } else if !coded.is_empty() {
            self.encode(&edit.push(coded), sent)?;
        }
        if end {
            return self.end(edit, sent);
        }
        if std::mem::take(&mut self.owing) {
            self.encoder.flush(sent)?;
        }
        Ok(())
    }
}
