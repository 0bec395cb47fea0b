//! A receiver of Inlay's `http` sink, to learn from: `cargo run --example receiver -- 127.0.0.1:9000 events.ndjson [--secret S]`.
//!
//! The sink delivers at least once: where an answer is lost, the same batch comes again, under the same `Idempotency-Key` and
//! with the same bytes. Each event is stored exactly once all the same, by three rules:
//!
//! 1. The lines are appended to FILE and synced; then one line about the batch goes to FILE.keys and is synced: its key, the
//!    digest of its bytes, and where FILE ends now. That line is the commit, and only behind it the answer is 204.
//! 2. A key that is known already is answered 204, and nothing is stored; 409 if it comes with other bytes.
//! 3. At the start FILE is cut to where the last commit says that it ends: a crash between the two leaves no half.
//!
//! What a real receiver does besides: forget keys after some weeks, and stand behind a server that speaks TLS.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use ring::{digest, hmac};

const USAGE: &str = "where to listen, the file for events, and maybe --secret S: 127.0.0.1:9000 events.ndjson";
/// Nothing that comes from outside is without a bound.
const MOST_HEADER: u64 = 16 * 1024;
const MOST_BODY: u64 = 16 * 1024 * 1024;
const MOST_UNPACKED: u64 = 256 * 1024 * 1024;
const MOST_CONNECTIONS: usize = 100;
const SILENCE: Duration = Duration::from_secs(60);
/// A signature that is older was recorded by somebody who sends it again.
const MOST_AGE_SECS: u64 = 300;

/// Where events end up.
struct Store {
    events: File,
    keys: File,
    /// Digest of the bytes that came with a key.
    known: HashMap<String, String>,
    /// Where FILE and FILE.keys end, as far as they are committed.
    events_end: u64,
    keys_end: u64,
}

