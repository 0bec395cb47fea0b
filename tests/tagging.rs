//! What happens to pages: the tag, its place, the header, the length, and what is left alone.

use std::io::Write;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use crate::support::client::{Client, NAVIGATION, ask, navigate};
use crate::support::origin::{Origin, answer};
use crate::support::proxy::before;

const PAGE: &str = "<!doctype html><html><head><title>a</title></head><body>b</body></html>";

/// The one tag in a page, and the page without it.
fn split(text: &str) -> (String, String) {
    let begin = text.find("<script async=\"\" src=\"/_inlay/t.").expect("the tag stands in the page");
    let end = begin + text[begin..].find("</script").expect("its end tag");
    let end = end + text[end..].find('>').expect("its end") + 1;
    (text[begin..end].to_owned(), format!("{}{}", &text[..begin], &text[end..]))
}

#[test]
fn a_page_is_tagged_behind_its_head_and_nothing_else_is_changed() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    let page = navigate(proxy.addr, "/a", "");
    let (tag, rest) = split(&page.text());
    assert_eq!(rest, PAGE, "every other byte is the origin's");
    assert!(page.text().contains(&format!("<head>{tag}<title>")), "the tag stands behind <head>: {}", page.text());
    assert_eq!(page.inlay(), Some("tagged"));
    assert!(page.whole, "the body has the length that was declared");
    assert_eq!(page.header("content-length").map(str::to_owned), Some((PAGE.len() + tag.len()).to_string()));
    assert_eq!(page.view_id().map(str::len), Some(32), "a view id goes with it: {:?}", page.headers);
}

#[test]
fn two_visitors_get_the_same_bytes_and_different_view_ids() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    let (one, two) = (navigate(proxy.addr, "/", ""), navigate(proxy.addr, "/", ""));
    assert_eq!(one.body, two.body, "the bytes");
    assert_ne!(one.view_id(), two.view_id(), "the ids");
}

#[test]
fn a_head_request_gets_the_header_of_the_page_without_an_id() {
    for cache in ["no-cache", "max-age=60"] {
        let more = format!("ETag: \"1\"\r\nAccept-Ranges: bytes\r\nCache-Control: {cache}\r\nX-Mine: a\r\n");
        let origin = Origin::new(move |request, stream| {
            let mut page = answer("200 OK", "text/html", &more, PAGE);
            let body = if request.line.starts_with("HEAD ") { PAGE.len() } else { 0 };
            page.truncate(page.len() - body);
            stream.write_all(&page).is_ok()
        });
        let proxy = before(&origin.url(), "");
        let (mut head, mut page) =
            (ask(proxy.addr, "HEAD", "shop.test", "/", NAVIGATION), navigate(proxy.addr, "/", ""));
        assert_eq!(head.view_id(), None, "a header is no view");
        assert!(page.view_id().is_some() && page.inlay() == Some("tagged"), "{:?}", page.headers);
        for answer in [&mut head, &mut page] {
            answer.headers.retain(|(name, _)| !["date", "server-timing"].contains(&name.to_ascii_lowercase().as_str()));
        }
        assert_eq!((head.line, head.headers), (page.line, page.headers), "with {cache}, but for the view id");
    }
}

#[test]
fn an_http_1_0_client_gets_a_tagged_page_that_ends_with_the_connection() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";
    let origin = Origin::fixed(format!("{head}{:x}\r\n{PAGE}\r\n0\r\n\r\n", PAGE.len()));
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send(format!("GET / HTTP/1.0\r\nHost: shop.test\r\n{NAVIGATION}\r\n"));
    let page = client.answer("GET");
    assert_eq!(page.header("transfer-encoding"), None, "HTTP/1.0 knows no chunks: {:?}", page.headers);
    assert_eq!(split(&page.text()).1, PAGE);
    assert!(client.is_closed(), "the end of the connection is the end of the page");
}

#[test]
fn a_page_without_a_place_gets_blanks_for_its_length_and_says_no_place_in_the_counts() {
    let origin = Origin::html("just text");
    let proxy = before(&origin.url(), "");
    let page = navigate(proxy.addr, "/", "");
    assert!(page.whole && page.text().starts_with("just text"), "{:?}", page.text());
    assert_eq!(page.text().trim_end(), "just text", "blanks and nothing else");
    let stats = proxy.stats_with_views(1);
    assert!(stats.to_string().contains("no-place"), "the final word is counted: {stats}");
}

