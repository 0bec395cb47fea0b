//! As much of HTTP/1.1 as a sink speaks: requests with a length, read whole, one after the other.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Nothing that comes from outside is without a bound.
const MOST_HEADER: u64 = 16 * 1024;
const MOST_BODY: u64 = 16 * 1024 * 1024;
/// How long a connection may be silent between two requests, and how long a request may take from its first byte to its last:
/// else whoever sends a byte a minute holds a connection for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request, read whole. Names of headers are in small letters.
pub(crate) struct Request {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// The status of an answer, and a sentence for whoever reads the sink's status.
pub(crate) type Answer = (&'static str, String);

/// A connection that is read until a time, however slowly the other end sends.
struct Until<'a>(&'a TcpStream, Instant);

impl Until<'_> {
    fn begin(&mut self) {
        self.1 = Instant::now() + PATIENCE;
    }
}

impl Read for Until<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.1.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.0.set_read_timeout(Some(left))?;
        self.0.read(into)
    }
}

/// Reads one request; `Err` has an answer where there is somebody to tell. `None`: the connection is over.
fn read(reader: &mut BufReader<Until<'_>>) -> io::Result<Option<Result<Request, Answer>>> {
    reader.get_mut().begin();
    if reader.fill_buf()?.is_empty() {
        return Ok(None);
    }
    reader.get_mut().begin();
    let mut head = reader.by_ref().take(MOST_HEADER);
    let (mut lines, mut line) = (Vec::new(), String::new());
    while head.read_line(&mut line)? > 0 && !line.trim_end().is_empty() {
        lines.push(std::mem::take(&mut line));
    }
    if !line.ends_with('\n') {
        return Ok(Some(Err(("431 Request Header Fields Too Large", "the header is too large".into()))));
    }
    // The first line, with method and path, is not looked at: whatever has a key and events is a batch.
    let fields = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
    let headers: HashMap<String, String> =
        fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let length = headers.get("content-length").map_or(Some(0), |length| length.parse().ok());
    let Some(length) = length.filter(|_| !headers.contains_key("transfer-encoding")) else {
        return Ok(Some(Err(("411 Length Required", "a batch has a Content-Length".into()))));
    };
    if length > MOST_BODY {
        // The sink halves the batch.
        return Ok(Some(Err(("413 Content Too Large", format!("a batch has at most {MOST_BODY} bytes")))));
    }
    if headers.get("expect").is_some_and(|expected| expected.eq_ignore_ascii_case("100-continue")) {
        // Inlay asks so behind a connection that broke.
        let mut stream = reader.get_ref().0;
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut body)?;
    let is_whole = body.len() as u64 == length;
    if is_whole { Ok(Some(Ok(Request { headers, body }))) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// Speaks HTTP/1.1 on one connection until it is over.
pub(crate) fn serve(mut stream: &TcpStream, take: impl Fn(&Request) -> Answer) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(Until(stream, Instant::now()));
    while let Some(request) = read(&mut reader)? {
        let (goes_on, (status, words)) = match &request {
            Ok(request) => {
                let closes = request.headers.get("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
                (!closes, take(request))
            }
            Err(answer) => (false, answer.clone()),
        };
        // A 204 has no body, and therefore no length (RFC 9110 section 8.6).
        let length = if words.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", words.len()) };
        let close = if goes_on { "" } else { "Connection: close\r\n" };
        stream.write_all(format!("HTTP/1.1 {status}\r\n{length}{close}\r\n{words}").as_bytes())?;
        if !goes_on {
            // Whoever is still sending is listened to for a while: a reset would take the answer from them.
            stream.shutdown(Shutdown::Write)?;
            reader.get_mut().begin();
            return io::copy(&mut reader.take(4 * MOST_BODY), &mut io::sink()).map(drop);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn who_sends_a_byte_now_and_then_does_not_hold_a_connection_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut slow = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let (stream, _) = listener.accept().expect("a connection");
        let sender = std::thread::spawn(move || {
            while slow.write_all(b"a").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let mut until = Until(&stream, Instant::now() + Duration::from_millis(300));
        let error = until.read_to_end(&mut Vec::new()).expect_err("the end is the time's");
        assert!(matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock), "{error}");
        drop(stream);
        sender.join().expect("it sees the end");
    }
}
