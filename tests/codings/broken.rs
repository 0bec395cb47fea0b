//! Bodies that are damaged, or not whole: as they came where nothing was given out yet, else aborted; never whole, never waiting.

use inlay::inject::codec::Coding;

use super::{BROWSER, PAGE, coded, decoded, head, said, untagged, write_chunk};
use crate::support::client::{Answer, Client, NAVIGATION, navigate};
use crate::support::origin::{Origin, Request};
use crate::support::proxy::{Proxy, before};
use crate::support::wait_for;

/// Sends pieces, a chunk each, and the next one when the test says so.
fn in_pieces(coding: Coding, pieces: Vec<Vec<u8>>, whole: bool) -> (Origin, std::sync::mpsc::SyncSender<()>) {
    let (go, wait) = std::sync::mpsc::sync_channel::<()>(100);
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::new(move |_: &Request, stream: &mut std::net::TcpStream| {
        use std::io::Write;
        stream.write_all(&head(coding.name(), "Transfer-Encoding: chunked\r\n")).ok();
        for (n, piece) in pieces.iter().enumerate() {
            if n > 0 {
                wait.lock().expect("unpoisoned").recv().expect("the test's word");
            }
            write_chunk(stream, piece);
        }
        whole && stream.write_all(b"0\r\n\r\n").is_ok()
    });
    (origin, go)
}

fn outcome(proxy: &Proxy, word: &str) {
    let metrics = || ask_metrics(proxy).filter(|text| text.contains(&format!("outcome=\"{word}\"}} 1")));
    wait_for(&format!("a page counted {word}"), metrics);
}

fn ask_metrics(proxy: &Proxy) -> Option<String> {
    let mut client = Client::try_new(proxy.admin).ok()?;
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    Some(client.try_answer()?.text())
}

fn long_page() -> Vec<u8> {
    let mut page = PAGE.replace("</body></html>", "").into_bytes();
    for n in 0..20_000u32 {
        page.extend(format!("<p>{:x}</p>", n.wrapping_mul(2_654_435_761)).bytes());
    }
    page
}

#[test]
fn a_page_that_cannot_be_decoded_from_its_start_passes_as_it_came() {
    for coding in Coding::ALL {
        let mut damaged = coded(coding, PAGE.as_bytes());
        let at = damaged.len() / 2;
        damaged[at..].fill(0xff);
        for body in [PAGE.as_bytes().to_vec(), damaged] {
            let origin = super::origin(coding, "", &body);
            let proxy = before(&origin.url(), "");
            let page = navigate(proxy.addr, "/", BROWSER);
            assert_eq!((page.status(), page.whole), (200, true), "{coding:?}");
            assert_eq!(page.body, body, "{coding:?}: the origin's bytes");
            assert_eq!(page.header("content-encoding"), Some(coding.name()));
            outcome(&proxy, "encoding");
        }
    }
}

/// What is no page for the rewriter keeps its own bytes too, as long as nothing has gone.
#[test]
fn a_page_that_turns_out_to_be_none_keeps_its_bytes() {
    for coding in Coding::ALL {
        let body = coded(coding, b"<p>a fragment</p>");
        let origin = super::origin(coding, "", &body);
        let proxy = before(&origin.url(), "");
        let accept = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
        let request = format!("{accept}{BROWSER}");
        let page = crate::support::client::ask(proxy.addr, "GET", "shop.test", "/", &request);
        assert_eq!((page.inlay(), &page.body), (Some("tagged"), &body), "{coding:?}: by its header it would be");
        outcome(&proxy, "not-document");
    }
}

/// What a client has got of an aborted page.
fn got(coding: Coding, answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.status(), 200, "{coding:?}");
    assert!(!answer.whole, "{coding:?}: the client can tell that it is not whole");
    let (plain, whole) = decoded(coding, &[&answer.body]);
    assert!(!whole, "{coding:?}: nor is the coding whole");
    plain
}

