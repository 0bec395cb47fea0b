//! The metrics: every name, and how it is written in Prometheus' text format 0.0.4.
//!
//! Labels are the sites' and sinks' names and words out of closed lists, so their number is bounded. Each is written from the start, with 0:
//! an alert on the first dropped event needs the 0 before it.

#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter, Write};

use crate::inject::Outcome;
use crate::ledger::DropReason;
use crate::sink::{State, Status};

use super::snapshot::{Recording, SiteNumbers, Snapshot};

/// A metric's name, kind and description.
struct Metric {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
}

const BUILD: Metric = gauge("inlay_build_info", "Always 1; the version stands in the label.");
const START: Metric = gauge("inlay_process_start_time_seconds", "Start of the process, in seconds since 1970.");
const RECORDING: Metric = gauge("inlay_recording", "1 while views reach the disk, else 0.");
const COMMIT_AGE: Metric =
    gauge("inlay_ledger_commit_age_seconds", "Time since the ledger's last commit; absent before the first.");
const COMMITTED: Metric = counter("inlay_events_committed_total", "Events that a sync has made durable.");
const IN_HAND: Metric = gauge("inlay_requests_in_hand", "Requests whose answer is not finished.");
const UNKNOWN_HOST: Metric = counter("inlay_requests_unknown_host_total", "Requests for a host that no site has.");
const REQUESTS: Metric = counter("inlay_requests_total", "Requests, by site.");
const PAGES: Metric = counter("inlay_pages_total", "Pages by final word: tagged, or why not.");
const SHADOW_PAGES: Metric = counter("inlay_shadow_pages_total", "Pages in shadow by what would have become of them.");
const SHADOW_SECONDS: Metric = counter("inlay_shadow_seconds_total", "Time that tagging in shadow took.");
const DROPPED: Metric =
    counter("inlay_events_dropped_total", "Events that were not recorded, or did not stay, and why.");
const ORIGIN_ERRORS: Metric = counter("inlay_origin_errors_total", "Failures of the sites' own servers.");

const SINK_STATE: Metric = gauge("inlay_sink_state", "1 for what the sink does, 0 for everything else.");
const SINK_LAG_EVENTS: Metric = gauge("inlay_sink_lag_events", "Events that wait for the sink.");
const SINK_LAG_SECONDS: Metric =
    gauge("inlay_sink_lag_seconds", "Age of the oldest event that waits; 0 where none does.");
const SINK_LAG_BYTES: Metric = gauge("inlay_sink_lag_bytes", "Bytes in the ledger that wait for the sink.");
const SINK_RATE: Metric = gauge("inlay_sink_events_per_second", "Events delivered a second, in the last minute.");
const SINK_DELIVERED: Metric = counter("inlay_sink_delivered_total", "Events delivered, of all time.");
const SINK_GIVEN_UP: Metric =
    counter("inlay_sink_given_up_total", "Events given up before they were delivered, of all time.");
const SINK_WARNING: Metric = gauge("inlay_sink_warning", "1 while events would be given up within a day, else 0.");
const SINK_DEAD: Metric =
    gauge("inlay_sink_dead_letters", "Events that the backend refused for good and that are kept.");
const SINK_FAILURES: Metric = counter("inlay_sink_failures_total", "Deliveries that failed.");
const SINK_RETRIES: Metric = gauge("inlay_sink_retries", "Attempts for the batch in hand that failed.");
const SINK_ERROR: Metric = gauge(
    "inlay_sink_last_error_timestamp_seconds",
    "When a delivery last failed, in seconds since 1970; absent before the first.",
);

/// A label's value, escaped.
struct Label<'a>(&'a str);

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: "gauge", help }
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: "counter", help }
}

/// Everything that `/metrics` says.
pub(super) fn render(now: &Snapshot, at_s: f64) -> String {
    let mut out = String::with_capacity(4_096 + 2_048 * now.sites.len());
    // Writing to a String cannot fail.
    let _ = write_all(&mut out, now, at_s);
    out
}

