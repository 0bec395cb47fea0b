//! What must hold of every delivery: its bytes, its key, its order, its age.

use std::collections::{HashMap, HashSet};

use super::book::{Book, Fate, Known};
use super::fake::{Attempt, Outcome};

/// What was promised with earlier deliveries.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The bytes and the events of every key.
    bodies: HashMap<String, (Vec<u8>, Vec<i64>)>,
    /// Keys whose events may go under another one: their owner wanted other things, or the backend refused them.
    excused: HashSet<String>,
    /// The batch that failed last, and so has to be the next one.
    owed: Option<String>,
    /// The batch that was refused last: of it the first half has to be next.
    refused: Option<String>,
    /// The last seq that was told.
    told: i64,
    pub(super) is_paused: bool,
    pub(super) is_stopped: bool,
    /// Whether the ledger or the backend kept the sink from what it had in mind.
    pub(super) was_hindered: bool,
}

/// What ends within this time may be left out of a batch that is packed again.
const SOON_MS: i64 = 2 * 60 * 1000;

impl Claims {
    /// Its owner had events go again, or wants other ones.
    pub(super) fn forget(&mut self) {
        (self.owed, self.refused, self.told) = (None, None, 0);
        self.excused.extend(self.bodies.keys().cloned());
    }
}

impl Book {
    pub(super) fn attempted(&mut self, attempt: &Attempt) {
        let Attempt { key, body, seqs, now_ms, .. } = attempt;
        self.settled();
        assert!(!self.claims.is_paused && !self.claims.is_stopped, "{key} went while the sink was to rest");
        assert!(seqs.is_sorted_by(|one, other| one < other), "in the order of their commits: {seqs:?}");
        let (known, _) = self.claims.bodies.entry(key.clone()).or_insert((body.clone(), seqs.clone()));
        assert!(known == body, "the key {key} had other bytes before");
        for seq in seqs {
            let event = self.event(*seq).clone();
            assert!(event.ends_ms() > *now_ms, "{seq} had expired when it was sent");
            assert!(self.is_wanted(&event), "{seq} is not wanted");
        }
        match key.strip_prefix("dead-") {
            Some(_) => self.attempted_letter(attempt),
            None => self.attempted_batch(attempt),
        }
        if let Some((at_ms, open)) = &attempt.expired {
            self.expired(*at_ms, open.as_ref());
        }
        if matches!(attempt.outcome, Outcome::Told | Outcome::Untold) {
            self.taken(attempt);
        }
        self.claims.is_stopped |= attempt.outcome == Outcome::Misconfigured;
        if matches!(attempt.outcome, Outcome::Refused(_)) {
            self.claims.excused.insert(key.clone());
        }
    }

    fn attempted_letter(&mut self, attempt: &Attempt) {
        let [seq] = attempt.seqs[..] else { panic!("a dead letter goes alone: {:?}", attempt.seqs) };
        assert!(self.to_retry.contains(&seq), "nobody wanted {seq} to be tried again");
        assert_eq!(self.event(seq).fate, Fate::Dead);
        let ends_ms = self.event(seq).ends_ms();
        assert!(ends_ms >= attempt.now_ms + crate::ledger::DUE_AHEAD_MS, "{seq} was about to expire");
        match attempt.outcome {
            Outcome::Told => self.risen = Some(seq),
            Outcome::Refused(status) => drop(self.refused.insert(seq, status)),
            _ => {}
        }
    }

    fn attempted_batch(&mut self, attempt: &Attempt) {
        let Attempt { key, seqs, now_ms, .. } = attempt;
        let (first, last) = (seqs[0], *seqs.last().expect("never empty"));
        assert!(first > self.cursor, "{first} is behind the cursor {} already", self.cursor);
        assert!(first > self.claims.told, "{first} comes behind {}", self.claims.told);
        if let Some(owed) = self.claims.owed.take().filter(|owed| owed != key) {
            assert!(self.is_excused(&owed, attempt), "{owed} failed, and {key} goes in its place");
        }
        if let Some(refused) = self.claims.refused.take()
            && !self.claims.was_hindered
            && !self.has_lost(&refused, attempt)
        {
            let whole = &self.claims.bodies[&refused].1;
            assert_eq!(*seqs, whole[..whole.len() / 2], "the first half of what was refused is next");
        }
        for seq in seqs {
            let event = self.event(*seq).clone();
            let packed_ms = event.packed_ms.unwrap_or(*now_ms);
            assert!(event.ends_ms() >= packed_ms + crate::ledger::DUE_AHEAD_MS, "{seq} was about to expire");
            self.event(*seq).packed_ms = Some(packed_ms);
        }
        self.claims.was_hindered = false;
        match attempt.outcome {
            Outcome::Told => {
                self.claims.told = last;
                self.told = Some(seqs.clone());
            }
            Outcome::Refused(status) if seqs.len() == 1 => drop(self.refused.insert(first, status)),
            Outcome::Refused(_) => self.claims.refused = Some(key.clone()),
            Outcome::Untold | Outcome::Failed | Outcome::Misconfigured => self.claims.owed = Some(key.clone()),
        }
    }

    /// The backend has it: whatever it had of it before was under the same key, but for what is excused.
    fn taken(&mut self, attempt: &Attempt) {
        for seq in &attempt.seqs {
            for key in self.event(*seq).taken.clone() {
                assert!(
                    key == attempt.key || self.is_excused(&key, attempt),
                    "{seq} was taken under {key}, and again under {}",
                    attempt.key
                );
            }
            self.event(*seq).taken.push(attempt.key.clone());
        }
    }

    /// Whether the events of a key may go under another one.
    fn is_excused(&self, key: &str, next: &Attempt) -> bool {
        self.claims.excused.contains(key) || self.has_lost(key, next)
    }

    /// Whether a batch has lost events between its first attempt and the one that is next.
    fn has_lost(&self, key: &str, next: &Attempt) -> bool {
        let seqs = &self.claims.bodies[key].1;
        let is_lost =
            |event: &Known| event.is_gone || event.fate == Fate::GivenUp || event.ends_ms() < next.now_ms + SOON_MS;
        // Beyond `hold_bytes` the batch may have gone in this very step.
        self.holds_too_much() || seqs.iter().any(|seq| is_lost(&self.events[*seq as usize - 1]))
    }

    /// What is in memory is gone. The owner may want other things since.
    pub(super) fn crashed(&mut self, wants_others: bool) {
        (self.told, self.risen) = (None, None);
        if wants_others {
            self.claims.forget();
        }
        // What was told, and not written down, goes again.
        self.claims.told = self.cursor;
        (self.claims.is_stopped, self.claims.was_hindered) = (false, true);
    }
}
