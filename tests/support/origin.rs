//! A small origin in the test's own process: one thread a connection, raw bytes both ways.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::PATIENCE;

/// A request as the origin received it.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// Every value of a field, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }
}

/// A running origin; it ends with the test's process.
pub struct Origin {
    pub addr: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Origin {
    /// Answers each request with what `answer` writes; false ends the connection.
    pub fn new(answer: impl Fn(&Request, &mut TcpStream) -> bool + Send + Sync + 'static) -> Origin {
        Self::raw(move |stream, seen| {
            let mut writer = stream.try_clone().expect("a second handle");
            let mut reader = BufReader::new(stream);
            while let Some(request) = read_request(&mut reader) {
                seen.lock().expect("unpoisoned").push(request.clone());
                if !answer(&request, &mut writer) {
                    break;
                }
            }
        })
    }

    /// Every request gets this answer.
    pub fn fixed(answer: impl Into<Vec<u8>>) -> Origin {
        let answer = answer.into();
        Origin::new(move |_, stream| stream.write_all(&answer).is_ok())
    }

    /// Every request gets this HTML, with its length.
    pub fn html(body: &str) -> Origin {
        Origin::fixed(html(body))
    }

    /// Speaks whatever `talk` speaks, on each connection.
    pub fn raw(talk: impl Fn(TcpStream, Arc<Mutex<Vec<Request>>>) + Send + Sync + 'static) -> Origin {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let talk = Arc::new(talk);
        let log = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                stream.set_read_timeout(Some(PATIENCE * 6)).expect("a time-out");
                stream.set_nodelay(true).expect("no delay");
                let (talk, log) = (talk.clone(), log.clone());
                std::thread::spawn(move || talk(stream, log));
            }
        });
        Origin { addr, seen }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("unpoisoned").clone()
    }

    pub fn last(&self) -> Request {
        self.requests().pop().expect("the origin was asked")
    }
}

/// A 200 answer with this HTML and its length.
pub fn html(body: &str) -> Vec<u8> {
    answer("200 OK", "text/html; charset=utf-8", "", body)
}

/// An answer with its length; `more` is whole header lines.
pub fn answer(status: &str, kind: &str, more: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// Reads one request with its body, by length or in chunks.
pub fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let line = read_line(reader)?;
    let mut request = Request { line, headers: Vec::new(), body: Vec::new() };
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else { break };
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if let Some(length) = request.header("content-length").and_then(|length| length.parse().ok()) {
        request.body = vec![0; length];
        reader.read_exact(&mut request.body).ok()?;
    } else if request.header("transfer-encoding").is_some() {
        while let Some(size) = read_line(reader).and_then(|size| usize::from_str_radix(size.trim(), 16).ok()) {
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            request.body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    }
    Some(request)
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
    Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

/// Keeps a connection open without a word.
pub fn silence() {
    std::thread::sleep(Duration::from_secs(3600));
}