fn write_all(out: &mut String, now: &Snapshot, at_s: f64) -> fmt::Result {
    BUILD.head(out)?;
    writeln!(out, "{}{{version=\"{}\"}} 1", BUILD.name, Label(env!("CARGO_PKG_VERSION")))?;
    START.one(out, now.started_s.min(at_s))?;
    RECORDING.one(out, u8::from(now.recording == Recording::Works))?;
    COMMIT_AGE.head(out)?;
    if let Some(age) = now.last_commit {
        writeln!(out, "{} {}", COMMIT_AGE.name, age.as_secs_f64())?;
    }
    COMMITTED.one(out, now.events_committed)?;
    IN_HAND.one(out, now.requests_in_hand)?;
    UNKNOWN_HOST.one(out, now.requests_unknown_host)?;
    REQUESTS.head(out)?;
    for site in &now.sites {
        writeln!(out, "{}{{site=\"{}\"}} {}", REQUESTS.name, Label(&site.name), site.requests)?;
    }
    PAGES.by_word(out, &now.sites, "outcome", |site| by_outcome(site.pages))?;
    SHADOW_PAGES.by_word(out, &now.sites, "outcome", |site| by_outcome(site.shadow))?;
    SHADOW_SECONDS.head(out)?;
    for site in &now.sites {
        writeln!(out, "{}{{site=\"{}\"}} {}", SHADOW_SECONDS.name, Label(&site.name), site.shadow_s)?;
    }
    DROPPED.by_word(out, &now.sites, "reason", dropped)?;
    ORIGIN_ERRORS.by_word(out, &now.sites, "kind", |site| site.origin_errors.iter().copied())?;
    write_sinks(out, &now.sinks)
}

/// Of each sink by its name. There is a sink's series as long as the configuration has it.
fn write_sinks(out: &mut String, sinks: &[Status]) -> fmt::Result {
    SINK_STATE.head(out)?;
    for sink in sinks {
        for word in State::RUNNING {
            let is = u8::from(sink.state.word() == word);
            writeln!(out, "{}{{sink=\"{}\",state=\"{word}\"}} {is}", SINK_STATE.name, Label(&sink.name))?;
        }
    }
    SINK_LAG_EVENTS.by_sink(out, sinks, |sink| Some(sink.lag_events))?;
    SINK_LAG_SECONDS.by_sink(out, sinks, |sink| Some(sink.lag_ms as f64 / 1e3))?;
    SINK_LAG_BYTES.by_sink(out, sinks, |sink| Some(sink.lag_bytes))?;
    SINK_RATE.by_sink(out, sinks, |sink| Some(sink.rate))?;
    SINK_DELIVERED.by_sink(out, sinks, |sink| Some(sink.delivered))?;
    SINK_GIVEN_UP.by_sink(out, sinks, |sink| Some(sink.given_up))?;
    SINK_WARNING.by_sink(out, sinks, |sink| Some(u8::from(sink.warning.is_some())))?;
    SINK_DEAD.by_sink(out, sinks, |sink| Some(sink.dead))?;
    SINK_FAILURES.by_sink(out, sinks, |sink| Some(sink.failures))?;
    SINK_RETRIES.by_sink(out, sinks, |sink| Some(sink.retries))?;
    SINK_ERROR.by_sink(out, sinks, |sink| sink.last_error.as_ref().map(|error| error.at_ms as f64 / 1e3))
}

fn by_outcome(counts: [u64; Outcome::COUNT]) -> impl Iterator<Item = (&'static str, u64)> {
    (0u8..).zip(counts).filter_map(|(code, n)| Outcome::from_code(code).map(|outcome| (outcome.word(), n)))
}

fn dropped(site: &SiteNumbers) -> impl Iterator<Item = (&'static str, u64)> {
    DropReason::ALL.into_iter().map(DropReason::word).zip(site.dropped)
}

impl Metric {
    fn head(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "# HELP {} {}\n# TYPE {} {}", self.name, self.help, self.name, self.kind)
    }

    fn one(&self, out: &mut String, value: impl Display) -> fmt::Result {
        self.head(out)?;
        writeln!(out, "{} {value}", self.name)
    }

    fn by_sink<T: Display>(
        &self,
        out: &mut String,
        sinks: &[Status],
        value: impl Fn(&Status) -> Option<T>,
    ) -> fmt::Result {
        self.head(out)?;
        for sink in sinks {
            if let Some(value) = value(sink) {
                writeln!(out, "{}{{sink=\"{}\"}} {value}", self.name, Label(&sink.name))?;
            }
        }
        Ok(())
    }

    fn by_word<'a, I>(
        &self,
        out: &mut String,
        sites: &'a [SiteNumbers],
        label: &str,
        values: impl Fn(&'a SiteNumbers) -> I,
    ) -> fmt::Result
    where
        I: Iterator<Item = (&'static str, u64)>,
    {
        self.head(out)?;
        for site in sites {
            for (word, n) in values(site) {
                writeln!(out, "{}{{site=\"{}\",{label}=\"{}\"}} {n}", self.name, Label(&site.name), Label(word))?;
            }
        }
        Ok(())
    }
}

impl Display for Label<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => out.write_str("\\\\")?,
                '"' => out.write_str("\\\"")?,
                '\n' => out.write_str("\\n")?,
                c => out.write_char(c)?,
            }
        }
        Ok(())
    }
}