#[test]
fn what_a_tagged_page_makes_untrue_is_taken_out_and_the_rest_stays() {
    let more = "Cache-Control: no-cache\r\nAccept-Ranges: bytes\r\nDigest: sha-256=x\r\nContent-MD5: x\r\n\
        Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Mine: \u{e9}\r\n";
    let origin = Origin::fixed(answer("200 OK", "text/html", more, PAGE));
    let proxy = before(&origin.url(), "");
    let page = navigate(proxy.addr, "/", "");
    for name in ["accept-ranges", "digest", "content-md5"] {
        assert_eq!(page.header(name), None, "{name} is untrue of the tagged page");
    }
    assert_eq!(page.all("set-cookie"), ["a=1", "b=2"], "cookies in their order");
    assert_eq!(page.header("x-mine"), Some("\u{e9}"), "what is none of ours, byte by byte");
    let plain = ask(proxy.addr, "GET", "shop.test", "/", "");
    assert_eq!(plain.header("accept-ranges"), Some("bytes"), "an untagged answer keeps its own");
    assert_eq!(plain.inlay(), Some("skipped; reason=not-document"));
    assert_eq!(plain.text(), PAGE);
}

#[test]
fn only_pages_bear_the_header() {
    let origin = Origin::new(|request, stream| {
        let kind = if request.target().ends_with(".json") { "application/json" } else { "text/html" };
        let more = if request.target() == "/x.json" { "X-Inlay: tagged\r\n" } else { "" };
        stream.write_all(&answer("200 OK", kind, more, "{}")).is_ok()
    });
    let proxy = before(&origin.url(), "");
    assert_eq!(ask(proxy.addr, "GET", "shop.test", "/x.json", "").inlay(), None, "a script's JSON, whatever it says");
    assert_eq!(ask(proxy.addr, "GET", "shop.test", "/page", "").inlay(), Some("skipped; reason=not-document"));
    assert_eq!(navigate(proxy.addr, "/y.json", "").inlay(), Some("skipped; reason=not-html"), "a navigation to JSON");
}

#[test]
fn a_page_that_loses_a_snippet_is_counted_with_the_reason_and_its_view_is_recorded() {
    let page = "<html><head><meta charset=iso-2022-jp></head><body>a</body></html>";
    let origin = Origin::html(page);
    let site = "[[site.tag]]\nid = 'end'\nhtml = '<p>end</p>'\nplace = 'body-end'";
    let proxy = before(&origin.url(), site);
    let answer = navigate(proxy.addr, "/", "");
    assert_eq!(answer.inlay(), Some("tagged"), "the header says what was decided from headers");
    assert_eq!(split(&answer.text()).1.trim_end(), page, "our own tag, and blanks for the snippet");
    let stats = proxy.stats_with_views(1);
    assert!(stats.to_string().contains("\"charset\""), "the final word is counted: {stats}");
}

#[test]
fn the_owners_snippets_stand_at_their_places_on_their_pages_alone() {
    let origin = Origin::html(PAGE);
    let site = r#"
        [[site.tag]]
        id = "verify"
        html = "<meta name=verify content=1>"
        place = "head-start"
        [[site.tag]]
        id = "css"
        html = "<link rel=stylesheet href=/x.css>"
        place = "head-end"
        [[site.tag]]
        id = "banner"
        html = "<p>banner</p>"
        place = "body-start"
        [[site.tag]]
        id = "chat"
        html = "<p>chat</p>"
        place = "body-end"
        not_paths = ["/quiet/**"]
    "#;
    let proxy = before(&origin.url(), site);
    let page = navigate(proxy.addr, "/a", "");
    let (tag, _) = split(&page.text());
    let expected = format!(
        "<!doctype html><html><head>{tag}<meta name=verify content=1><title>a</title><link rel=stylesheet href=/x.css>\
         </head><body><p>banner</p>b<p>chat</p></body></html>"
    );
    assert_eq!(page.text(), expected, "every snippet at its place");
    assert!(page.whole, "the length is true");
    assert_eq!(page.header("cache-control"), Some("private"), "a page with a snippet is private");
    let quiet = navigate(proxy.addr, "/quiet/a", "");
    assert!(!quiet.text().contains("chat"), "not on its not_paths: {}", quiet.text());
}

