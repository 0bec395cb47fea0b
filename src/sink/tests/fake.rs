//! A backend that answers as it is told, and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::super::backend::{Backend, Sending, Unfinished};
use super::super::fault::{Delivery, Fault, Refusal};
use crate::ledger::{Batch, Ledger};

/// How a delivery is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Taken, where no event in it is bad.
    Yes,
    /// The same, and the answer is lost.
    Untold,
    /// Taken, and from that moment on the ledger cannot be written.
    Hindered,
    /// Not now; come back after so many seconds.
    Busy(Option<u64>),
    /// Too large, where it has more events than that.
    AtMost(usize),
    Credentials,
    NotFound,
}

/// What happens while it is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meanwhile {
    Nothing,
    /// Rows expire.
    Expiry,
    /// So many milliseconds pass.
    Time(i64),
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Told,
    Untold,
    Refused(u16),
    Failed,
    Misconfigured,
}

/// One delivery.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) key: String,
    pub(super) body: Vec<u8>,
    pub(super) seqs: Vec<i64>,
    pub(super) now_ms: i64,
    pub(super) outcome: Outcome,
    /// When rows expired while it was on its way, and the open batch then.
    pub(super) expired: Option<(i64, Option<Batch>)>,
}

/// What happened at the backend.
#[derive(Debug, Clone)]
pub(super) enum Happened {
    /// Rows expired before a batch was written down.
    Expired(i64, Option<Batch>),
    Attempt(Attempt),
}

/// What the backend is told, and what it has to tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Tape {
    pub(super) replies: VecDeque<(Answer, Meanwhile)>,
    /// So often it cannot get ready.
    pub(super) unready: u32,
    /// So often rows expire while it gets ready.
    pub(super) late: u32,
    pub(super) happened: Vec<Happened>,
    /// The states that it was to go back to.
    pub(super) resumed: Vec<String>,
    pub(super) is_hindered: bool,
}

/// Events with such paths are refused.
pub(super) const BAD: &str = "bad";

pub(super) struct Fake {
    pub(super) tape: Arc<Mutex<Tape>>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) now: Arc<AtomicI64>,
    /// How many batches it has told of, and how often it turned a page since.
    pub(super) state: (u64, u64),
    pub(super) changed: bool,
}

impl Fake {
    fn tape(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().expect("nobody panicked")
    }

    fn written(&self) -> String {
        format!("{} {}", self.state.0, self.state.1)
    }

    fn wait(&self, meanwhile: Meanwhile) -> Option<(i64, Option<Batch>)> {
        match meanwhile {
            Meanwhile::Nothing => None,
            Meanwhile::Time(ms) => {
                self.now.fetch_add(ms, Ordering::Relaxed);
                None
            }
            Meanwhile::Expiry => self.expire(),
        }
    }

    fn expire(&self) -> Option<(i64, Option<Batch>)> {
        if self.tape().is_hindered {
            return None;
        }
        let open = self.ledger.outbox().open_batch(1).expect("the ledger is read");
        let now_ms = self.now.load(Ordering::Relaxed);
        self.ledger.expire(now_ms);
        Some((now_ms, open))
    }

    fn hinder(&self) {
        self.ledger.hinder(true);
        self.tape().is_hindered = true;
    }
}

impl Backend for Fake {
    fn resume(&mut self, state: &str, _unfinished: &Unfinished) -> Result<(), String> {
        let mut numbers = state.split(' ').map(|number| number.parse().unwrap_or(0));
        self.state = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        self.changed = false;
        self.tape().resumed.push(state.to_owned());
        Ok(())
    }

    fn prepare(&mut self, _first_seq: i64, _now_ms: i64) -> Result<Option<String>, String> {
        let mut tape = self.tape();
        if tape.unready > 0 {
            tape.unready -= 1;
            return Err("not ready".into());
        }
        let is_late = tape.late > 0;
        tape.late = tape.late.saturating_sub(1);
        drop(tape);
        if let Some((now_ms, open)) = is_late.then(|| self.expire()).flatten() {
            self.tape().happened.push(Happened::Expired(now_ms, open));
        }
        // Now and then it has to begin something first, as a file.
        if self.state.0 / 3 > self.state.1 {
            self.state.1 = self.state.0 / 3;
            self.changed = true;
        }
        Ok(self.changed.then(|| self.written()))
    }

    fn prepared(&mut self) {
        self.changed = false;
    }

    fn deliver(&mut self, sending: &Sending<'_>) -> Delivery {
        let (answer, meanwhile) = self.tape().replies.pop_front().unwrap_or((Answer::Yes, Meanwhile::Nothing));
        let now_ms = self.now.load(Ordering::Relaxed);
        let expired = self.wait(meanwhile);
        let (seqs, is_bad) = read(sending.body);
        let refused = |status| (Outcome::Refused(status), Delivery::Failed(Fault::Bad(refusal(status))));
        let failed = |fault| (Outcome::Failed, Delivery::Failed(fault));
        let (outcome, delivery) = match answer {
            Answer::Busy(after) => {
                let after = after.map(Duration::from_secs);
                failed(Fault::Again { why: "busy".into(), after })
            }
            Answer::Credentials => failed(Fault::Credentials("who are you?".into())),
            Answer::NotFound => (Outcome::Misconfigured, Delivery::Failed(Fault::Misconfigured("not here".into()))),
            Answer::AtMost(most) if seqs.len() > most => {
                (Outcome::Refused(413), Delivery::Failed(Fault::Smaller(refusal(413))))
            }
            _ if is_bad => refused(400),
            Answer::Untold => (Outcome::Untold, Delivery::Failed(Fault::Again { why: "silence".into(), after: None })),
            Answer::Yes | Answer::AtMost(_) | Answer::Hindered => {
                self.state.0 += 1;
                (Outcome::Told, Delivery::Accepted)
            }
        };
        if answer == Answer::Hindered && outcome == Outcome::Told {
            self.hinder();
        }
        let (key, body) = (sending.key.to_owned(), sending.body.to_vec());
        let attempt = Attempt { key, body, seqs, now_ms, outcome, expired };
        self.tape().happened.push(Happened::Attempt(attempt));
        delivery
    }

    fn state(&self) -> Option<String> {
        Some(self.written())
    }
}

impl Tape {
    pub(super) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.happened.iter().filter_map(|happened| match happened {
            Happened::Attempt(attempt) => Some(attempt),
            Happened::Expired(..) => None,
        })
    }
}

pub(super) fn refusal(status: u16) -> Refusal {
    Refusal { status: Some(status), answer: format!("no {status}") }
}

/// The seqs of the events, which their paths tell, and whether one is bad.
fn read(body: &[u8]) -> (Vec<i64>, bool) {
    let mut is_bad = false;
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let seqs = lines.map(|line| {
        let event: serde_json::Value = serde_json::from_slice(line).expect("JSON");
        let path = event.get("path").and_then(|path| path.as_str()).expect("a path");
        let mut parts = path.trim_start_matches('/').split('/');
        let seq = parts.next().and_then(|seq| seq.parse().ok()).expect("a seq");
        is_bad |= parts.next() == Some(BAD);
        seq
    });
    (seqs.collect(), is_bad)
}
