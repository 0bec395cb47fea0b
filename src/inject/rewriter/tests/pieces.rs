//! When bytes leave: each piece at once, uncopied when nothing is looked for any more.

use bytes::Bytes;

use super::{Rewriter, all_places, own_tag};
use crate::inject::{Outcome, Reason};

fn is_shared<T: Send + Sync + std::fmt::Debug>() {}

#[test]
fn a_rewriter_can_lie_in_the_context_of_a_request() {
    is_shared::<Rewriter>();
}

#[test]
fn before_a_body_has_come_there_is_no_place() {
    assert_eq!(Rewriter::new(own_tag(false), Some(5)).outcome(), Outcome::Skipped(Reason::NoPlace));
}

#[test]
fn behind_the_last_tag_a_piece_is_the_same_memory() {
    let mut rewriter = Rewriter::new(own_tag(false), None);
    rewriter.push(Bytes::from_static(b"<head><title>"));
    let piece = Bytes::from(vec![b'x'; 100]);
    assert_eq!(rewriter.push(piece.clone()).as_ptr(), piece.as_ptr());
}

#[test]
fn each_piece_leaves_at_once() {
    let whole: [&[u8]; 11] = [
        b"<!doc",
        b"type html>",
        b"\n<!-- a ",
        b"comment -->",
        b"<html lang=",
        b"en><head ",
        b"class=a>",
        b"\n<title>a",
        b"</title></head>",
        b"<body>",
        b"<p>text, and more ",
    ];
    for plan in [own_tag(false), own_tag(true), all_places()] {
        let mut rewriter = Rewriter::new(plan.clone(), Some(10_000));
        let (mut came, mut left) = (Vec::new(), Vec::new());
        for piece in whole {
            came.extend_from_slice(piece);
            left.extend_from_slice(&rewriter.push(Bytes::from_static(piece)));
            let mut without_tags = String::from_utf8(left.clone()).expect("ASCII");
            for tag in [super::OWN, &super::OWN.replace("</script", "</script ")]
                .into_iter()
                .chain(super::SNIPPETS.map(|(_, html)| html))
            {
                without_tags = without_tags.replace(tag, "");
            }
            assert_eq!(without_tags.as_bytes(), came, "the origin may wait for the client before it goes on");
        }
    }
}

#[test]
fn white_space_and_comments_behind_our_place_wait_for_what_follows_but_not_for_ever() {
    for end in ["<title>", "<!-- more -->\nand"] {
        let mut rewriter = Rewriter::new(own_tag(false), None);
        assert_eq!(rewriter.push(Bytes::from_static(b"<head>\n<!-- a -->")), "<head>", "our own tag may follow");
        let left = rewriter.push(Bytes::from_static(end.as_bytes()));
        assert_eq!(left, format!("{}\n<!-- a -->{end}", super::OWN));
    }
    let mut rewriter = Rewriter::new(own_tag(false), None);
    rewriter.push(Bytes::from_static(b"<head>"));
    let left: usize = (0..9).map(|_| rewriter.push(Bytes::from(vec![b' '; 1024])).len()).sum();
    assert_eq!(left, super::OWN.len() + 9 * 1024, "nothing is waited for any more");
}
