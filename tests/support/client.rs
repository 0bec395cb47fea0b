//! A client that sends raw bytes and sees every byte of the answer, and when it came.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use super::PATIENCE;

/// Fields of a navigation, as browsers send them on https and localhost.
pub const NAVIGATION: &str = "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub line: String,
    pub headers: Vec<(String, String)>,
    /// Without the framing of chunks.
    pub body: Vec<u8>,
    /// Whether the body ended as its framing promised.
    pub whole: bool,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The word of `X-Inlay`.
    pub fn inlay(&self) -> Option<&str> {
        self.header("x-inlay")
    }

    /// The view id in `Server-Timing`.
    pub fn view_id(&self) -> Option<&str> {
        let ours = self.all("server-timing").into_iter().find_map(|line| line.strip_prefix("inlay;desc=\""))?;
        ours.strip_suffix('"')
    }
}

/// An open connection.
pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub fn new(addr: SocketAddr) -> Client {
        Client::try_new(addr).expect("a connection")
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the request is taken");
    }

    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Says that no more will be sent.
    pub fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a half-close");
    }

    /// Takes what comes until `mark` has come; what lies behind it stays unread.
    pub fn until(&mut self, mark: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = find(&self.unread, mark.as_bytes()) {
                let taken: Vec<u8> = self.unread.drain(..at + mark.len()).collect();
                return String::from_utf8_lossy(&taken).into_owned();
            }
            let so_far = String::from_utf8_lossy(&self.unread).into_owned();
            assert!(Instant::now() < end, "waited for {mark:?} in vain; came: {so_far:?}");
            assert!(self.more(), "the connection ended before {mark:?}; came: {so_far:?}");
        }
    }

    /// Reads one answer to the end of its body.
    pub fn answer(&mut self, method: &str) -> Answer {
        loop {
            let answer = self.header();
            if (100..200).contains(&answer.status()) && answer.status() != 101 {
                continue;
            }
            return self.body(answer, method);
        }
    }

    /// Reads one header.
    pub fn header(&mut self) -> Answer {
        let text = self.until("\r\n\r\n");
        let mut lines = text.trim_end().split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Answer { line, headers, body: Vec::new(), whole: false }
    }

    /// Reads the body of a page whose header was read.
    pub fn rest_of(&mut self, header: Answer) -> Answer {
        self.body(header, "GET")
    }

    fn body(&mut self, mut answer: Answer, method: &str) -> Answer {
        let status = answer.status();
        if method == "HEAD" || status == 101 || status == 204 || status == 304 {
            answer.whole = true;
        } else if answer.header("transfer-encoding").is_some() {
            answer.whole = self.chunks(&mut answer.body);
        } else if let Some(length) = answer.header("content-length").map(|length| length.parse().expect("a length")) {
            answer.whole = self.exactly(length, &mut answer.body);
        } else {
            while self.more() {}
            answer.body = std::mem::take(&mut self.unread);
            answer.whole = true;
        }
        answer
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> bool {
        loop {
            let Some(line) = self.line() else { return false };
            let size = usize::from_str_radix(line.trim(), 16).expect("a chunk's size");
            if !self.exactly(size, body) || self.line().is_none() {
                return false;
            }
            if size == 0 {
                return true;
            }
        }
    }

    /// Takes the next chunk of a body that comes in chunks; none at its end.
    pub fn chunk(&mut self) -> Option<bytes::Bytes> {
        let size = usize::from_str_radix(self.line()?.trim(), 16).expect("a chunk's size");
        let mut chunk = Vec::new();
        let whole = self.exactly(size, &mut chunk) && self.line().is_some();
        (whole && size > 0).then(|| chunk.into())
    }

    fn line(&mut self) -> Option<String> {
        while find(&self.unread, b"\r\n").is_none() {
            if !self.more() {
                return None;
            }
        }
        let at = find(&self.unread, b"\r\n")?;
        let line: Vec<u8> = self.unread.drain(..at + 2).collect();
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    /// Moves so many bytes to `body`; false where the connection ends before.
    pub fn exactly(&mut self, length: usize, body: &mut Vec<u8>) -> bool {
        while self.unread.len() < length {
            if !self.more() {
                body.append(&mut self.unread);
                return false;
            }
        }
        body.extend(self.unread.drain(..length));
        true
    }

    /// Whether the other end closes without another byte.
    pub fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && !self.more()
    }

    /// Waits for more bytes; false at the end of the connection.
    fn more(&mut self) -> bool {
        let mut piece = [0; 64 * 1024];
        match self.stream.read(&mut piece) {
            Ok(0) => false,
            Ok(read) => {
                self.unread.extend_from_slice(&piece[..read]);
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing came for {PATIENCE:?}; unread: {:?}", String::from_utf8_lossy(&self.unread))
            }
            Err(_) => false,
        }
    }
}

/// One request on a connection of its own. `more` is whole header lines.
pub fn ask(addr: SocketAddr, method: &str, host: &str, target: &str, more: &str) -> Answer {
    let mut client = Client::new(addr);
    client.send(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n"));
    client.answer(method)
}

/// A navigation to the host `shop.test`.
pub fn navigate(addr: SocketAddr, target: &str, more: &str) -> Answer {
    ask(addr, "GET", "shop.test", target, &format!("{NAVIGATION}{more}"))
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

impl Client {
    /// A connection, where somebody listens.
    pub fn try_new(addr: SocketAddr) -> std::io::Result<Client> {
        let stream = TcpStream::connect(addr)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, unread: Vec::new() })
    }

    /// Reads one answer; none where the connection ends before it is whole.
    pub fn try_answer(&mut self) -> Option<Answer> {
        while find(&self.unread, b"\r\n\r\n").is_none() {
            if !self.more() {
                return None;
            }
        }
        let header = self.header();
        Some(self.body(header, "GET")).filter(|answer| answer.whole)
    }

    /// Reads one answer; false where the connection ends before it is whole.
    pub fn took_an_answer(&mut self) -> bool {
        self.try_answer().is_some()
    }
}
