//! The model: what became of each event, kept beside the sink by simple rules, and held against the ledger's numbers after every
//! step.

use std::collections::{HashMap, HashSet};

use super::DAY;
use super::world::{New, Seen};
use crate::ledger::{Batch, DUE_AHEAD_MS};

/// Where an event is, as far as the sink is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Behind the cursor.
    Waiting,
    /// Its row is gone while the open batch covers it: the batch's end decides.
    Limbo,
    Delivered,
    Dead,
    GivenUp,
    /// The cursor went over it, and nobody wanted it.
    Passed,
}

#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) site: usize,
    pub(super) ts_ms: i64,
    pub(super) fate: Fate,
    /// Whether its row is there no more.
    pub(super) is_gone: bool,
    /// Keys under which the backend has taken it.
    pub(super) taken: Vec<String>,
    /// When it was first put into a batch.
    pub(super) packed_ms: Option<i64>,
}

/// The answer to one event alone: what a dead letter may stem from.
pub(super) type Refused = HashMap<i64, u16>;

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) events: Vec<Known>,
    /// The sites that are wanted; empty: all.
    pub(super) wanted: Vec<usize>,
    pub(super) holds_little: bool,
    pub(super) cursor: i64,
    pub(super) open: Option<Batch>,
    pub(super) delivered: u64,
    pub(super) given_up: u64,
    /// What is to come of it that owners had events go again.
    pub(super) again: u64,
    /// Told, and perhaps not written down yet.
    pub(super) told: Option<Vec<i64>>,
    /// The same of a dead letter.
    pub(super) risen: Option<i64>,
    pub(super) refused: Refused,
    pub(super) to_retry: HashSet<i64>,
    pub(super) claims: super::claims::Claims,
}

/// How long the rows of each site stay.
pub(super) const KEPT_MS: [i64; 2] = [DAY, 30 * DAY];
/// A pass of expiry deletes what ends within this time.
const PASS_MS: i64 = super::HOUR;

impl Known {
    pub(super) fn ends_ms(&self) -> i64 {
        self.ts_ms + KEPT_MS[self.site]
    }

    pub(super) fn is_due(&self, now_ms: i64) -> bool {
        self.ends_ms() < now_ms + DUE_AHEAD_MS
    }
}

impl Book {
    pub(super) fn event(&mut self, seq: i64) -> &mut Known {
        &mut self.events[usize::try_from(seq).expect("a seq") - 1]
    }

    pub(super) fn is_wanted(&self, event: &Known) -> bool {
        self.wanted.is_empty() || self.wanted.contains(&event.site)
    }

    pub(super) fn committed(&mut self, new: &[New]) {
        self.events.extend(new.iter().map(|new| Known {
            site: new.site,
            ts_ms: new.ts_ms,
            fate: Fate::Waiting,
            is_gone: false,
            taken: vec![],
            packed_ms: None,
        }));
    }

    /// A pass of expiry, while a batch is open.
    pub(super) fn expired(&mut self, now_ms: i64, open: Option<&Batch>) {
        let open_up_to = open.map_or(0, |open| open.last_seq);
        self.opened(open);
        for at in 0..self.events.len() {
            let (seq, event) = (at as i64 + 1, &self.events[at]);
            if event.is_gone || event.ends_ms() >= now_ms + PASS_MS {
                continue;
            }
            let fate = match event.fate {
                Fate::Waiting if !self.is_wanted(event) => Fate::Passed,
                Fate::Waiting if seq <= open_up_to => Fate::Limbo,
                Fate::Waiting | Fate::Dead => Fate::GivenUp,
                other => other,
            };
            self.given_up += u64::from(fate == Fate::GivenUp && event.fate != Fate::GivenUp);
            let event = &mut self.events[at];
            (event.is_gone, event.fate) = (true, fate);
            self.risen.take_if(|risen| *risen == seq);
        }
    }

    /// The owner had events go again.
    pub(super) fn replayed(&mut self, seen: &Seen) {
        self.end_limbo();
        let cursor = seen.place.cursor;
        for at in 0..self.events.len() {
            let (seq, event) = (at as i64 + 1, &self.events[at]);
            let is_wanted = self.is_wanted(event);
            let fate = match event.fate {
                // Not sent, on the owner's word.
                Fate::Waiting if seq <= cursor && is_wanted => Fate::GivenUp,
                Fate::Waiting if seq <= cursor => Fate::Passed,
                Fate::Dead if seq > cursor => Fate::Waiting,
                Fate::Delivered | Fate::GivenUp if seq > cursor && is_wanted && !event.is_gone => {
                    self.again += 1;
                    Fate::Waiting
                }
                Fate::Passed if seq > cursor && !event.is_gone => Fate::Waiting,
                // Nobody wants it now.
                Fate::Delivered | Fate::GivenUp if seq > cursor && !event.is_gone => continue,
                other => other,
            };
            self.given_up += u64::from(fate == Fate::GivenUp && event.fate == Fate::Waiting);
            let event = &mut self.events[at];
            event.fate = fate;
            event.taken.clear();
            event.packed_ms = None;
        }
        (self.cursor, self.open) = (cursor, None);
        self.claims.forget();
        self.compare(seen);
    }

    /// From now on the sink wants other sites. What was in doubt is counted by what it wanted before.
    pub(super) fn wants(&mut self, sites: Vec<usize>, seen: &Seen) {
        if self.wanted != sites {
            self.end_limbo();
            self.open.clone_from(&seen.open);
        }
        self.wanted = sites;
        // A replay that came while they were not wanted has them go again now.
        for at in 0..self.events.len() {
            let event = &self.events[at];
            let is_over = matches!(event.fate, Fate::Delivered | Fate::GivenUp) && !event.is_gone;
            if is_over && at as i64 >= self.cursor && self.is_wanted(event) {
                self.again += 1;
                self.events[at].fate = Fate::Waiting;
            }
        }
    }

    /// How many events wait that nothing but the sink keeps from their end.
    pub(super) fn waiting_in_earnest(&self, now_ms: i64) -> u64 {
        self.count(|event| {
            event.fate == Fate::Waiting && !event.is_gone && self.is_wanted(event) && !event.is_due(now_ms)
        })
    }

    /// This batch is open now.
    pub(super) fn opened(&mut self, open: Option<&Batch>) {
        if self.open.as_ref().map(|open| &open.key) != open.map(|open| &open.key) {
            self.end_limbo();
        }
        self.open = open.cloned();
    }

    /// The batch that was open has ended: what of it was not delivered is given up.
    fn end_limbo(&mut self) {
        for event in &mut self.events {
            if event.fate == Fate::Limbo {
                event.fate = Fate::GivenUp;
                self.given_up += 1;
            }
        }
    }

    /// Whether it may be more than `hold_bytes` that waits.
    pub(super) fn holds_too_much(&self) -> bool {
        self.holds_little && self.events.len() as i64 - self.cursor > super::steps::HELD_ROWS
    }

    pub(super) fn count(&self, is_so: impl Fn(&Known) -> bool) -> u64 {
        self.events.iter().filter(|event| is_so(event)).count() as u64
    }
}
