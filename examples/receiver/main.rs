//! A receiver of Inlay's `http` sink, to learn from: `cargo run --example receiver -- 127.0.0.1:9000 events.ndjson [--secret S]`.
//!
//! The sink delivers at least once: where an answer is lost, the same batch comes again, under the same `Idempotency-Key` and
//! with the same bytes. Each event is stored exactly once all the same, by three rules:
//!
//! 1. The lines are appended to FILE and synced; then one line about the batch goes to FILE.keys and is synced: its key, the
//!    digest of its bytes, and where FILE ends now. That line is the commit, and only behind it the answer is 204.
//! 2. A key that is known already is answered 204, and nothing is stored; 409 if it comes with other bytes.
//! 3. At the start FILE is cut to where the last commit says that it ends: a crash between the two leaves no half. A FILE that
//!    no FILE.keys tells of is somebody else's, and is left alone.
//!
//! What a real receiver does besides: forget keys after some weeks, and stand behind a server that speaks TLS. The signature is
//! over time and body: without TLS, who records a batch can send it under another key for as long as its time is believed.

mod http;

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use http::{Answer, Request};
use ring::{digest, hmac};

const USAGE: &str = "where to listen, the file for events, and maybe --secret S: 127.0.0.1:9000 events.ndjson";
/// Nothing that comes from outside is without a bound. One batch at a time is unpacked.
const MOST_UNPACKED: u64 = 256 * 1024 * 1024;
const MOST_CONNECTIONS: usize = 32;
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

const STORED: Answer = ("204 No Content", String::new());

impl Store {
    fn open(path: &str) -> io::Result<Store> {
        let keys = format!("{path}.keys");
        if Path::new(path).metadata().is_ok_and(|file| file.len() > 0) && !Path::new(&keys).exists() {
            return Err(io::Error::other(format!("{path} is not empty, and there is no {keys}: name another file")));
        }
        let open = |path: &str| OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        // In this order: a crash between the two leaves no file of events without one of keys.
        let (mut keys, events) = (open(&keys)?, open(path)?);
        // Two that write the same files would cut off what the other has stored. It is let go of when the program ends.
        keys.try_lock()?;
        // Also the names have to be there when the power has gone.
        File::open(Path::new(path).parent().filter(|dir| *dir != "").unwrap_or(Path::new(".")))?.sync_all()?;
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
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
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
    // 5xx: the batch comes again later.
    store
        .store(key, &request.body, &lines)
        .unwrap_or_else(|error| ("503 Service Unavailable", format!("it cannot be stored: {error}")))
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
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Such as too many open files: that passes, and not by asking at once.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        // Each connection holds one count of it.
        if Arc::strong_count(&open) > MOST_CONNECTIONS {
            continue;
        }
        let (store, secret, open) = (store.clone(), secret.clone(), open.clone());
        std::thread::spawn(move || {
            let take = |request: &Request| take(request, &store, secret.as_deref());
            if let Err(error) = http::serve(&stream, take) {
                eprintln!("a connection ended: {error}");
            }
            drop(open);
        });
    }
    Ok(())
}
