//! Load: wrk on the other core, and a plain client for what must be counted one by one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use super::process::PATIENCE;
use super::servers::OTHER_CORE;

/// What a browser sends when it goes to a page.
pub const FIELDS: [(&str, &str); 6] = [
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-US,en;q=0.9,de;q=0.7"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    ("Referer", "https://www.example.com/some/page"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
];

/// Asks for a page over and over, and returns how often it came.
pub fn wrk(addr: SocketAddr, page: &str, seconds: u32) -> u64 {
    let mut command = Command::new("taskset");
    command.args(["-c", &OTHER_CORE.to_string(), "wrk", "-t1", "-c32", &format!("-d{seconds}s")]);
    for (name, value) in FIELDS {
        command.arg("-H").arg(format!("{name}: {value}"));
    }
    let output = command.arg(format!("http://{addr}/{page}")).output().expect("wrk runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "every answer is a page: {said}");
    let line = said.lines().find(|line| line.contains(" requests in ")).unwrap_or_else(|| panic!("a sum: {said}"));
    line.split_ascii_whitespace().next().and_then(|n| n.parse().ok()).expect("a number of requests")
}

/// A connection that is kept.
pub struct Client(BufReader<TcpStream>);

impl Client {
    pub fn new(addr: SocketAddr) -> Client {
        let stream = TcpStream::connect(addr).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Client(BufReader::new(stream))
    }

    /// Asks for a page and reads it to its end; the header, and the body's first bytes.
    pub fn get(&mut self, page: &str) -> (String, Vec<u8>) {
        let mut request = format!("GET /{page} HTTP/1.1\r\nHost: bench.test\r\n");
        for (name, value) in FIELDS {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        self.0.get_mut().write_all(request.as_bytes()).expect("the request is taken");
        let header = self.header();
        let field = |name: &str| {
            let mut lines = header.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let mut start = Vec::new();
        match field("content-length").and_then(|length| length.parse().ok()) {
            Some(length) => self.exactly(length, &mut start),
            None => while self.chunk(&mut start) {},
        }
        (header, start)
    }

    fn header(&mut self) -> String {
        let mut header = String::new();
        while !header.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut header).expect("a header") > 0, "the connection ended: {header}");
        }
        header
    }

    fn chunk(&mut self, start: &mut Vec<u8>) -> bool {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a chunk");
        let size = u64::from_str_radix(line.trim(), 16).expect("a chunk's size");
        self.exactly(size, start);
        self.0.read_line(&mut line).expect("a chunk's end");
        size > 0
    }

    /// Reads so many bytes; only the first are kept.
    fn exactly(&mut self, length: u64, start: &mut Vec<u8>) {
        const KEPT: u64 = 1024;
        let kept = length.min(KEPT.saturating_sub(start.len() as u64));
        let read = Read::take(&mut self.0, kept).read_to_end(start).expect("a body") as u64;
        let rest = std::io::copy(&mut Read::take(&mut self.0, length - kept), &mut std::io::sink()).expect("a body");
        assert_eq!(read + rest, length, "the body is whole");
    }
}
