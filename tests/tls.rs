//! Origins that speak TLS: whose certificate is believed.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ServerConnection, StreamOwned};

use crate::support::authority::Authority;
use crate::support::client::navigate;
use crate::support::origin::{Origin, html, read_request};
use crate::support::proxy::{Proxy, binary};
use crate::support::wait_for;

/// An origin with a certificate for this name, and a page.
fn origin(authority: &Authority, name: &str) -> Origin {
    let config = authority.server(name);
    Origin::raw(move |stream, seen| {
        let connection = ServerConnection::new(config.clone()).expect("a connection");
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        while let Some(request) = read_request(&mut reader) {
            seen.lock().expect("unpoisoned").push(request);
            let tls: &mut StreamOwned<ServerConnection, TcpStream> = reader.get_mut();
            if tls.write_all(&html("<html><head></head></html>")).and_then(|()| tls.flush()).is_err() {
                return;
            }
        }
    })
}

/// A proxy whose system believes in this authority alone.
fn trusting(authority: &Authority, origin: &Origin) -> Proxy {
    let dir = Arc::new(tempfile::TempDir::new().expect("a folder"));
    let (config, roots) = (dir.path().join("inlay.toml"), dir.path().join("roots.pem"));
    authority.write(&roots);
    let server = "[server]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\n";
    let url = format!("https://localhost:{}", origin.addr.port());
    let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"shop.test\"]\norigin = \"{url}\"\n");
    std::fs::write(&config, format!("{server}{site}")).expect("written");
    Proxy::spawn(binary().env("SSL_CERT_FILE", &roots).arg("run").arg("--config").arg(&config), dir)
}

#[test]
fn an_origin_whose_certificate_the_system_vouches_for_is_believed() {
    let authority = Authority::new();
    let origin = origin(&authority, "localhost");
    let proxy = trusting(&authority, &origin);
    let page = navigate(proxy.addr, "/", "");
    assert_eq!((page.status(), page.inlay()), (200, Some("tagged")), "{:#?}", proxy.log());
    assert_eq!(origin.last().header("host"), Some("shop.test"));
}

#[test]
fn a_certificate_for_another_name_or_by_an_unknown_authority_is_a_502_and_the_request_stays_here() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (what, origin) in
        [("another name", origin(&authority, "other.test")), ("an unknown authority", origin(&stranger, "localhost"))]
    {
        let proxy = trusting(&authority, &origin);
        assert_eq!(navigate(proxy.addr, "/", "").status(), 502, "{what}");
        wait_for("the log tells of it", || {
            let told = |line: &String| line.contains("no answer from the origin") && line.contains("\"tls\"");
            proxy.log().iter().any(told).then_some(())
        });
        assert!(origin.requests().is_empty(), "{what}: nothing was sent");
    }
}

#[test]
fn an_origin_that_speaks_no_tls_is_a_502() {
    let authority = Authority::new();
    let origin = Origin::raw(|mut stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ok();
    });
    let proxy = trusting(&authority, &origin);
    assert_eq!(navigate(proxy.addr, "/", "").status(), 502);
}