#[test]
fn each_piece_of_a_page_is_sent_on_before_the_origin_sends_the_next() {
    for length in [true, false] {
        let (go, wait) = sync_channel::<()>(1);
        let wait = Arc::new(Mutex::new(wait));
        let pieces = ["<!doctype html><html><head><title>a</title>", "</head><body>one", " two</body></html>"];
        let origin = Origin::new(move |_, stream| {
            let total: usize = pieces.iter().map(|piece| piece.len()).sum();
            let framing = if length { format!("Content-Length: {total}") } else { "Transfer-Encoding: chunked".into() };
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{framing}\r\n\r\n").as_bytes())
                .ok();
            for piece in pieces {
                let framed = if length { piece.to_owned() } else { format!("{:x}\r\n{piece}\r\n", piece.len()) };
                stream.write_all(framed.as_bytes()).ok();
                wait.lock().expect("unpoisoned").recv().expect("the test's word");
            }
            length || stream.write_all(b"0\r\n\r\n").is_ok()
        });
        let proxy = before(&origin.url(), "");
        let mut client = Client::new(proxy.addr);
        client.send(format!("GET / HTTP/1.1\r\nHost: shop.test\r\n{NAVIGATION}\r\n"));
        for mark in ["<title>a</title>", "<body>one", " two</body></html>"] {
            client.until(mark);
            go.send(()).expect("the origin goes on");
        }
    }
}

#[test]
fn an_origin_that_dies_within_a_page_ends_in_an_aborted_answer_never_in_a_padded_one() {
    for framing in ["Content-Length: 500", "Transfer-Encoding: chunked"] {
        let origin = Origin::new(move |_, stream| {
            let body = if framing.starts_with("Content") {
                PAGE.to_owned()
            } else {
                format!("{:x}\r\n{PAGE}\r\n", PAGE.len())
            };
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{framing}\r\n\r\n{body}").as_bytes())
                .ok();
            false
        });
        let proxy = before(&origin.url(), "");
        let page = navigate(proxy.addr, "/", "");
        assert!(!page.whole, "{framing}: the client can tell that it is not whole");
        assert_eq!(split(&page.text()).1, PAGE, "{framing}: what came is passed on, no blanks");
    }
}

#[test]
fn a_fetch_does_not_hide_the_tag_of_a_page_that_caches_keep() {
    let origin = Origin::fixed(answer("200 OK", "text/html", "Cache-Control: max-age=60\r\n", PAGE));
    let proxy = before(&origin.url(), "");
    let fetched =
        ask(proxy.addr, "GET", "shop.test", "/", "Accept: */*\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n");
    assert_eq!(fetched.inlay(), Some("tagged"), "whoever asks first decides what is stored for all");
    assert_eq!(fetched.all("server-timing"), ["inlay;desc=\"\""], "no id that all would share");
    assert_eq!(fetched.header("vary"), None);
    let no = navigate(proxy.addr, "/", "Cookie: inlay_optout=1\r\n");
    assert_eq!((no.inlay(), no.text().as_str()), (Some("skipped; reason=opt-out"), PAGE));
    assert_eq!(no.header("cache-control"), Some("private, max-age=60"), "not stored for others");
}

#[test]
fn the_script_of_the_tag_is_served_for_a_year_and_unknown_ones_are_not_kept() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    let page = navigate(proxy.addr, "/", "").text();
    let src = page.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("the script's address");
    let script = ask(proxy.addr, "GET", "shop.test", src, "");
    assert_eq!(script.status(), 200);
    let cache = script.header("cache-control").expect("how long");
    assert!(cache.contains("immutable") && cache.contains("31536000") && cache.contains("no-transform"), "{cache}");
    assert_eq!(script.header("x-content-type-options"), Some("nosniff"));
    let unknown = ask(proxy.addr, "GET", "shop.test", "/_inlay/t.00000000.js", "");
    assert_eq!((unknown.body, unknown.headers.iter().any(|(_, v)| v == "no-store")), (script.body, true));
    assert_eq!(origin.requests().len(), 1, "nothing under the prefix reaches the origin");
}
