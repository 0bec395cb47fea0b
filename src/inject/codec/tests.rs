//! Decoders against what the codings' own tools make, whole, cut, damaged; encoders against decoders.

mod odd;
mod random;
mod streams;

use super::*;

/// Decodes pieces; the plain bytes and how many of the coded ones were taken as the stream's.
pub(super) fn decode<'p>(coding: Coding, pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<Vec<u8>, Fault> {
    let (mut decoder, mut all) = (coding.decoder(), Vec::new());
    for mut piece in pieces {
        loop {
            let mut plain = Vec::with_capacity(STEP);
            decoder.step(&mut piece, &mut plain)?;
            assert!(plain.len() <= plain.capacity().max(STEP), "a step stays within its room");
            let full = plain.len() == plain.capacity();
            all.append(&mut plain);
            if piece.is_empty() && !full {
                break;
            }
        }
    }
    if decoder.is_whole() { Ok(all) } else { Err(Fault::EndsEarly) }
}

pub(super) fn encode<'p>(coding: Coding, level: u32, pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
    let (mut encoder, mut coded) = (coding.encoder(level), Vec::new());
    for piece in pieces {
        encoder.encode(piece, &mut coded).expect("it encodes");
    }
    encoder.finish(&mut coded).expect("it encodes");
    coded
}

/// A text like a page's: so many bytes, not all alike.
pub(super) fn text(bytes: usize) -> Vec<u8> {
    let mut text = b"<!doctype html><html><head><title>a</title></head><body>\n".to_vec();
    for n in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.extend(format!("<p id=p{n}>paragraph {} of many</p>\n", n * 7919 % 1000).bytes());
    }
    text.truncate(bytes);
    text
}