/// A request, read whole. Names of headers are in small letters.
struct Request {
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// The status of an answer, and a sentence for whoever reads the sink's status.
type Answer = (&'static str, String);
const STORED: Answer = ("204 No Content", String::new());

impl Store {
    fn open(path: &str) -> io::Result<Store> {
        let open = |path: &str| OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let (events, mut keys) = (open(path)?, open(&format!("{path}.keys"))?);
        let mut text = String::new();
        keys.read_to_string(&mut text)?;
        let mut store = Store { events, keys, known: HashMap::new(), events_end: 0, keys_end: 0 };
        // A line without an end was cut by a crash: that batch was never answered, and comes again.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let mut words = line.split_whitespace();
            let (Some(key), Some(digest), Some(Ok(end))) = (words.next(), words.next(), words.next().map(str::parse))
            else {
                return Err(io::Error::other(format!("{path}.keys is damaged at byte {}", store.keys_end)));
            };
            store.known.insert(key.to_owned(), digest.to_owned());
            store.events_end = end;
            store.keys_end += line.len() as u64;
        }
        store.go_back()?;
        Ok(store)
    }

    /// Cuts both files to what is committed.
    fn go_back(&mut self) -> io::Result<()> {
        if self.events.metadata()?.len() < self.events_end {
            return Err(io::Error::other("the file of events is shorter than what was stored in it"));
        }
        self.events.set_len(self.events_end)?;
        self.keys.set_len(self.keys_end)?;
        self.events.seek(SeekFrom::Start(self.events_end))?;
        self.keys.seek(SeekFrom::Start(self.keys_end)).map(drop)
    }

    fn store(&mut self, key: &str, body: &[u8], lines: &[u8]) -> io::Result<Answer> {
        let digest = hex(digest::digest(&digest::SHA256, body).as_ref());
        match self.known.get(key) {
            Some(known) if *known == digest => return Ok(STORED),
            Some(_) => return Ok(("409 Conflict", "this key came with other bytes before".into())),
            None => {}
        }
        let end = self.events_end + lines.len() as u64;
        let commit = format!("{key} {digest} {end}\n");
        // What a failed attempt has left there goes first.
        self.go_back()?;
        self.events.write_all(lines)?;
        self.events.sync_data()?;
        self.keys.write_all(commit.as_bytes())?;
        self.keys.sync_data()?;
        self.known.insert(key.to_owned(), digest);
        self.events_end = end;
        self.keys_end += commit.len() as u64;
        Ok(STORED)
    }
}

/// Takes one batch: who sent it, what is in it, whether it is new.
fn take(request: &Request, store: &Mutex<Store>, secret: Option<&str>) -> Answer {
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    if let Some(secret) = secret
        && let Err(why) = verify(header("x-inlay-signature").unwrap_or_default(), &request.body, secret)
    {
        return ("401 Unauthorized", why);
    }
    // The key stands in a line of FILE.keys.
    let fits = |key: &&str| !key.is_empty() && key.len() <= 200 && key.bytes().all(|byte| byte.is_ascii_graphic());
    let Some(key) = header("idempotency-key").filter(fits) else {
        return ("400 Bad Request", "a batch has an Idempotency-Key".into());
    };
    let mut lines = Vec::new();
    let unpacked = match header("content-encoding") {
        None | Some("identity") => (&request.body[..]).read_to_end(&mut lines),
        Some("gzip") => GzDecoder::new(&request.body[..]).take(MOST_UNPACKED + 1).read_to_end(&mut lines),
        Some(_) => return ("415 Unsupported Media Type", "gzip is the one coding".into()),
    };
    if lines.len() as u64 > MOST_UNPACKED {
        return ("413 Content Too Large", format!("a batch has at most {MOST_UNPACKED} bytes, unpacked"));
    }
    if unpacked.is_err() || !lines.ends_with(b"\n") {
        return ("400 Bad Request", "the body does not end as it should".into());
    }
    // The sink halves a batch that is refused with 422 until the bad event stands alone, and keeps it with this sentence.
    let is_event = |line: &&[u8]| serde_json::from_slice::<serde_json::Map<_, _>>(line).is_ok();
    if let Some(at) = lines.trim_ascii_end().split(|byte| *byte == b'\n').position(|line| !is_event(&line)) {
        return ("422 Unprocessable Content", format!("line {} is no event", at + 1));
    }
    let stored = store.lock().unwrap_or_else(PoisonError::into_inner).store(key, &request.body, &lines);
    // 5xx: the batch comes again later.
    stored.unwrap_or_else(|error| ("503 Service Unavailable", format!("it cannot be stored: {error}")))
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 with the shared secret over the seconds, a dot and the body as it came.
fn verify(signature: &str, body: &[u8], secret: &str) -> Result<(), String> {
    let parts = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1="));
    let (seconds, tag) = parts.ok_or("there is no X-Inlay-Signature: t=SECONDS,v1=HEX")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [seconds.as_bytes(), b".", body].concat();
    // `verify` takes as long for a wrong signature as for a right one.
    let is_right = unhex(tag).is_some_and(|tag| hmac::verify(&key, &signed, &tag).is_ok());
    let at: u64 = seconds.parse().ok().filter(|_| is_right).ok_or("the signature is wrong")?;
    #[expect(clippy::disallowed_methods, reason = "an example is a program of its own")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    if now.abs_diff(at) > MOST_AGE_SECS { Err(format!("the signature is {} s old", now.abs_diff(at))) } else { Ok(()) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let byte = |pair: &[u8]| if let [high, low] = pair { Some(digit(high)? << 4 | digit(low)?) } else { None };
    text.as_bytes().chunks(2).map(byte).collect()
}

/// Reads one request; `Err` has an answer where there is somebody to tell. `None`: the connection is over.
fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Result<Request, Answer>>> {
    let mut head = reader.by_ref().take(MOST_HEADER);
    let (mut lines, mut line) = (Vec::new(), String::new());
    while head.read_line(&mut line)? > 0 && !line.trim_end().is_empty() {
        lines.push(std::mem::take(&mut line));
    }
    if lines.is_empty() && line.is_empty() {
        return Ok(None);
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
    let mut body = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut body)?;
    let is_whole = body.len() as u64 == length;
    if is_whole { Ok(Some(Ok(Request { headers, body }))) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// Speaks HTTP/1.1 on one connection until it is over.
fn serve(mut stream: &TcpStream, store: &Mutex<Store>, secret: Option<&str>) -> io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let (goes_on, (status, words)) = match &request {
            Ok(request) => {
                (request.headers.get("connection").is_none_or(|v| v != "close"), take(request, store, secret))
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
            return io::copy(&mut reader.take(4 * MOST_BODY), &mut io::sink()).map(drop);
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(listen), Some(file)) = (args.next(), args.next()) else { return Err(USAGE.into()) };
    let secret = match (args.next().as_deref(), args.next()) {
        (None, _) => None,
        (Some("--secret"), Some(secret)) => Some(secret),
        _ => return Err(USAGE.into()),
    };
    let (listener, store) = (TcpListener::bind(listen)?, Arc::new(Mutex::new(Store::open(&file)?)));
    println!("listening at {}", listener.local_addr()?);
    let open = Arc::new(());
    for stream in listener.incoming().flatten() {
        // Each connection holds one count of it.
        if Arc::strong_count(&open) > MOST_CONNECTIONS {
            continue;
        }
        let (store, secret, open) = (store.clone(), secret.clone(), open.clone());
        std::thread::spawn(move || {
            if let Err(error) = serve(&stream, &store, secret.as_deref()) {
                eprintln!("a connection ended: {error}");
            }
            drop(open);
        });
    }
    Ok(())
}
