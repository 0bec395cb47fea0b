//! Every page of the corpus in every coding, cut at random, through decoder, rewriter and encoder: the tag is there, the rest is
//! equal. Cuts are random; a failure names their seed, and `INLAY_SEED` repeats it.

use bytes::Bytes;
use inlay::inject::codec::Coding;
use inlay::inject::{Body, Codings, Outcome, Plan};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{coded, decoded};
use crate::corpus::{PLACES, pages, plan, rewrite, seed};

fn cut<'b>(random: &mut StdRng, mut rest: &'b [u8], mean: usize) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(random.gen_range(1..=2 * mean).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// What becomes of a page, decoded, and the final word.
fn sent(plan: &Plan, codings: Codings, coding: Coding, pieces: &[&[u8]]) -> (Vec<u8>, Outcome) {
    let (mut body, mut sent) = (Body::new(plan.clone(), None, codings), Vec::new());
    for piece in pieces {
        let piece = body.piece(Some(Bytes::copy_from_slice(piece)), false).expect("a sound stream");
        sent.extend_from_slice(&piece.unwrap_or_default());
    }
    sent.extend_from_slice(&body.piece(None, true).expect("a whole stream").unwrap_or_default());
    let (plain, whole) = decoded(coding, &[&sent]);
    assert!(whole, "what is sent is whole");
    (plain, body.outcome())
}

#[test]
fn on_every_page_a_coding_changes_nothing_of_what_the_rewriter_does() {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    for plan in [plan(&[]), plan(&PLACES)] {
        for page in pages() {
            let expected = rewrite(&plan, None, [page.bytes.as_slice()]);
            for coding in Coding::ALL {
                let body = coded(coding, &page.bytes);
                let mean = [20, 400, 8000][random.gen_range(0..3)];
                let got = sent(&plan, Codings::kept(coding), coding, &cut(&mut random, &body, mean));
                assert!(got == expected, "{}, {coding:?}, pieces of about {mean} bytes, INLAY_SEED={seed}", page.name);
                let got = sent(&plan, Codings::chosen(Some(coding)), coding, &cut(&mut random, &page.bytes, mean * 4));
                assert!(
                    got == expected,
                    "{}, to {coding:?}, pieces of about {mean} bytes, INLAY_SEED={seed}",
                    page.name
                );
            }
        }
    }
}
