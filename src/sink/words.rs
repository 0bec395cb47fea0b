//! A sink's status in words, the same wherever it is told: commands, the owner's page, `/ready`.

use super::status::{LastError, State, Status};

impl State {
    /// The words of what a running sink does; the others are of sinks that do not run.
    pub const RUNNING: [&'static str; 5] = ["idle", "shipping", "waiting", "paused", "stopped"];

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
    /// How long ago it was: `3 s`.
    pub fn age(&self, now_ms: i64) -> String {
        span(u64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or_default())
    }
}

impl Status {
    /// What it does at present. What a backend answered may be in it.
    pub fn words(&self, now_ms: i64) -> String {
        match &self.state {
            State::Idle => "idle".into(),
            State::Shipping => "shipping".into(),
            State::Waiting(at_ms) => {
                let left = span(u64::try_from(at_ms.saturating_sub(now_ms)).unwrap_or_default());
                format!("waiting after a failure, the next attempt is in {left}")
            }
            State::Paused => "paused by its owner".into(),
            State::Stopped(why) => format!("stopped by itself: {why}"),
            State::Off => "no inlay process runs that would ship for it".into(),
            State::Unnamed => "not in the configuration: nothing ships for it, the ledger keeps its place".into(),
        }
    }

    /// What last went wrong, unless [`Status::words`] say that already.
    pub fn untold_error(&self) -> Option<&LastError> {
        let is_told = |error: &&LastError| matches!(&self.state, State::Stopped(why) if *why == error.what);
        self.last_error.as_ref().filter(|error| !is_told(error))
    }

    /// What waits, and since when: `1,204 events, 412 kB, the oldest 3 min ago`.
    pub fn lag_words(&self) -> String {
        match self.lag_events {
            0 => "0 events".into(),
            1 => format!("1 event, {}, {} ago", bytes(self.lag_bytes), span(self.lag_ms)),
            more => {
                format!("{} events, {}, the oldest {} ago", grouped(more), bytes(self.lag_bytes), span(self.lag_ms))
            }
        }
    }
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

/// Bytes for people: `0 B`, `412 kB`, `1.2 GB`.
fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((size, unit)) = UNITS.into_iter().find(|(size, _)| n >= *size) else { return format!("{n} B") };
    match (n / size, n % size / (size / 10)) {
        (whole @ 0..10, tenth) if size > 1_000 => format!("{whole}.{tenth} {unit}"),
        (whole, _) => format!("{} {unit}", grouped(whole)),
    }
}

/// `1234567` as `1,234,567`.
fn grouped(n: u64) -> String {
    match (n / 1_000, n % 1_000) {
        (0, below) => below.to_string(),
        (above, below) => format!("{},{below:03}", grouped(above)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_their_unit() {
        for (n, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1 kB"),
            (412_345, "412 kB"),
            (1_260_000, "1.2 MB"),
            (12_600_000_000, "12 GB"),
            (u64::MAX, "18,446,744 TB"),
        ] {
            assert_eq!(bytes(n), text, "{n}");
        }
    }

    #[test]
    fn what_waits_is_told_with_its_age() {
        let mut status = Status::new("hook", "http");
        assert_eq!(status.lag_words(), "0 events");
        (status.lag_events, status.lag_ms, status.lag_bytes) = (1_204_001, 185_000, 1_800);
        assert_eq!(status.lag_words(), "1,204,001 events, 1 kB, the oldest 3 min ago");
        status.lag_events = 1;
        assert_eq!(status.lag_words(), "1 event, 1 kB, 3 min ago");
        for (ms, text) in
            [(0, "0 s"), (119_999, "119 s"), (120_000, "2 min"), (7_200_000, "2 h"), (172_800_000, "2 days")]
        {
            assert_eq!(span(ms), text, "{ms}");
        }
    }

    #[test]
    fn a_running_sinks_word_is_one_of_the_known_ones() {
        let states = [State::Idle, State::Shipping, State::Waiting(1), State::Paused, State::Stopped("x".into())];
        assert_eq!(states.map(|state| state.word()), State::RUNNING);
        // A clock that was set back is no reason for a wild number.
        let waiting = Status { state: State::Waiting(i64::MIN), ..Status::new("hook", "http") };
        assert_eq!(waiting.words(i64::MAX), "waiting after a failure, the next attempt is in 0 s");
    }
}
