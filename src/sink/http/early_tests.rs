//! Deliveries to a backend that answers before it has read what is sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use ureq::http::StatusCode;

use super::*;

/// A backend that says from the header alone that a body is too large, and closes: what was on its way then breaks the
/// connection, and often the answer with it. It takes bodies of up to so many bytes.
fn hasty(most: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(BufReader::new(stream), most));
        }
    });
    addr
}

fn answer(mut stream: BufReader<TcpStream>, most: usize) -> Option<()> {
    loop {
        let (mut length, mut expects) = (0, false);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().ok()?;
            }
            expects |= line == "expect: 100-continue";
        }
        if length > most {
            return stream.get_mut().write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").ok();
        }
        if expects {
            stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}

fn config(addr: SocketAddr) -> config::HttpSink {
    config::HttpSink {
        url: format!("http://{addr}/in"),
        headers: Vec::new(),
        gzip: false,
        sign: None,
        timeout: Duration::from_secs(20),
    }
}

fn sink(addr: SocketAddr) -> HttpSink {
    HttpSink::new(&config(addr))
}

#[test]
fn an_answer_that_comes_before_the_body_was_read_is_heard_at_the_second_attempt_at_last() {
    let mut sink = sink(hasty(1_000_000));
    let large = vec![b'x'; 16 << 20];
    let mut deliver = |key, body: &[u8]| sink.deliver(&Sending { key, body, now_s: 0 });
    let too_large = |delivery: &Delivery| matches!(delivery, Delivery::Failed(Fault::Smaller(_)));
    let first = deliver("a", &large);
    assert!(too_large(&first) || matches!(first, Delivery::Failed(Fault::Again { .. })), "{first:?}");
    let second = deliver("a", &large);
    assert!(too_large(&second), "the backend is asked before the body is sent: {second:?}");
    // What it takes goes through all the same, asked first or not.
    assert_eq!(deliver("b", &large[..500_000]), Delivery::Accepted);
    assert_eq!(deliver("c", &large[..500_000]), Delivery::Accepted);
}

/// A backend that says from the header alone that a body is too large, reads no more, and closes only where it is asked to.
fn deaf() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let (mut head, mut closes) = (BufReader::new(&stream), false);
            let mut line = String::new();
            while head.read_line(&mut line).is_ok_and(|read| read > 2) {
                closes |= line.eq_ignore_ascii_case("connection: close\r\n");
                line.clear();
            }
            _ = stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
            if !closes {
                open.push(stream);
            }
        }
    });
    addr
}

#[test]
fn an_answer_is_heard_also_from_a_backend_that_reads_no_more_and_keeps_the_connection() {
    let mut sink = HttpSink::new(&config::HttpSink { timeout: Duration::from_secs(3), ..config(deaf()) });
    let large = vec![b'x'; 64 << 20];
    let mut deliver = || sink.deliver(&Sending { key: "a", body: &large, now_s: 0 });
    let first = deliver();
    assert!(matches!(first, Delivery::Failed(Fault::Again { .. })), "nobody listens while it sends: {first:?}");
    let second = deliver();
    assert!(matches!(second, Delivery::Failed(Fault::Smaller(_))), "it is asked before the body is sent: {second:?}");
}

fn judged(status: u16, headers: &[(&'static str, &'static str)]) -> Delivery {
    let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    answer::of(StatusCode::from_u16(status).expect("a status"), &headers.collect(), b"", 0)
}

#[test]
fn only_what_speaks_of_events_halves_a_batch() {
    for (word, statuses) in [
        ("again", &[408, 409, 417, 423, 425, 429, 500, 502, 503, 504, 507, 599][..]),
        ("smaller", &[413]),
        ("credentials", &[401, 402, 403, 407]),
        ("misconfigured", &[301, 308, 404, 405, 406, 410, 411, 414, 415, 421, 426, 428, 431, 451, 501, 505]),
        ("bad", &[400, 412, 416, 422, 424]),
    ] {
        for status in statuses {
            let Delivery::Failed(fault) = judged(*status, &[]) else { panic!("{status} is no yes") };
            assert_eq!(fault.word(), word, "{status}");
        }
    }
}

#[test]
fn a_redirect_is_told_without_what_may_be_a_token_in_it() {
    for (location, told) in [
        ("https://in.example:8443/services/SECRET?key=SECRET", " to https://in.example:8443 (307 T"),
        ("https://SECRET:SECRET@in.example/", " to https://in.example (307 T"),
        ("/services/SECRET/", "redirects (307 T"),
        ("SECRET SECRET", "redirects (307 T"),
    ] {
        let Delivery::Failed(fault) = judged(307, &[("location", location)]) else { panic!("no yes") };
        let words = fault.words();
        assert!(words.contains(told) && !words.contains("SECRET"), "{location}: {words}");
    }
}
