//! How a sink is, for the owner: in words and in numbers.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::ledger::{EventReader, Place, ReadError};

/// What a sink does at present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing is waiting, or a batch is gathering.
    Idle,
    /// A batch is on its way.
    Shipping,
    /// A batch failed and goes again at this time, milliseconds since 1970.
    Waiting(i64),
    /// Its owner has paused it.
    Paused,
    /// It stopped by itself, and why.
    Stopped(String),
    /// No process runs that would ship for it.
    Off,
    /// The configuration does not name it (any more): nobody ships for it, and the ledger keeps its place.
    Unnamed,
}

/// One sink.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// The word of its backend's kind; empty where only the ledger was asked.
    pub kind: String,
    /// What it does.
    pub state: State,
    /// Events behind its cursor.
    pub lag_events: u64,
    /// Age of the oldest of them in milliseconds; 0 where there is none.
    pub lag_ms: u64,
    /// Their bytes in the ledger.
    pub lag_bytes: u64,
    /// Events delivered, of all time.
    pub delivered: u64,
    /// Events given up, of all time.
    pub given_up: u64,
    /// Dead letters.
    pub dead: u64,
    /// Deliveries that failed since the start.
    pub failures: u64,
    /// Attempts for the batch in hand that failed.
    pub retries: u32,
    /// Events a second in the last minute.
    pub rate: f64,
    /// What last went wrong.
    pub last_error: Option<LastError>,
    /// What its owner should know before it happens, in words.
    pub warning: Option<String>,
    /// Whether it was told to drain, and what there was by then has not all gone yet.
    pub draining: bool,
}

/// What last went wrong with a sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// In words.
    pub what: String,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
}

/// A time that has passed, in milliseconds, for people: `3 s`, `5 min`, `2 h`, `4 days`.
pub fn span(ms: u64) -> String {
    match ms / 1000 {
        secs @ ..120 => format!("{secs} s"),
        secs @ ..7_200 => format!("{} min", secs / 60),
        secs @ ..172_800 => format!("{} h", secs / 3_600),
        secs => format!("{} days", secs / 86_400),
    }
}

/// How the sinks of a ledger are, as far as the ledger itself tells: for commands beside no process.
pub fn statuses(reader: &EventReader, now_ms: i64) -> Result<Vec<Status>, ReadError> {
    let mut all = Vec::new();
    for (name, place) in reader.places()? {
        let mut status = Status::new(&name, "");
        status.read(reader, &place, place.cursor, now_ms)?;
        status.state = match &place.stopped {
            _ if place.paused => State::Paused,
            Some(why) => State::Stopped(why.clone()),
            None => State::Off,
        };
        status.warning = expiring(reader.expiring(&place, now_ms)?);
        all.push(status);
    }
    Ok(all)
}

/// What will be given up within a day, where these events are not delivered by then.
pub(super) fn expiring(events: u64) -> Option<String> {
    (events > 0).then(|| format!("{events} events expire within a day and are not delivered yet"))
}

impl State {
    /// Its word, without what belongs to it.
    pub fn word(&self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Shipping => "shipping",
            State::Waiting(_) => "waiting",
            State::Paused => "paused",
            State::Stopped(_) => "stopped",
            State::Off => "off",
            State::Unnamed => "unnamed",
        }
    }
}

impl LastError {
    /// How long ago it was, for people.
    pub fn age(&self, now_ms: i64) -> String {
        span(u64::try_from(now_ms - self.at_ms).unwrap_or_default())
    }
}

impl Status {
    /// What it does at present, for people. What a backend answered may be in it.
    pub fn words(&self, now_ms: i64) -> String {
        match &self.state {
            State::Idle => "idle".into(),
            State::Shipping => "shipping".into(),
            State::Waiting(at_ms) => {
                let left = span(u64::try_from(at_ms - now_ms).unwrap_or_default());
                format!("waiting after a failure, the next attempt is in {left}")
            }
            State::Paused => "paused by its owner".into(),
            State::Stopped(why) => format!("stopped by itself: {why}"),
            State::Off => "no inlay process runs that would ship for it".into(),
            State::Unnamed => "not in the configuration: nothing ships for it, the ledger keeps its place".into(),
        }
    }

    /// A sink of which nothing is known yet.
    pub fn new(name: &str, kind: &str) -> Status {
        Status {
            name: name.to_owned(),
            kind: kind.to_owned(),
            state: State::Idle,
            lag_events: 0,
            lag_ms: 0,
            lag_bytes: 0,
            delivered: 0,
            given_up: 0,
            dead: 0,
            failures: 0,
            retries: 0,
            rate: 0.0,
            last_error: None,
            warning: None,
            draining: false,
        }
    }

    /// Reads what the ledger knows of a sink that has looked up to a seq.
    pub(super) fn read(
        &mut self,
        reader: &EventReader,
        place: &Place,
        looked: i64,
        now_ms: i64,
    ) -> Result<(), ReadError> {
        let held = reader.held(place.id, looked)?;
        self.lag_events = held.events;
        self.lag_ms = held.oldest_ms.map_or(0, |oldest| u64::try_from(now_ms - oldest).unwrap_or_default());
        self.lag_bytes = held.bytes;
        self.dead = reader.count_dead(place.id)?;
        (self.delivered, self.given_up) = (place.delivered, place.given_up);
        Ok(())
    }
}

/// Deliveries of the last minute.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<(i64, u64)>);

const MINUTE_MS: i64 = 60_000;

impl Rate {
    pub(super) fn add(&mut self, now_ms: i64, events: u64) {
        // Deliveries of one second are one entry: a minute has sixty.
        match self.0.back_mut() {
            Some((at, sum)) if now_ms - *at < 1000 => *sum += events,
            _ => self.0.push_back((now_ms, events)),
        }
    }

    /// Events a second.
    pub(super) fn of(&mut self, now_ms: i64) -> f64 {
        while self.0.front().is_some_and(|(at, _)| now_ms - at > MINUTE_MS) {
            self.0.pop_front();
        }
        self.0.iter().map(|(_, events)| events).sum::<u64>() as f64 / 60.0
    }
}
