//! `/live` and `/ready`: for whoever restarts and routes, in one word, and for people, in lines behind it.
//!
//! Both are open to everybody who reaches the listener, so they name no address, no path and no site. What a sink's backend said
//! may have any of these in it: only who may read the owner's page is told.

use http::StatusCode;
use serde_json::json;

use super::reply::{self, Reply};
use super::snapshot::{Phase, Recording, Snapshot};
use crate::sink::{State, Status};

const UNTRUSTED: &str = "A peer with a private address sends X-Forwarded-* or Forwarded and is not believed: \
                         its address is probably missing from trusted_proxies.";

/// What an owner should look at.
pub(super) fn warnings(now: &Snapshot) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Recording::Fails(why) = &now.recording {
        warnings.push(format!("Views are not recorded: {}. Pages are served as always.", why.trim_end_matches('.')));
    }
    warnings.extend(now.ledger_lost.as_ref().map(|lost| format!("{}.", lost.trim_end_matches('.'))));
    if now.untrusted_forwarder.is_some() {
        warnings.push(UNTRUSTED.to_owned());
    }
    warnings.extend(now.sinks.iter().flat_map(of_sink));
    warnings
}

/// What there is to do about a sink, if anything.
fn of_sink(sink: &Status) -> impl Iterator<Item = String> {
    let name = &sink.name;
    let stopped = matches!(sink.state, State::Stopped(_))
        .then(|| format!("The sink \"{name}\" has stopped by itself and goes on with: inlay sink resume {name}"));
    let loses = sink.warning.as_ref().map(|warning| format!("The sink \"{name}\" will lose events: {warning}."));
    stopped.into_iter().chain(loses)
}

/// The process runs and answers: nothing more is said.
pub(super) fn live(as_json: bool) -> Reply {
    if as_json { reply::json(StatusCode::OK, &json!({ "live": true })) } else { reply::text(StatusCode::OK, "live") }
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Whether he may read the owner's page.
    pub(super) is_owner: bool,
    pub(super) as_json: bool,
    /// Now, milliseconds since 1970.
    pub(super) now_ms: i64,
}

/// Whether visitors can be sent here. Pages pass also while nothing can be recorded, and whatever sinks do, so that alone is no
/// 503.
pub(super) fn ready(now: &Snapshot, asked: Asked) -> Reply {
    let (status, word) = match now.phase {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Serving => (StatusCode::OK, "ready"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    let recording = now.recording == Recording::Works;
    let warnings = warnings(now);
    if asked.as_json {
        let sinks: Vec<_> = now.sinks.iter().map(|sink| sink_json(sink, asked.is_owner)).collect();
        let body = json!({ "state": word, "recording": recording, "warnings": warnings, "sinks": sinks });
        return reply::json(status, &body);
    }
    let mut lines = vec![word.to_owned(), format!("recording: {}", if recording { "works" } else { "does not work" })];
    lines.extend(now.sinks.iter().map(|sink| sink_line(sink, asked)));
    lines.extend(warnings.into_iter().map(|warning| format!("warning: {warning}")));
    reply::text(status, &lines.join("\n"))
}

fn sink_line(sink: &Status, asked: Asked) -> String {
    let Status { name, given_up, dead, .. } = sink;
    let does = if asked.is_owner { sink.words(asked.now_ms) } else { sink.state.word().to_owned() };
    let lag = sink.lag_words();
    let error = match (&sink.last_error, sink.untold_error().filter(|_| asked.is_owner)) {
        (_, Some(error)) => format!("; last error {} ago: {}", error.age(asked.now_ms), error.what),
        (Some(error), None) => format!("; last error {} ago", error.age(asked.now_ms)),
        (None, None) => String::new(),
    };
    format!("sink {name}: {does}; lag: {lag}; {given_up} given up; {dead} dead letters{error}")
}

fn sink_json(sink: &Status, is_owner: bool) -> serde_json::Value {
    let error = sink.last_error.as_ref();
    json!({
        "name": sink.name,
        "state": sink.state.word(),
        "lag_events": sink.lag_events,
        "lag_ms": sink.lag_ms,
        "given_up": sink.given_up,
        "dead": sink.dead,
        "last_error_ms": error.map(|error| error.at_ms),
        "last_error": error.filter(|_| is_owner).map(|error| error.what.as_str()),
    })
}
