//! Pages in content codings: tagged and otherwise equal, piece by piece, whole or aborted, and what is asked of the origin.

mod broken;
mod client;
mod large;
mod random;

use std::io::Write;

use bytes::Bytes;
use inlay::inject::codec::{Coding, STEP};

use crate::support::client::{Answer, Client, NAVIGATION, ask, navigate};
use crate::support::origin::{Origin, Request};
use crate::support::proxy::before;

pub const PAGE: &str = "<!doctype html><html><head><title>a</title></head><body>b</body></html>";
pub const BROWSER: &str = "Accept-Encoding: gzip, deflate, br, zstd\r\n";

/// A coded body.
pub fn coded(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let (mut encoder, mut coded) = (coding.encoder(coding.level()), Vec::new());
    encoder.encode(plain, &mut coded).expect("it encodes");
    encoder.finish(&mut coded).expect("it encodes");
    coded
}

/// What pieces say so far, and whether they are whole.
pub fn decoded(coding: Coding, pieces: &[&[u8]]) -> (Vec<u8>, bool) {
    let (mut decoder, mut all) = (coding.decoder(), Vec::new());
    for mut piece in pieces.iter().copied() {
        loop {
            let mut plain = Vec::with_capacity(STEP);
            if decoder.step(&mut piece, &mut plain).is_err() {
                return (all, false);
            }
            let full = plain.len() == plain.capacity();
            all.append(&mut plain);
            if piece.is_empty() && !full {
                break;
            }
        }
    }
    (all, decoder.is_whole())
}

/// What an answer says, in whatever coding it came.
pub fn said(answer: &Answer) -> String {
    let Some(name) = answer.header("content-encoding") else { return answer.text() };
    let coding = Coding::of(name.as_bytes()).unwrap_or_else(|| panic!("{name} is no coding of ours"));
    let (plain, whole) = decoded(coding, &[&answer.body]);
    assert!(whole, "the {name} body is whole: {} bytes of {}", plain.len(), answer.body.len());
    String::from_utf8(plain).expect("UTF-8")
}

/// A page without our tag, which stands in it once.
pub fn untagged(text: &str) -> String {
    let begin =
        text.find("<script async=\"\" src=\"/_inlay/t.").unwrap_or_else(|| panic!("the tag stands in {text:?}"));
    let end = begin + text[begin..].find("</script").expect("its end tag");
    let end = end + text[end..].find('>').expect("its end") + 1;
    format!("{}{}", &text[..begin], &text[end..])
}

/// A header of a page in a coding; `framing` is whole header lines.
pub fn head(coding: &str, framing: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\n{framing}\r\n").into_bytes()
}

/// A whole answer in a coding.
pub fn answer(coding: &str, more: &str, body: &[u8]) -> Vec<u8> {
    [head(coding, &format!("{more}Content-Length: {}\r\n", body.len())), body.to_vec()].concat()
}

/// An origin that sends one page, in whatever coding.
pub fn origin(coding: Coding, more: &str, body: &[u8]) -> Origin {
    Origin::fixed(answer(coding.name(), more, body))
}

#[test]
fn a_page_in_any_coding_is_tagged_and_sent_in_the_same() {
    for coding in Coding::ALL {
        let page = format!("{PAGE}{}", "<p>more</p>".repeat(5000));
        let more = "ETag: \"1\"\r\nAccept-Ranges: bytes\r\nContent-Location: /a.gz\r\nUnencoded-Digest: x=:y:\r\n";
        let origin = origin(coding, more, &coded(coding, page.as_bytes()));
        let proxy = before(&origin.url(), "");
        let answer = navigate(proxy.addr, "/", BROWSER);
        assert_eq!(answer.inlay(), Some("tagged"), "{coding:?}");
        assert_eq!(answer.header("content-encoding"), Some(coding.name()));
        assert_eq!(untagged(&said(&answer)), page, "{coding:?}: every other byte is the origin's");
        assert!(answer.whole, "{coding:?}: the framing is true");
        for gone in ["content-length", "accept-ranges", "content-location", "unencoded-digest"] {
            assert_eq!(answer.header(gone), None, "{coding:?}: {gone} would be untrue");
        }
        assert_eq!(answer.header("vary"), None, "{coding:?}: the origin chose");
        let stats = proxy.stats_with_views(1);
        assert!(stats.to_string().contains("tagged"), "{coding:?}: {stats}");
    }
}

#[test]
fn the_old_name_of_gzip_and_bare_deflate_are_tagged_too() {
    let origin = Origin::fixed(answer("x-gzip", "", &coded(Coding::Gzip, PAGE.as_bytes())));
    let proxy = before(&origin.url(), "");
    let page = navigate(proxy.addr, "/", BROWSER);
    assert_eq!((page.header("content-encoding"), untagged(&said(&page)).as_str()), (Some("x-gzip"), PAGE));
    let mut bare = Vec::with_capacity(1000);
    let mut deflate = flate2::Compress::new(flate2::Compression::new(6), false);
    deflate.compress_vec(PAGE.as_bytes(), &mut bare, flate2::FlushCompress::Finish).expect("it encodes");
    let origin = Origin::fixed(answer("Deflate", "", &bare));
    let proxy = before(&origin.url(), "");
    assert_eq!(untagged(&said(&navigate(proxy.addr, "/", BROWSER))), PAGE, "bare deflate");
}

