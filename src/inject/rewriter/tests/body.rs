//! What only the body shows: pages that are not to be tagged, and owner's places that are given up.

use super::{all_places, case, check, check_places, check_skipped, own_tag};
use crate::inject::{Outcome, Reason};

#[test]
fn a_body_without_a_complete_element_has_no_place() {
    for page in [
        "",
        " ",
        "text",
        "<",
        "<!doctype html>",
        "<!-- <head>",
        "<head",
        "<html",
        "<p class=",
        "</p>",
        "\u{feff}",
        "<script",
    ] {
        check_skipped(&own_tag(false), page, Reason::NoPlace);
        check_skipped(&all_places(), page, Reason::NoPlace);
    }
}

#[test]
fn a_body_that_is_asked_must_begin_as_a_document() {
    let asked = own_tag(true);
    for page in [
        "<p>a",
        "text",
        "{\"a\": 1}",
        "<!-- c --><div>",
        "</p><html>",
        "<!--><i>",
        " \n<svg>",
        "<?xml?>text<html>",
        "<!-- --!>a<html>",
        "<?x?></div><head>",
        "<!x></ x></></p><head>",
        "a-long-custom-element",
        "\u{feff}<?x?>text",
    ] {
        check_skipped(&asked, page, Reason::NotDocument);
    }
    for page in [
        "<!-- c --> <HTML><body>[1]".replace("<body>[1]", "[1]<body>").as_str(),
        "<title>",
        "<!doctype x><p>",
        "<?xml?><!doctype html><p>",
        "\u{feff}<?xml version=\"1.0\"?><!doctype html><p>",
        "\u{feff}<!-- a --!><html><p>",
    ] {
        let marked = if page.contains("[1]") {
            page.to_owned()
        } else {
            page.replace("<p>", "[1]<p>").replace("<title>", "[1]<title>")
        };
        let (page, tagged) = case(&asked, &marked);
        check(&asked, &page, &tagged, Outcome::Tagged);
    }
}

#[test]
fn amp_pages_are_left_alone() {
    for html in [
        "<html amp>",
        "<html ⚡>",
        "<!doctype html>\n<html lang=en AMP4ads>",
        "<html ⚡4email=\"\">",
        "<html \u{26a1}\u{fe0f}>",
        "<html/ ⚡>",
    ] {
        check_skipped(&own_tag(false), &format!("{html}<head></head>"), Reason::Amp);
        check_skipped(&all_places(), &format!("{html}<head></head>"), Reason::Amp);
    }
    check_places("<html data-amp lang=\"amp\"><head>[1][2]</head><body>[3][4]</body>");
}

#[test]
fn a_page_that_has_our_script_at_our_place_is_tagged_already() {
    for script in [
        "<script async=\"\" src=\"/_inlay/t.89abcdef.js\"></script >",
        "<SCRIPT SRC=/_inlay/t.js>",
        "<script\nsrc = '/_inlay/t.js'>",
    ] {
        check_skipped(&own_tag(false), &format!("<!doctype html><html><head>{script}"), Reason::AlreadyTagged);
        check_skipped(&all_places(), &format!("<html>{script}<p>"), Reason::AlreadyTagged);
        check_skipped(&all_places(), &format!("<head>\n <!--> <!-- > --!>\n{script}"), Reason::AlreadyTagged);
    }
    check_places(
        "<head>[1]\n<!-- <script src=/_inlay/t.js></script> -->\n<title>a</title>[2]</head><body>[3][4]</body>",
    );
    check_places("<head>[1]\n<meta charset=utf-8><script src=/_inlay/t.js></script>[2]</head><body>[3][4]</body>");
    check_places(
        "<head>[1]<script src=/other.js></script><script src=/_inlay/t.js></script>[2]</head><body>[3][4]</body>",
    );
    check_places("<head>[1]<script>/_inlay/t.</script>[2]</head><body>[3][4]</body>");
}

#[test]
fn utf_16_is_left_alone() {
    let plan = all_places();
    for page in [&b"\xfe\xff\0<\0p\0>"[..], b"\xff\xfe<\0p\0>\0"] {
        check(&plan, page, page, Outcome::Skipped(Reason::Charset));
    }
}

#[test]
fn behind_a_meta_of_iso_2022_jp_nothing_more_is_placed() {
    for meta in
        ["<meta charset=iso-2022-jp>", "<meta http-equiv=Content-Type content='text/html; charset=\"ISO-2022-JP\"'>"]
    {
        let plan = all_places();
        for marked in [
            format!("<head>[1]{meta}</head><body></body>"),
            format!("<head>[1]<template>{meta}</template></head><body></body>"),
            format!("<head>[1][2]</head><body>[3]{meta}</body>"),
        ] {
            let (page, tagged) = case(&plan, &marked);
            check(&plan, &page, &tagged, Outcome::Skipped(Reason::Charset));
        }
        let (page, tagged) = case(&own_tag(false), &format!("<head>[1]{meta}</head><body></body>"));
        check(&own_tag(false), &page, &tagged, Outcome::Tagged);
    }
    check_places(
        "<head>[1]<meta charset=utf-16><meta name=a content='charset=iso-2022-jp'>[2]</head><body>[3][4]</body>",
    );
}

