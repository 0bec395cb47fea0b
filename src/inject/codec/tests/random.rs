//! Whatever is encoded comes back, however it is cut, at every level; what was flushed can be decoded without what follows.

use proptest::prelude::*;

use super::{decode, encode, text};
use crate::inject::codec::{Coding, STEP};

fn codings() -> impl Strategy<Value = (Coding, u32)> {
    let levels = prop_oneof![Just(0u32), Just(1), Just(4), Just(6), Just(9)];
    (prop::sample::select(&Coding::ALL[..]), levels)
}

/// Bytes as pages have them, and bytes as they have not.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..3000),
        (0usize..200_000).prop_map(text),
        (any::<u8>(), 0usize..300_000).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn cut<'b>(bytes: &'b [u8], cuts: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces
}

fn cuts() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_comes_back((coding, level) in codings(), plain in bytes(), one in cuts(), two in cuts()) {
        let coded = encode(coding, level, cut(&plain, &one));
        prop_assert!(decode(coding, cut(&coded, &two)) == Ok(plain), "{:?} at level {}", coding, level);
    }

    #[test]
    fn what_was_flushed_can_be_decoded((coding, level) in codings(), plain in bytes(), cuts in cuts()) {
        let (mut encoder, mut decoder) = (coding.encoder(level), coding.decoder());
        for piece in cut(&plain, &cuts) {
            let (mut coded, mut came) = (Vec::new(), Vec::new());
            encoder.encode(piece, &mut coded).expect("it encodes");
            encoder.flush(&mut coded).expect("it encodes");
            let mut rest = &coded[..];
            loop {
                let mut plain = Vec::with_capacity(STEP);
                decoder.step(&mut rest, &mut plain).expect("it decodes");
                let full = plain.len() == plain.capacity();
                came.append(&mut plain);
                if rest.is_empty() && !full {
                    break;
                }
            }
            prop_assert!(came == piece, "{:?} at level {}: {} bytes of {}", coding, level, came.len(), piece.len());
        }
    }

    /// No bytes of anybody's make a decoder panic, or wait for ever.
    #[test]
    fn any_bytes_are_read_or_refused(coding in prop::sample::select(&Coding::ALL[..]), coded in prop::collection::vec(any::<u8>(), 0..2000)) {
        _ = decode(coding, [&coded[..]]);
    }

    /// Nor do bytes that are nearly right.
    #[test]
    fn damaged_streams_are_read_or_refused(
        (coding, level) in codings(),
        len in 1usize..20_000,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cuts in cuts(),
    ) {
        let mut coded = encode(coding, level, [&text(len)[..]]);
        for (at, byte) in damage {
            let at = at.index(coded.len());
            coded[at] = byte;
        }
        _ = decode(coding, cut(&coded, &cuts));
    }
}
