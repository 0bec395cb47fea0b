//! Every page of the corpus through the rewriter: the tags are where html5ever says that their places are, the rest is equal,
//! no blank is added, and no cut of the body changes any of it.
//!
//! Cuts are random; a failure names their seed, and `INLAY_SEED` repeats it.

mod pages;
mod tree;

use std::sync::Arc;

use bytes::Bytes;
use inlay::config;
use inlay::inject::{Outcome, Plan, Reason, Rewriter, Tags};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub use self::pages::pages;
use self::pages::{Page, encodings};
use self::tree::Row;

const OWN: &str = "<script async=\"\" src=\"/_inlay/t.0123abcd.js\"></script>";
pub const PLACES: [&str; 3] = ["head-end", "body-start", "body-end"];

/// A snippet that may stand at this place: at the body's start one that opens the body, where the page has no tag for it.
fn snippet(place: &str) -> String {
    let element = if place == "body-start" { "ins" } else { "script" };
    format!("<{element} id=\"inlay-{place}\"></{element}>")
}

/// Our own tag, and with snippets at these places.
pub fn plan(places: &[&str]) -> Plan {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("inlay.toml");
    let mut text = "[[site]]\nname = 'shop'\nhosts = ['*']\norigin = 'http://127.0.0.1:3000'\n".to_owned();
    for place in places {
        text += &format!("[[site.tag]]\nid = '{place}'\nplace = '{place}'\nhtml = '{}'\n", snippet(place));
    }
    std::fs::write(&file, text).expect("written");
    let config = config::load(&file, &|_| None).expect("a right configuration");
    let tags: Arc<Tags> = Tags::new(&Bytes::from(OWN), Bytes::from("/_inlay/t."), &config.sites[0]);
    tags.plan(false)
}

pub fn rewrite<'p>(
    plan: &Plan,
    length: Option<usize>,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<u8>, Outcome) {
    let mut rewriter = Rewriter::new(plan.clone(), length.map(|length| length as u64));
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(&rewriter.push(Bytes::copy_from_slice(piece)));
    }
    out.extend_from_slice(&rewriter.end());
    (out, rewriter.outcome())
}

/// Takes the tags that stand in a page out again, each once, in their order; says where they stood in the origin's bytes.
fn take_out(page: &[u8], tags: &[String]) -> (Vec<u8>, Vec<Option<usize>>) {
    let mut rest = page.to_vec();
    let mut places: Vec<Option<usize>> = Vec::new();
    for tag in tags {
        let from = places.iter().flatten().max().copied().unwrap_or(0);
        let at = rest[from..].windows(tag.len()).position(|window| window == tag.as_bytes()).map(|at| from + at);
        if let Some(at) = at {
            rest.drain(at..at + tag.len());
        }
        places.push(at);
    }
    (rest, places)
}

/// The plan's tags, as they stand in a page.
fn tags(plan: &Plan) -> Vec<String> {
    use config::Place::{BodyEnd, BodyStart, HeadEnd, HeadStart};
    let tags = [HeadStart, HeadEnd, BodyStart, BodyEnd].map(|place| plan.at(place).cloned().collect::<Vec<_>>());
    tags.concat().iter().map(|tag| String::from_utf8(tag.to_vec()).expect("ASCII")).collect()
}

fn is_ours(row: &Row) -> bool {
    row.element.is_some() && (row.detail.contains("/_inlay/t.") || row.detail.contains("\"inlay-"))
}

fn at(rows: &[Row], mark: &str) -> usize {
    rows.iter()
        .position(|row| is_ours(row) && row.detail.contains(mark))
        .unwrap_or_else(|| panic!("{mark} is an element"))
}

