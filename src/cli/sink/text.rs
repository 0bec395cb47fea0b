//! Sinks for people: a line each, or a block each.

use std::io::{self, Write};

use crate::cli::words::{bytes, counted, grouped, shown};
use crate::sink::{State, Status, span};

/// Longest text of a backend's that is shown, in characters.
const MAX_TEXT: usize = 400;

/// A line for each: name, kind, state, and what waits.
pub(super) fn list(sinks: &[Status], out: &mut dyn Write) -> io::Result<()> {
    if sinks.is_empty() {
        return writeln!(out, "{NONE}");
    }
    let width = |of: fn(&Status) -> &str| sinks.iter().map(|sink| of(sink).chars().count()).max().unwrap_or(0).max(5);
    let (names, kinds) = (width(|sink| &sink.name), width(|sink| &sink.kind));
    writeln!(out, "{:names$}  {:kinds$}  {:8}  lag", "sink", "kind", "state")?;
    for sink in sinks {
        let kind = if sink.kind.is_empty() { "-" } else { &sink.kind };
        writeln!(out, "{:names$}  {kind:kinds$}  {:8}  {}", sink.name, sink.state.word(), lag(sink))?;
    }
    Ok(())
}

/// A block for each, with everything that is known of it.
pub(super) fn status(sinks: &[Status], is_running: bool, now_ms: i64, out: &mut dyn Write) -> io::Result<()> {
    if sinks.is_empty() {
        return writeln!(out, "{NONE}");
    }
    for (at, sink) in sinks.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        // What only the process knows of a sink that it runs.
        let is_told = is_running && sink.state != State::Unnamed;
        block(sink, is_told, now_ms, out)?;
    }
    Ok(())
}

const NONE: &str = "There is no sink: events stay in the ledger. One is a [[sink]] in the configuration.";

fn block(sink: &Status, is_told: bool, now_ms: i64, out: &mut dyn Write) -> io::Result<()> {
    let kind = if sink.kind.is_empty() { String::new() } else { format!(" ({})", sink.kind) };
    let draining = if sink.draining { ", draining" } else { "" };
    writeln!(out, "{}{kind}: {}{draining}", sink.name, shown(&sink.words(now_ms), MAX_TEXT))?;
    let mut line = |label: &str, words: &str| writeln!(out, "  {label:<12}  {words}");
    line("lag", &lag(sink))?;
    if is_told {
        line("rate", &format!("{:.1} events a second in the last minute", sink.rate))?;
        let since = counted(sink.failures, "failure", "failures");
        line("retries", &format!("{} for the batch in hand; {since} since the start", grouped(sink.retries.into())))?;
    }
    line("delivered", &counted(sink.delivered, "event", "events"))?;
    line("given up", &counted(sink.given_up, "event", "events"))?;
    let see = if sink.dead > 0 { format!(": inlay sink dead {}", sink.name) } else { String::new() };
    line("dead letters", &format!("{}{see}", grouped(sink.dead)))?;
    match &sink.last_error {
        Some(error) => {
            let what = match &sink.state {
                State::Stopped(why) if *why == error.what => "as above".to_owned(),
                _ => shown(&error.what, MAX_TEXT),
            };
            line("last error", &format!("{} ago: {what}", error.age(now_ms)))?;
        }
        None if is_told => line("last error", "none since the start")?,
        None => {}
    }
    if let Some(warning) = &sink.warning {
        line("warning", warning)?;
    }
    match sink.state {
        State::Paused | State::Stopped(_) => line("what to do", &format!("inlay sink resume {}", sink.name)),
        _ => Ok(()),
    }
}

/// What waits, and since when.
pub(in crate::cli) fn lag(sink: &Status) -> String {
    if sink.lag_events == 0 {
        return "0 events".into();
    }
    let events = counted(sink.lag_events, "event", "events");
    format!("{events}, {}, the oldest {} ago", bytes(sink.lag_bytes), span(sink.lag_ms))
}
