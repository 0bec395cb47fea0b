//! Deliveries to a backend that answers before it has read what is sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

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

fn sink(addr: SocketAddr) -> HttpSink {
    HttpSink::new(&config::HttpSink {
        url: format!("http://{addr}/in"),
        headers: Vec::new(),
        gzip: false,
        sign: None,
        timeout: Duration::from_secs(20),
    })
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
