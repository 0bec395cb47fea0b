//! A kept length: it comes out exactly, in the push that brings the last byte, and nothing is made up before.

use bytes::Bytes;

use super::{Rewriter, all_places, own_tag, rewrite};
use crate::inject::{Outcome, Plan, Reason};

const PAGE: &[u8] = b"<!doctype html><html><head><title>a</title></head><body>b</body></html>";

/// What leaves with the last byte, and what with the end.
fn last_push(plan: &Plan, page: &[u8]) -> (Vec<u8>, Bytes, Outcome) {
    let mut rewriter = Rewriter::new(plan.clone(), Some(page.len() as u64));
    let mut out = Vec::new();
    for piece in page.chunks(1) {
        out.extend_from_slice(&rewriter.push(Bytes::copy_from_slice(piece)));
    }
    (out, rewriter.end(), rewriter.outcome())
}

#[test]
fn the_length_sent_is_the_length_declared_when_the_last_byte_has_passed() {
    let pages: [&[u8]; 9] = [
        PAGE,
        b"<head>",
        b"<head",
        b"<html><body>a",
        b"text",
        b"<!-- ",
        b"<head></head",
        b"<p>a<script>",
        b"<frameset><frame>",
    ];
    for page in pages {
        for plan in [own_tag(false), own_tag(true), all_places()] {
            let (out, rest, _) = last_push(&plan, page);
            let page = String::from_utf8_lossy(page);
            assert_eq!(out.len(), page.len() + plan.len(), "{page}: {}", String::from_utf8_lossy(&out));
            assert!(rest.is_empty(), "{page}: nothing is left for the end");
        }
    }
}

#[test]
fn a_page_with_every_place_gets_no_blank() {
    let (out, _) = rewrite(&all_places(), Some(PAGE.len() as u64), [PAGE]);
    assert!(out.ends_with(b"</body></html>"), "{}", String::from_utf8_lossy(&out));
}

#[test]
fn a_body_that_ends_early_is_not_made_up() {
    let page = b"<!doctype html><p";
    for length in page.len() as u64 + 1..page.len() as u64 + 100 {
        let (out, outcome) = rewrite(&own_tag(false), Some(length), [&page[..]]);
        assert_eq!(out, page, "the origin's bytes alone");
        assert_eq!(outcome, Outcome::Skipped(Reason::NoPlace));
    }
}

#[test]
fn without_a_length_nothing_is_made_up() {
    let (out, _) = rewrite(&own_tag(false), None, [&b"no element"[..]]);
    assert_eq!(out, b"no element");
}

#[test]
fn a_body_in_utf_16_is_made_up_with_its_own_blanks() {
    let plan = own_tag(false);
    for (bom, blank) in [(b"\xfe\xff", b"\0 "), (b"\xff\xfe", b" \0")] {
        let page = [&bom[..], b"\0<\0h\0e\0a\0d\0>"].concat();
        let (out, rest, outcome) = last_push(&plan, &page);
        assert_eq!(out, [page, blank.repeat(plan.len() / 2)].concat());
        assert!(rest.is_empty());
        assert_eq!(outcome, Outcome::Skipped(Reason::Charset));
    }
}

#[test]
fn a_plan_is_even_in_bytes() {
    for plan in [own_tag(false), all_places()] {
        assert_eq!(plan.len() % 2, 0, "so that it can be made up in UTF-16");
    }
}