#[test]
fn codings_that_cannot_be_read_pass_untouched() {
    for name in ["compress", "gzip, br", "aes128gcm", "gzip, identity"] {
        let body = b"whatever it is\x00\xff";
        let origin = Origin::fixed(answer(name, "ETag: \"1\"\r\n", body));
        let proxy = before(&origin.url(), "");
        let page = navigate(proxy.addr, "/", BROWSER);
        assert_eq!(page.inlay(), Some("skipped; reason=encoding"), "{name}");
        assert_eq!((page.body.as_slice(), page.header("etag")), (&body[..], Some("\"1\"")), "{name}");
        assert_eq!(page.header("content-length"), Some(&*body.len().to_string()), "{name}");
    }
}

#[test]
fn a_head_request_gets_the_header_of_the_coded_page() {
    for (site, codings) in [("", "gzip"), ("compress = \"client\"", "")] {
        let body = if codings.is_empty() { PAGE.as_bytes().to_vec() } else { coded(Coding::Gzip, PAGE.as_bytes()) };
        let origin = Origin::new(move |request: &Request, stream| {
            let coding = if codings.is_empty() { "identity" } else { codings };
            let mut page = answer(coding, "ETag: \"1\"\r\nVary: Cookie\r\n", &body);
            let sent = if request.line.starts_with("HEAD ") { page.len() - body.len() } else { page.len() };
            page.truncate(sent);
            stream.write_all(&page).is_ok()
        });
        let proxy = before(&origin.url(), site);
        let mut head = ask(proxy.addr, "HEAD", "shop.test", "/", &format!("{NAVIGATION}{BROWSER}"));
        let mut page = navigate(proxy.addr, "/", BROWSER);
        assert_eq!((page.inlay(), untagged(&said(&page)).as_str()), (Some("tagged"), PAGE), "{site}");
        // How the body is framed, and whose view it is, only the body tells.
        let told = ["date", "server-timing", "transfer-encoding"];
        for answer in [&mut head, &mut page] {
            answer.headers.retain(|(name, _)| !told.contains(&name.to_ascii_lowercase().as_str()));
            answer.headers.sort();
        }
        assert_eq!((head.line, head.headers), (page.line, page.headers), "{site}");
    }
}

#[test]
fn all_that_the_origin_has_sent_when_it_waits_can_be_decoded() {
    for coding in Coding::ALL {
        let (go, wait) = std::sync::mpsc::sync_channel::<()>(1);
        let wait = std::sync::Mutex::new(wait);
        let pieces =
            ["<!doctype html><html><head><title>a</title>", "</head><body>one", " two", " three</body></html>"];
        let origin = Origin::new(move |_, stream| {
            stream.write_all(&head(coding.name(), "Transfer-Encoding: chunked\r\n")).ok();
            let mut encoder = coding.encoder(coding.level());
            for piece in pieces {
                let mut coded = Vec::new();
                encoder.encode(piece.as_bytes(), &mut coded).expect("it encodes");
                encoder.flush(&mut coded).expect("it encodes");
                write_chunk(stream, &coded);
                wait.lock().expect("unpoisoned").recv().expect("the test's word");
            }
            let mut coded = Vec::new();
            encoder.finish(&mut coded).expect("it encodes");
            write_chunk(stream, &coded);
            stream.write_all(b"0\r\n\r\n").is_ok()
        });
        let proxy = before(&origin.url(), "");
        let mut client = Client::new(proxy.addr);
        client.send(format!("GET / HTTP/1.1\r\nHost: shop.test\r\n{NAVIGATION}{BROWSER}\r\n"));
        client.header();
        let mut came: Vec<Bytes> = Vec::new();
        for piece in pieces {
            while !text(coding, &came).ends_with(&piece[piece.len() - 4..]) {
                came.push(client.chunk().unwrap_or_else(|| panic!("{coding:?}: it ends before {piece:?}")));
            }
            go.send(()).expect("the origin goes on");
        }
        while let Some(more) = client.chunk() {
            came.push(more);
        }
        assert_eq!(untagged(&text(coding, &came)), pieces.concat(), "{coding:?}");
    }
}

fn text(coding: Coding, came: &[Bytes]) -> String {
    let pieces: Vec<&[u8]> = came.iter().map(|piece| &piece[..]).collect();
    String::from_utf8(decoded(coding, &pieces).0).expect("UTF-8")
}

pub fn write_chunk(stream: &mut impl Write, chunk: &[u8]) -> bool {
    let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
    stream.write_all(&framed).and_then(|()| stream.flush()).is_ok()
}
