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

impl Status {
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
            Some((at, sum)) if (0..1000).contains(&(now_ms - *at)) => *sum += events,
            _ => self.0.push_back((now_ms, events)),
        }
    }

    /// Events a second.
    pub(super) fn of(&mut self, now_ms: i64) -> f64 {
        // What a clock that was set back has left in the future is of no minute that is over.
        self.0.retain(|(at, _)| (0..=MINUTE_MS).contains(&(now_ms - at)));
        self.0.iter().map(|(_, events)| events).sum::<u64>() as f64 / 60.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_minute() {
        let mut rate = Rate::default();
        (0..120).for_each(|second| rate.add(second * 1000, 60));
        assert!((rate.of(119_000) - 61.0).abs() < 1e-9, "{}", rate.of(119_000));
        assert_eq!(rate.0.len(), 61, "an entry a second at most");
        assert!((rate.of(149_500) - 30.0).abs() < 1e-9, "{}", rate.of(149_500));
        assert!(rate.of(1_000_000).abs() < 1e-9);
    }

    #[test]
    fn many_deliveries_of_a_second_are_one_entry() {
        let mut rate = Rate::default();
        (0..10_000).for_each(|delivery| rate.add(delivery / 20, 3));
        assert_eq!(rate.0.len(), 1);
        assert!((rate.of(500) - 500.0).abs() < 1e-9, "{}", rate.of(500));
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_no_rate_behind() {
        let mut rate = Rate::default();
        rate.add(10_000_000, 6000);
        rate.add(1_000_000, 60);
        assert!((rate.of(1_000_000) - 1.0).abs() < 1e-9, "{}", rate.of(1_000_000));
        assert!(rate.of(1_100_000).abs() < 1e-9, "and it passes as ever");
    }
}