#[test]
fn places_that_never_come_are_given_up() {
    let plan = all_places();
    let pages = [
        "<head>[1]<title>a</title>[2]</head><frameset><frame></frameset>",
        "<head>[1]<title>a",
        "<head>[1]<template><p>a",
        "<head>[1]<script>a",
        "<head>[1]<!-- </head>",
        "<head>[1][2]</head><body>[3]<script>a</body>",
        "<head>[1][2]</head><body>[3]<plaintext></body>",
        "<head>[1][2]</head><body>[3]<p",
        "<head>[1][2]</head><body>[3]<textarea>",
        "<head>[1][2]</head><body>[3]a<template><p>b</body></html>",
        "<head>[1][2]</head><body>[3]a<template><p>b</body></template></body></html>",
    ];
    for marked in pages {
        let (page, tagged) = case(&plan, marked);
        check(&plan, &page, &tagged, Outcome::Tagged);
    }
}

#[test]
fn a_token_that_is_larger_than_the_parsers_memory_ends_the_looking() {
    let large = "x".repeat(100 * 1024);
    let pieces = |page: &str| page.as_bytes().chunks(1000).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let run = |page: &str| {
        let pieces = pieces(page);
        super::rewrite(&all_places(), Some(page.len() as u64), pieces.iter().map(Vec::as_slice))
    };
    let page = format!("<p class=\"{large}\">a</p>");
    let (out, outcome) = run(&page);
    assert_eq!(outcome, Outcome::Skipped(Reason::Parser));
    assert!(out.starts_with(page.as_bytes()) && out[page.len()..].iter().all(|byte| *byte == b' '), "then only blanks");
    let page = format!("<head><link href=\"{large}\"></head><body>a</body>");
    let (out, outcome) = run(&page);
    assert_eq!(outcome, Outcome::Skipped(Reason::Parser), "our own tag stands, and a snippet is lost");
    assert_eq!(out.len(), page.len() + all_places().len());
    assert!(out.starts_with(b"<head><script async"), "our own tag");
}

#[test]
fn a_comment_of_any_length_is_no_obstacle_to_any_reader_and_is_not_kept_back() {
    let large = format!("<!--{}-- >--->", "x-".repeat(50 * 1024));
    for marked in [
        "LARGE<!doctype html><html><head>[1]<title>a</title>[2]</head><body>[3]b[4]</body>",
        "<!doctype html>LARGE<html>LARGE<head>[1][2]</head><body>[3]b[4]</body>",
        "<?x?>LARGE<html/>LARGE[1]<title>a</title>[2]<body>[3]b[4]</body>",
        "<head>[1]<title>a</title>LARGE<meta name=a>LARGE\n<link>[2]</head>LARGE<body>[3]LARGE<p>bLARGE[4]</body>",
        "<head>[1]<script>'<!-- '</script>LARGE\n[2][3]text<template>LARGE</body></template>",
    ] {
        for plan in [own_tag(false), own_tag(true), all_places()] {
            let (page, tagged) = case(&plan, &marked.replace("LARGE", &large));
            for size in [1, 3, 1000, 16 * 1024, 64 * 1024, page.len()] {
                let mut rewriter = super::Rewriter::new(plan.clone(), None);
                let (mut out, mut came) = (Vec::new(), 0);
                for piece in page.chunks(size) {
                    came += piece.len();
                    out.extend_from_slice(&rewriter.push(bytes::Bytes::copy_from_slice(piece)));
                    assert!(out.len() + 17 * 1024 > came, "{marked}: {came} bytes came, {} left", out.len());
                }
                out.extend_from_slice(&rewriter.end());
                assert!(out == tagged, "{marked} in pieces of {size}");
                assert_eq!(rewriter.outcome(), Outcome::Tagged, "{marked} in pieces of {size}");
            }
        }
    }
}

#[test]
fn a_large_piece_behind_half_a_token_is_no_token_larger_than_the_parsers_memory() {
    let plan = all_places();
    let text = "<p>a</p>".repeat(20 * 1024);
    let (page, tagged) = case(&plan, &format!("<head>[1]<title>a</title>[2]</head><body>[3]<p>{text}[4]</body>"));
    let cut = page.iter().position(|byte| *byte == b'p').expect("a tag");
    let (one, two) = page.split_at(cut);
    assert!(super::rewrite(&plan, None, [one, two]) == (tagged, Outcome::Tagged));
}
