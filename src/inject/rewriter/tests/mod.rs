//! What the rewriter does to pages. A case is the page as it comes out, with `[1]` to `[4]` where the tags of the four places
//! stand; the page that goes in is the same without them.

mod body;
mod length;
mod pieces;
mod places;

use bytes::Bytes;

use super::Rewriter;
use crate::config::{self, Place};
use crate::inject::{Outcome, Plan, Reason, Tags};

const OWN: &str = "<script async=\"\" src=\"/_inlay/t.0123abcd.js\"></script>";
const SNIPPETS: [(&str, &str); 3] = [
    ("head-end", "<script id=head-end></script>"),
    ("body-start", "<script id=body-start></script>"),
    ("body-end", "<script id=body-end></script>"),
];

/// Our own tag alone.
fn own_tag(ask_body: bool) -> Plan {
    with_snippets(&[], ask_body)
}

/// Our own tag, and snippets at all other places.
fn all_places() -> Plan {
    with_snippets(&SNIPPETS, false)
}

fn with_snippets(snippets: &[(&str, &str)], ask_body: bool) -> Plan {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("inlay.toml");
    let mut text = "[[site]]\nname = 'shop'\nhosts = ['*']\norigin = 'http://127.0.0.1:3000'\n".to_owned();
    for (place, html) in snippets {
        text += &format!("[[site.tag]]\nid = '{place}'\nplace = '{place}'\nhtml = '{html}'\n");
    }
    std::fs::write(&file, text).expect("written");
    let config = config::load(&file, &|_| None).expect("a right configuration");
    let tags = Tags::new(&Bytes::from_static(OWN.as_bytes()), Bytes::from_static(b"/_inlay/t."), &config.sites[0]);
    tags.plan(ask_body)
}

/// The page that a case is about, and what becomes of it with this plan.
fn case(plan: &Plan, case: &str) -> (Vec<u8>, Vec<u8>) {
    let places =
        [("[1]", Place::HeadStart), ("[2]", Place::HeadEnd), ("[3]", Place::BodyStart), ("[4]", Place::BodyEnd)];
    let [mut page, mut tagged] = [case.to_owned(), case.to_owned()];
    for (mark, place) in places {
        let tags: Vec<u8> = plan.at(place).flatten().copied().collect();
        page = page.replace(mark, "");
        tagged = tagged.replace(mark, std::str::from_utf8(&tags).expect("ASCII"));
    }
    (page.into_bytes(), tagged.into_bytes())
}

/// Puts a body in pieces through a rewriter.
fn rewrite<'p>(plan: &Plan, length: Option<u64>, pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<u8>, Outcome) {
    let mut rewriter = Rewriter::new(plan.clone(), length);
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(&rewriter.push(Bytes::copy_from_slice(piece)));
    }
    out.extend_from_slice(&rewriter.end());
    (out, rewriter.outcome())
}

/// Holds a page against what should become of it: whole, cut in two at every byte, and byte by byte.
#[track_caller]
fn check(plan: &Plan, page: &[u8], expected: &[u8], outcome: Outcome) {
    let expect = |pieces: &[&[u8]]| {
        let (out, said) = rewrite(plan, None, pieces.iter().copied());
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(
            lossy(&out),
            lossy(expected),
            "in pieces of {:?}",
            pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>()
        );
        assert_eq!(said, outcome, "for {}", lossy(page));
    };
    expect(&[page]);
    for cut in 0..=page.len() {
        let (one, two) = page.split_at(cut);
        expect(&[one, two]);
    }
    expect(&page.chunks(1).collect::<Vec<_>>());
}

/// All four places are where the case has them.
#[track_caller]
fn check_places(marked: &str) {
    let plan = all_places();
    let (page, tagged) = case(&plan, marked);
    check(&plan, &page, &tagged, Outcome::Tagged);
    let plan = own_tag(false);
    let (page, tagged) = case(&plan, marked);
    check(&plan, &page, &tagged, Outcome::Tagged);
}

/// The page is left alone.
#[track_caller]
fn check_skipped(plan: &Plan, page: &str, reason: Reason) {
    check(plan, page.as_bytes(), page.as_bytes(), Outcome::Skipped(reason));
}