#[test]
fn a_page_that_is_damaged_further_on_is_aborted() {
    let page = long_page();
    for coding in Coding::ALL {
        let mut body = coded(coding, &page);
        let (third, len) = (body.len() / 3, body.len());
        body[2 * third..].fill(0xff);
        // At once, so that header and damage come together, and with the damage when the first part is out.
        for wait in [false, true] {
            let pieces = [&body[..third], &body[third..2 * third], &body[2 * third..len]].map(<[u8]>::to_vec);
            let (origin, go) = in_pieces(coding, pieces.to_vec(), true);
            let proxy = before(&origin.url(), "");
            let mut client = Client::new(proxy.addr);
            client.send(format!("GET / HTTP/1.1\r\nHost: shop.test\r\n{NAVIGATION}{BROWSER}\r\n"));
            go.send(()).expect("it goes on");
            if !wait {
                go.send(()).expect("it goes on");
            }
            let begun = client.header();
            if wait {
                go.send(()).expect("it goes on");
            }
            let answer = client.rest_of(begun);
            let plain = String::from_utf8_lossy(&got(coding, &answer)).into_owned();
            // Damage is found late: some of what it says comes before it.
            let came = untagged(&plain);
            let right = came.bytes().zip(&page).take_while(|(one, two)| one == *two).count();
            assert!(right < page.len(), "{coding:?}: not the whole page");
            assert!(right > PAGE.len(), "{coding:?}: and what could be decoded of it: {right} of {}", page.len());
            outcome(&proxy, "tagged");
        }
    }
}

#[test]
fn a_page_that_ends_early_is_aborted_wherever_it_is_cut() {
    let page = long_page();
    for coding in Coding::ALL {
        let body = coded(coding, &page);
        for cut in [body.len() - 1, body.len() - 5, body.len() / 2] {
            let (first, rest) = body[..cut].split_at(body.len() / 3);
            let (origin, go) = in_pieces(coding, vec![first.to_vec(), rest.to_vec()], true);
            go.send(()).expect("it goes on");
            let proxy = before(&origin.url(), "");
            let answer = navigate(proxy.addr, "/", BROWSER);
            let plain = got(coding, &answer);
            let text = String::from_utf8_lossy(&plain).into_owned();
            assert!(page.starts_with(untagged(&text).as_bytes()), "{coding:?}, {cut} of {}", body.len());
            if cut + 5 >= body.len() {
                let lost = page.len() - untagged(&text).len();
                assert!(lost < 70_000, "{coding:?}: what could be decoded came, all but {lost} bytes");
            }
        }
    }
}

/// The connection ends, and not the body alone.
#[test]
fn an_origin_that_dies_within_a_coded_page_ends_in_an_aborted_answer() {
    for coding in Coding::ALL {
        let body = coded(coding, &long_page());
        let (origin, go) =
            in_pieces(coding, vec![body[..body.len() / 2].to_vec(), body[body.len() / 2..].to_vec()], false);
        go.send(()).expect("it goes on");
        let proxy = before(&origin.url(), "");
        let answer = navigate(proxy.addr, "/", BROWSER);
        assert!(!answer.whole, "{coding:?}: the client can tell");
        assert!(
            untagged(&String::from_utf8_lossy(&decoded(coding, &[&answer.body]).0)).len() > PAGE.len(),
            "{coding:?}"
        );
    }
}

#[test]
fn a_body_without_a_byte_stays_one() {
    for coding in Coding::ALL {
        let (origin, _go) = in_pieces(coding, Vec::new(), true);
        let proxy = before(&origin.url(), "");
        let page = navigate(proxy.addr, "/", BROWSER);
        assert_eq!((page.status(), page.whole, page.body.len()), (200, true, 0), "{coding:?}");
    }
    let (origin, _go) = in_pieces(Coding::Gzip, Vec::new(), true);
    let proxy = before(&origin.url(), "");
    let page = navigate(proxy.addr, "/", BROWSER);
    assert_eq!(page.body.len(), 0);
    // The next one over the same proxy is none the worse.
    let origin = super::origin(Coding::Gzip, "", &coded(Coding::Gzip, PAGE.as_bytes()));
    let proxy = before(&origin.url(), "");
    assert_eq!(untagged(&said(&navigate(proxy.addr, "/", BROWSER))), PAGE);
}

#[test]
fn windows_that_browsers_refuse_pass_as_they_came() {
    // The header of a zstd frame with a window of 16 MiB, and a br stream with a large one.
    for (coding, body) in [
        (Coding::Zstd, &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 0x01, 0x00, 0x00][..]),
        (Coding::Brotli, &[0x11, 0x1a, 0x03]),
    ] {
        let origin = super::origin(coding, "", body);
        let proxy = before(&origin.url(), "");
        let page = navigate(proxy.addr, "/", BROWSER);
        assert_eq!(page.body, body, "{coding:?}");
        outcome(&proxy, "encoding");
    }
}
