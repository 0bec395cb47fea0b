//! `http` against a server of a few lines: what goes over the wire, and what answers do.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use flate2::read::GzDecoder;

use super::super::backend::{Backend, Sending};
use super::super::fault::{Delivery, Fault};
use super::HttpSink;
use crate::config;

/// A request as it came.
#[derive(Debug)]
struct Got {
    line: String,
    /// By their names in lower case.
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

const LINES: &[u8] = b"{\"v\":1}\n{\"v\":1}\n";

/// A server that gives these answers, one a connection, and tells what it got. An empty answer ends the connection.
fn server(answers: &[&str]) -> (String, Receiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/in?a=b", listener.local_addr().expect("an address"));
    let (tell, told) = sync_channel(16);
    let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            tell.send(read(&stream)).expect("somebody listens");
            // Who has read enough may have gone.
            _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, told)
}

fn read(stream: &TcpStream) -> Got {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    };
    let first = line();
    let headers: HashMap<_, _> = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()))
        .map(|line| {
            line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())).expect("a header")
        })
        .collect();
    let mut body = vec![0; headers["content-length"].parse().expect("a length")];
    reader.read_exact(&mut body).expect("a body");
    Got { line: first, headers, body }
}

fn sink(url: &str) -> config::HttpSink {
    config::HttpSink { url: url.into(), headers: vec![], gzip: false, sign: None, timeout: Duration::from_secs(20) }
}

fn deliver(sink: &config::HttpSink) -> Delivery {
    let mut sink = HttpSink::new(sink);
    let body = sink.encode(LINES.to_vec());
    sink.deliver(&Sending { key: "00ff", body: &body, now_s: 1_700_000_000 })
}

const YES: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

#[test]
fn a_batch_is_posted_with_its_key_and_the_owners_headers() {
    let (url, got) = server(&[YES]);
    let headers = vec![("authorization".parse().expect("a name"), "Bearer x".parse().expect("a value"))];
    assert_eq!(deliver(&config::HttpSink { headers, ..sink(&url) }), Delivery::Accepted);
    let got = got.recv().expect("a request");
    assert_eq!(got.line, "POST /in?a=b HTTP/1.1");
    let header = |name: &str| got.headers.get(name).map(String::as_str);
    assert_eq!(header("idempotency-key"), Some("00ff"));
    assert_eq!(header("content-type"), Some("application/x-ndjson"));
    assert_eq!(header("authorization"), Some("Bearer x"));
    assert_eq!((header("content-encoding"), header("x-inlay-signature")), (None, None));
    assert_eq!(got.body, LINES);
}

#[test]
fn the_signature_is_over_the_body_as_it_is_sent() {
    let (url, got) = server(&[YES, YES]);
    let sign = Some("a secret of 24 letters..".to_owned());
    let plain = config::HttpSink { sign, ..sink(&url) };
    assert_eq!(deliver(&plain), Delivery::Accepted);
    // printf '1700000000.{"v":1}\n{"v":1}\n' | openssl dgst -sha256 -hmac 'a secret of 24 letters..'
    let expected = "t=1700000000,v1=5c326cce464297ac14e8dde2bb8aae511df9f7dd0424cc277214905323c209f9";
    let signature = |got: &Got| got.headers["x-inlay-signature"].clone();
    assert_eq!(signature(&got.recv().expect("a request")), expected);

    assert_eq!(deliver(&config::HttpSink { gzip: true, ..plain }), Delivery::Accepted);
    let got = got.recv().expect("a request");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"a secret of 24 letters..");
    let tag = ring::hmac::sign(&key, &[b"1700000000.".as_slice(), &got.body].concat());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(signature(&got), format!("t=1700000000,v1={hex}"), "of the compressed body");
}

#[test]
fn a_compressed_body_is_the_same_bytes_each_time() {
    let (url, got) = server(&[YES]);
    let config = config::HttpSink { gzip: true, ..sink(&url) };
    assert_eq!(deliver(&config), Delivery::Accepted);
    let got = got.recv().expect("a request");
    assert_eq!(got.headers["content-encoding"], "gzip");
    let mut lines = Vec::new();
    GzDecoder::new(got.body.as_slice()).read_to_end(&mut lines).expect("gzip");
    assert_eq!(lines, LINES);
    assert_eq!(HttpSink::new(&config).encode(LINES.to_vec()), got.body);
}

#[test]
fn a_redirect_is_not_followed_and_stops_the_sink() {
    for status in [301, 302, 303, 307, 308] {
        let (elsewhere, not_got) = server(&[YES]);
        let answer = format!("HTTP/1.1 {status} Moved\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n");
        let (url, got) = server(&[&answer]);
        let delivery = deliver(&sink(&url));
        assert!(matches!(delivery, Delivery::Failed(Fault::Misconfigured(_))), "{status}: {delivery:?}");
        assert!(got.recv().is_ok() && not_got.try_recv().is_err(), "{status}: events went elsewhere");
    }
}

#[test]
fn no_answer_or_none_that_can_be_read_is_tried_again() {
    let (url, _got) = server(&["", "HTTP/1.1 20", "SSH-2.0-OpenSSH_9.6\r\n"]);
    for _ in 0..3 {
        let delivery = deliver(&sink(&url));
        assert!(matches!(delivery, Delivery::Failed(Fault::Again { after: None, .. })), "{delivery:?}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let delivery = deliver(&sink(&format!("http://{closed}/")));
    assert!(matches!(delivery, Delivery::Failed(Fault::Again { after: None, .. })), "{delivery:?}");
}

#[test]
fn an_answer_counts_by_its_header_however_its_body_goes_on() {
    let endless = format!("HTTP/1.1 400 Bad\r\nContent-Length: 9999999\r\n\r\n{}", "no ".repeat(100_000));
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthan";
    let later = "HTTP/1.1 429 Slow Down\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n";
    let (url, _got) = server(&[&endless, cut, later]);
    let Delivery::Failed(Fault::Bad(refusal)) = deliver(&sink(&url)) else { panic!("400 is a bad event") };
    assert!(refusal.answer.starts_with("no no") && refusal.answer.len() <= 300, "{}", refusal.answer);
    assert_eq!(deliver(&sink(&url)), Delivery::Accepted);
    let Delivery::Failed(Fault::Again { after, .. }) = deliver(&sink(&url)) else { panic!("429 is tried again") };
    assert_eq!(after, Some(Duration::from_secs(17)));
}
