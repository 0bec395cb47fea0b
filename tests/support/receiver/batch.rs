//! A batch as it came: its events, what it breaks of what its sender promises (the same bytes under the same key, whole lines, a
//! length, a signature that is right), and why it is not acceptable.

use std::io::Read;

use flate2::read::GzDecoder;
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde_json::Value;

use super::State;
use crate::support::origin::Request;

/// More than this in one test is a sender out of its mind.
const MOST_REQUESTS: usize = 100_000;
/// A signature's age: as long as a test may take.
const MOST_AGE_SECS: i64 = 300;

impl State {
    /// The events of a request; what its sender has broken is noted.
    pub(super) fn look(&mut self, request: &Request, key: &str) -> Vec<Value> {
        let mut broken = Vec::new();
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, &request.body).as_ref());
        if *self.digests.entry(key.to_owned()).or_insert(sum) != sum {
            broken.push(format!("key {key} came with other bytes"));
        }
        let plain_key = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !plain_key && !key.starts_with("dead-") {
            broken.push(format!("{key:?} is no key"));
        }
        let header = |name: &str| request.header(name).unwrap_or_default();
        if header("content-length").parse() != Ok(request.body.len()) {
            broken.push("a request without its length".into());
        }
        if !request.line.starts_with("POST ") || header("content-type") != "application/x-ndjson" {
            broken.push(format!("{} of {}", request.line, header("content-type")));
        }
        if let Some(secret) = &self.secret
            && !is_signed(header("x-inlay-signature"), &request.body, secret)
        {
            broken.push(format!("the signature {:?} is wrong", header("x-inlay-signature")));
        }
        if self.requests.len() >= MOST_REQUESTS {
            broken.push("there is no end of requests".into());
        }
        let events = unpack(header("content-encoding"), &request.body).unwrap_or_else(|why| {
            broken.push(why);
            Vec::new()
        });
        self.broken.truncate(100);
        self.broken.append(&mut broken);
        events
    }

    /// Why a batch is not acceptable.
    pub(super) fn refusal(&self, request: &Request, events: &[Value]) -> Option<(u16, String)> {
        if self.most_bytes.is_some_and(|most| request.body.len() > most) {
            return Some((413, "too much at once".into()));
        }
        let bad = events.iter().find_map(|event| self.bad.get(event["path"].as_str()?));
        bad.map(|words| (422, words.clone()))
    }
}

/// The events of a body: whole lines, one object each.
fn unpack(coding: &str, body: &[u8]) -> Result<Vec<Value>, String> {
    let mut lines = String::new();
    let read = match coding {
        "" => (&*body).read_to_string(&mut lines),
        "gzip" => GzDecoder::new(body).read_to_string(&mut lines),
        other => return Err(format!("{other:?} is no coding of ours")),
    };
    read.map_err(|error| format!("a body cannot be read: {error}"))?;
    if !lines.ends_with('\n') {
        return Err(format!("a body that does not end with a line: {lines:?}"));
    }
    let event = |line| serde_json::from_str(line).map_err(|error| format!("{line:?} is no event: {error}"));
    lines.lines().map(event).collect()
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 over the seconds, a dot and the body.
fn is_signed(signature: &str, body: &[u8], secret: &str) -> bool {
    let Some((seconds, tag)) = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let made = hmac::sign(&key, &[seconds.as_bytes(), b".", body].concat());
    let hex: String = made.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let now = inlay::ledger::Clock::system().now_ms() / 1000;
    hex == tag && seconds.parse().is_ok_and(|at: i64| (now - at).abs() <= MOST_AGE_SECS)
}
