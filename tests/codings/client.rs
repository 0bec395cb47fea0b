//! What is asked of the origin for a client, and in what the client gets its page, by the site's `compress`.

use std::io::Write;

use inlay::inject::codec::Coding;

use super::{BROWSER, PAGE, coded, said, untagged};
use crate::support::client::{ask, navigate};
use crate::support::origin::{self, Origin};
use crate::support::proxy::before;

const CLIENT: &str = "compress = \"client\"";
const OFF: &str = "compress = \"off\"";

#[test]
fn the_origin_is_asked_for_what_both_can_do() {
    let origin = Origin::html(PAGE);
    for (site, sent, asked) in [
        ("", &["gzip, deflate, br, zstd"][..], Some("gzip, deflate, br, zstd")),
        ("", &["gzip, deflate, br, zstd, dcb, dcz"], Some("gzip, deflate, br, zstd")),
        ("", &["sdch", "gzip;q=0.5"], Some("gzip;q=0.5")),
        ("", &[], None),
        ("", &["compress, identity;q=0"], Some("compress, identity;q=0")),
        (CLIENT, &["gzip, br"], Some("identity")),
        (CLIENT, &["gzip, identity;q=0, exi"], Some("gzip, identity;q=0")),
        (OFF, &["gzip, br"], Some("identity")),
        (OFF, &["gzip, *;q=0"], Some("gzip, *;q=0")),
    ] {
        let proxy = before(&origin.url(), site);
        let lines: String = sent.iter().map(|line| format!("Accept-Encoding: {line}\r\n")).collect();
        navigate(proxy.addr, "/", &lines);
        assert_eq!(origin.last().all("accept-encoding"), asked.into_iter().collect::<Vec<_>>(), "{site}: of {sent:?}");
        navigate(proxy.addr, "/a.css", &lines);
        assert_eq!(origin.last().all("accept-encoding"), sent, "{site}: a file is asked for as it was");
        ask(proxy.addr, "GET", "shop.test", "/", &lines);
        assert_eq!(origin.last().all("accept-encoding"), sent, "{site}: what is no navigation is asked for as it was");
        navigate(proxy.addr, "/", &format!("{lines}Sec-GPC: 1\r\n"));
        assert_eq!(origin.last().all("accept-encoding"), sent, "{site}: who said no is asked for as it was");
    }
}

#[test]
fn a_page_is_encoded_as_the_client_likes_best() {
    let origin = Origin::fixed(origin::answer("200 OK", "text/html", "Vary: Cookie\r\n", PAGE));
    let proxy = before(&origin.url(), CLIENT);
    for (accepted, coding) in [
        ("gzip, deflate", Some("gzip")),
        ("gzip, deflate, br, zstd", Some(Coding::ALL[0].name())),
        ("gzip, br;q=0.5, zstd;q=0.7", Some("gzip")),
        ("deflate", Some("deflate")),
        ("zstd, identity;q=0", Some("zstd")),
        ("gzip;q=0.5, identity", None),
        ("compress", None),
        ("*", None),
        ("", None),
    ] {
        let page = navigate(proxy.addr, "/", &format!("Accept-Encoding: {accepted}\r\n"));
        assert_eq!((page.inlay(), page.header("content-encoding")), (Some("tagged"), coding), "of {accepted:?}");
        assert_eq!(untagged(&said(&page)), PAGE, "of {accepted:?}");
        assert!(page.whole, "of {accepted:?}");
        assert_eq!(page.all("vary"), ["Cookie", "Accept-Encoding"], "of {accepted:?}: Inlay chose");
        assert_eq!(page.header("content-length").is_some(), coding.is_none(), "of {accepted:?}: a length that is true");
    }
    let page = navigate(proxy.addr, "/", "");
    assert_eq!((page.header("content-encoding"), untagged(&page.text()).as_str()), (None, PAGE), "nothing said");
}

#[test]
fn a_page_is_sent_in_no_coding_where_that_is_off() {
    let origin = Origin::fixed(origin::answer("200 OK", "text/html", "", PAGE));
    let proxy = before(&origin.url(), OFF);
    let page = navigate(proxy.addr, "/", BROWSER);
    assert_eq!((page.header("content-encoding"), page.header("vary")), (None, None));
    assert_eq!(untagged(&page.text()), PAGE);
    assert!(page.header("content-length").is_some(), "its length is true");
}

/// An origin may send what was not asked for.
#[test]
fn an_unasked_coding_is_kept_where_the_client_takes_it_and_left_alone_where_not() {
    let gzip = coded(Coding::Gzip, PAGE.as_bytes());
    let origin = super::origin(Coding::Gzip, "Cache-Control: max-age=60\r\n", &gzip);
    for site in ["", CLIENT, OFF] {
        let proxy = before(&origin.url(), site);
        for accepted in [BROWSER, "", "Accept-Encoding: *\r\n"] {
            let page = navigate(proxy.addr, "/", accepted);
            assert_eq!((page.inlay(), page.header("content-encoding")), (Some("tagged"), Some("gzip")), "{accepted:?}");
            assert_eq!(untagged(&said(&page)), PAGE, "{site} {accepted:?}");
        }
        for accepted in ["Accept-Encoding: br\r\n", "Accept-Encoding:\r\n", "Accept-Encoding: gzip;q=0, *\r\n"] {
            let page = navigate(proxy.addr, "/", accepted);
            assert_eq!(page.inlay(), Some("skipped; reason=encoding"), "{site} {accepted:?}");
            assert_eq!((page.body.as_slice(), page.header("content-encoding")), (&gzip[..], Some("gzip")));
            let cache = page.header("cache-control");
            assert_eq!(cache, Some("private, max-age=60"), "{site} {accepted:?}: caches keep it for nobody else");
        }
    }
}

#[test]
fn a_signed_answer_is_never_touched() {
    let signed = "Signature-Input: s=(\"content-digest\");keyid=\"k\"\r\nSignature: s=:AA==:\r\n";
    let origin = Origin::fixed(origin::answer("200 OK", "text/html", signed, PAGE));
    let proxy = before(&origin.url(), "");
    let page = navigate(proxy.addr, "/", BROWSER);
    assert_eq!((page.inlay(), page.text().as_str()), (Some("skipped; reason=no-transform"), PAGE));
    let kind = "application/signed-exchange;v=b3";
    let origin = Origin::new(move |_, stream| stream.write_all(&origin::answer("200 OK", kind, "", PAGE)).is_ok());
    let proxy = before(&origin.url(), CLIENT);
    let page = navigate(proxy.addr, "/", BROWSER);
    assert_eq!((page.inlay(), page.text().as_str()), (Some("skipped; reason=not-html"), PAGE), "a signed exchange");
}
