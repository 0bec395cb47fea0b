//! Every page of the corpus in every coding, cut at random, through decoder, rewriter and encoder: the tag is there, the rest is
//! equal. Cuts are random; a failure names their seed, and `INLAY_SEED` repeats it.

use bytes::Bytes;
use inlay::inject::codec::{Codec, Coding, Edit, Recoder};
use inlay::inject::{Outcome, Plan, Rewriter};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{coded, decoded};
use crate::corpus::{PLACES, pages, plan, rewrite, seed};

struct Page(Rewriter);

impl Edit for Page {
    fn push(&mut self, plain: Bytes) -> Bytes {
        self.0.push(plain)
    }

    fn end(&mut self) -> Bytes {
        self.0.end()
    }

    fn is_done(&self) -> bool {
        false
    }
}

fn cut<'b>(random: &mut StdRng, mut rest: &'b [u8], mean: usize) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(random.gen_range(1..=2 * mean).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

fn recode(plan: &Plan, from: Option<Coding>, to: Coding, pieces: &[&[u8]]) -> (Vec<u8>, Outcome) {
    let mut page = Page(Rewriter::new(plan.clone(), None));
    let (mut recoder, mut sent) = (Recoder::new(from, to), Vec::new());
    for piece in pieces {
        let mut more = Vec::new();
        recoder.piece(Bytes::copy_from_slice(piece), false, &mut page, &mut more).expect("a sound stream");
        sent.append(&mut more);
    }
    recoder.piece(Bytes::new(), true, &mut page, &mut sent).expect("a whole stream");
    let (plain, whole) = decoded(to, &[&sent]);
    assert!(whole, "what is sent is whole");
    (plain, page.0.outcome())
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
                let got = recode(&plan, Some(coding), coding, &cut(&mut random, &body, mean));
                assert!(got == expected, "{}, {coding:?}, pieces of about {mean} bytes, INLAY_SEED={seed}", page.name);
                let got = recode(&plan, None, coding, &cut(&mut random, &page.bytes, mean * 4));
                assert!(
                    got == expected,
                    "{}, to {coding:?}, pieces of about {mean} bytes, INLAY_SEED={seed}",
                    page.name
                );
            }
        }
    }
}