/// Our own tag stands first in the head; in a page without one, before every element that a page does not have anyway.
fn assert_own_place(page: &Page, tagged: &[Row]) {
    let own = at(tagged, "/_inlay/t.");
    let first = tree::first_start_tags(&page.bytes).pop();
    let before = tagged[..own].last().and_then(|row| row.element.as_deref());
    match first.as_deref() {
        Some("head") => assert_eq!(before, Some("head"), "{}: our tag is the head's first node", page.name),
        _ => {
            let names = tagged[..own].iter().filter_map(|row| row.element.as_deref());
            let others: Vec<_> = names.filter(|name| !matches!(*name, "html" | "head" | "body")).collect();
            assert!(others.is_empty(), "{}: our tag is the first element, not behind {others:?}", page.name);
        }
    }
}

/// The parent of a row.
fn parent(rows: &[Row], child: usize) -> Option<&Row> {
    rows[..child].iter().rev().find(|row| row.depth < rows[child].depth)
}

/// The owner's snippets stand at the end of the head, at the start of the body and at its end.
fn assert_snippet_places(page: &Page, tagged: &[Row], places: &[Option<usize>]) {
    let parents = |mark: &str| parent(tagged, at(tagged, mark)).and_then(|row| row.element.clone());
    let behind = |place: usize| page.bytes[places[place].expect("it is placed")..].to_ascii_lowercase();
    assert_eq!(parents("inlay-head-end").as_deref(), Some("head"), "{}", page.name);
    let head_end = at(tagged, "inlay-head-end");
    // White space before a text that ends the head belongs to the head still.
    let next = tagged[head_end + 1..].iter().find(|row| !row.is_blank()).map_or(0, |row| row.depth);
    let last = next < tagged[head_end].depth;
    assert!(last || behind(1).starts_with(b"</head"), "{}: the head ends behind its snippet", page.name);
    let body_start = at(tagged, "inlay-body-start");
    assert_eq!(parents("inlay-body-start").as_deref(), Some("body"), "{}", page.name);
    assert_eq!(tagged[body_start - 1].element.as_deref(), Some("body"), "{}: it is the body's first node", page.name);
    let behind = behind(3);
    let ends = behind.starts_with(b"</body") || behind.starts_with(b"</html") || behind.is_empty();
    assert!(ends && at(tagged, "inlay-body-end") > body_start, "{}: the body ends behind its snippet", page.name);
}

pub fn seed() -> u64 {
    let seed = std::env::var("INLAY_SEED")
        .map_or_else(|_| rand::random(), |seed| seed.parse().expect("INLAY_SEED is a number"));
    println!("INLAY_SEED={seed}");
    seed
}

#[test]
fn on_every_page_our_tag_stands_where_another_parser_puts_it_and_nothing_else_changes() {
    let plan = plan(&[]);
    for page in pages() {
        let (out, outcome) = rewrite(&plan, Some(page.bytes.len()), [page.bytes.as_slice()]);
        assert_eq!(outcome, Outcome::Tagged, "{}", page.name);
        assert_eq!(out.len(), page.bytes.len() + plan.len(), "{}: the length sent is the length declared", page.name);
        let (rest, _) = take_out(&out, &tags(&plan));
        assert!(rest == page.bytes, "{}: without the tag it is the origin's page, and no blank is added", page.name);
        let tagged = tree::rows(&out);
        assert_own_place(&page, &tagged);
        let [untagged, original] = [tree::without(&tagged, is_ours), tree::without(&tree::rows(&page.bytes), is_ours)];
        assert!(untagged == original, "{}: the tree is the original's", page.name);
    }
}

