//! The model beside the ledger: what became of events by what the ledger says, and whether its numbers are the model's.

use super::book::{Book, Fate, Known};
use super::world::Seen;
use crate::ledger::DeadLetter;

impl Book {
    /// What the ledger says, after a step at a time.
    pub(super) fn seen(&mut self, seen: &Seen, now_ms: i64) {
        let cursor = seen.place.cursor;
        assert!(cursor >= self.cursor, "the cursor went back from {} to {cursor}", self.cursor);
        if let Some(told) = self.told.take_if(|told| told.last().is_some_and(|last| *last <= cursor)) {
            self.deliver(&told);
        }
        self.letters(&seen.letters);
        for seq in self.cursor + 1..=cursor {
            let event = self.event(seq).clone();
            match event.fate {
                Fate::Waiting => self.went_over(seq, &event, now_ms),
                Fate::Limbo => self.give_up(seq),
                _ => {}
            }
        }
        self.opened(seen.open.as_ref());
        self.cursor = cursor;
        if let Some(open) = &seen.open {
            for seq in open.first_seq..=open.last_seq {
                self.event(seq).packed_ms.get_or_insert(now_ms);
            }
        }
        self.compare(seen);
    }

    /// What was told before is written down before anything else goes.
    pub(super) fn settled(&mut self) {
        let settled: Vec<i64> = self.told.take().into_iter().flatten().chain(self.risen.take()).collect();
        self.deliver(&settled);
    }

    fn deliver(&mut self, seqs: &[i64]) {
        for seq in seqs {
            let event = self.event(*seq);
            // What expired between packing and writing down was given up, and has arrived nevertheless.
            let is_taken_back = event.fate == Fate::GivenUp && event.is_gone;
            let is_there = matches!(event.fate, Fate::Waiting | Fate::Limbo | Fate::Dead);
            assert!(is_there || is_taken_back, "{seq} was {:?}", event.fate);
            event.fate = Fate::Delivered;
            self.given_up -= u64::from(is_taken_back);
        }
        self.delivered += seqs.len() as u64;
    }

    fn letters(&mut self, letters: &[DeadLetter]) {
        for DeadLetter { seq, status, retry, .. } in letters {
            let refused = self.refused.get(seq).copied();
            assert_eq!(*status, refused, "{seq} is a dead letter with the answer that it got alone");
            assert!(!*retry || self.to_retry.contains(seq), "nobody wanted {seq} to be tried again");
            let event = self.event(*seq);
            assert!(
                matches!(event.fate, Fate::Waiting | Fate::Dead),
                "{seq} became a dead letter and was {:?}",
                event.fate
            );
            event.fate = Fate::Dead;
        }
        for seq in 1..=self.events.len() as i64 {
            if self.event(seq).fate == Fate::Dead && !letters.iter().any(|letter| letter.seq == seq) {
                assert_eq!(self.risen.take(), Some(seq), "the letter of {seq} went, and nobody had taken it");
                self.deliver(&[seq]);
            }
        }
    }

    /// The cursor went over an event that was not delivered.
    fn went_over(&mut self, seq: i64, event: &Known, now_ms: i64) {
        if !self.is_wanted(event) {
            self.event(seq).fate = Fate::Passed;
            return;
        }
        assert!(event.is_due(now_ms) || self.holds_too_much(), "{seq} was given up, and no rule says so");
        self.give_up(seq);
    }

    fn give_up(&mut self, seq: i64) {
        self.event(seq).fate = Fate::GivenUp;
        self.given_up += 1;
    }

    /// Whether the ledger's numbers are the model's.
    pub(super) fn compare(&self, seen: &Seen) {
        let waiting = self.count(|event| event.fate == Fate::Waiting && !event.is_gone && self.is_wanted(event));
        let place = &seen.place;
        let found = (place.delivered, seen.letters.len() as u64, place.given_up, seen.waiting);
        let dead = self.count(|event| event.fate == Fate::Dead);
        assert_eq!(found, (self.delivered, dead, self.given_up, waiting), "delivered, dead, given up, waiting");
        let wanted =
            self.count(|event| event.fate != Fate::Passed && (event.fate != Fate::Waiting || self.is_wanted(event)));
        let in_doubt = self.count(|event| event.fate == Fate::Limbo);
        let sum = found.0 + found.1 + found.2 + found.3 + in_doubt;
        assert_eq!(sum, wanted + self.again, "each event that is wanted is one of these");
    }
}