#[test]
fn on_every_page_the_snippets_stand_at_their_places_and_nothing_else_changes() {
    let plan = plan(&PLACES);
    for page in pages() {
        let (out, outcome) = rewrite(&plan, Some(page.bytes.len()), [page.bytes.as_slice()]);
        assert_eq!(outcome, Outcome::Tagged, "{}", page.name);
        assert_eq!(out.len(), page.bytes.len() + plan.len(), "{}: the length sent is the length declared", page.name);
        let (rest, places) = take_out(&out, &tags(&plan));
        if page.name.contains("frameset") {
            let (blanks, all) = (&rest[page.bytes.len()..], places.iter().flatten().count());
            assert!(rest.starts_with(&page.bytes) && blanks.iter().all(|byte| *byte == b' '), "{}", page.name);
            assert_eq!(all, 2, "{}: a page of frames has no body", page.name);
            continue;
        }
        assert!(rest == page.bytes, "{}: without the tags it is the origin's page, and no blank is added", page.name);
        let tagged = tree::rows(&out);
        assert_own_place(&page, &tagged);
        assert_snippet_places(&page, &tagged, &places);
        let [untagged, original] = [tree::without(&tagged, is_ours), tree::without(&tree::rows(&page.bytes), is_ours)];
        assert!(untagged == original, "{}: the tree is the original's", page.name);
    }
}

#[test]
fn a_case_of_encodings_is_tagged_where_it_has_an_element_and_filled_with_blanks_where_it_has_none() {
    for plan in [plan(&[]), plan(&PLACES)] {
        for page in encodings() {
            let (out, outcome) = rewrite(&plan, Some(page.bytes.len()), [page.bytes.as_slice()]);
            assert_eq!(
                out.len(),
                page.bytes.len() + plan.len(),
                "{}: the length sent is the length declared",
                page.name
            );
            let (rest, _) = take_out(&out, &tags(&plan));
            let blanks =
                rest.strip_prefix(page.bytes.as_slice()).unwrap_or_else(|| panic!("{}: the origin's bytes", page.name));
            assert!(blanks.iter().all(|byte| *byte == b' '), "{}", page.name);
            if tree::first_start_tags(&page.bytes).iter().all(|name| name == "html") {
                assert_eq!(outcome, Outcome::Skipped(Reason::NoPlace), "{}", page.name);
                assert_eq!(blanks.len(), plan.len(), "{}: then only blanks", page.name);
                continue;
            }
            assert_eq!(outcome, Outcome::Tagged, "{}", page.name);
            assert!(plan.has_snippets() || blanks.is_empty(), "{}: no blank is added", page.name);
            let tagged = tree::rows(&out[..out.len() - blanks.len()]);
            assert_own_place(&page, &tagged);
            assert!(
                tree::without(&tagged, is_ours) == tree::without(&tree::rows(&page.bytes), is_ours),
                "{}: the tree is the original's",
                page.name
            );
        }
    }
}

#[test]
fn a_cut_at_any_byte_of_a_pages_beginning_changes_nothing() {
    for plan in [plan(&[]), plan(&PLACES)] {
        for mut page in pages().into_iter().chain(encodings()) {
            page.bytes.truncate(2048 + 256);
            let whole = rewrite(&plan, None, [page.bytes.as_slice()]);
            for cut in 0..page.bytes.len().min(2048) {
                let (one, two) = page.bytes.split_at(cut);
                assert!(rewrite(&plan, None, [one, two]) == whole, "{}, cut at {cut}", page.name);
            }
        }
    }
}

#[test]
fn random_cuts_change_nothing() {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    for plan in [plan(&[]), plan(&PLACES)] {
        for page in pages().into_iter().chain(encodings()) {
            let whole = rewrite(&plan, Some(page.bytes.len()), [page.bytes.as_slice()]);
            for mean in [3, 100, 2000] {
                let mut pieces = Vec::new();
                let mut rest = page.bytes.as_slice();
                while !rest.is_empty() {
                    // Small pieces where a page begins are enough to cut every token.
                    let most = if page.bytes.len() - rest.len() < 20_000 { mean } else { 4000 };
                    let (piece, behind) = rest.split_at(random.gen_range(1..=2 * most).min(rest.len()));
                    pieces.push(piece);
                    rest = behind;
                }
                let cut = rewrite(&plan, Some(page.bytes.len()), pieces);
                assert!(cut == whole, "{}, pieces of about {mean} bytes, INLAY_SEED={seed}", page.name);
            }
        }
    }
}
