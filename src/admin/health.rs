//! `/live` and `/ready`: for whoever restarts and routes, in one word, and for people, in lines behind it.
//!
//! Both are open to everybody who reaches the listener, so they name no address, no path and no site.

use http::StatusCode;
use serde_json::json;

use super::reply::{self, Reply};
use super::snapshot::{Phase, Recording, Snapshot};

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
    warnings
}

/// The process runs and answers: nothing more is said.
pub(super) fn live(as_json: bool) -> Reply {
    if as_json { reply::json(StatusCode::OK, &json!({ "live": true })) } else { reply::text(StatusCode::OK, "live") }
}

/// Whether visitors can be sent here. Pages pass also while nothing can be recorded, so that alone is no 503.
pub(super) fn ready(now: &Snapshot, as_json: bool) -> Reply {
    let (status, word) = match now.phase {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Serving => (StatusCode::OK, "ready"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    let recording = now.recording == Recording::Works;
    let warnings = warnings(now);
    if as_json {
        return reply::json(status, &json!({ "state": word, "recording": recording, "warnings": warnings }));
    }
    let mut lines = vec![word.to_owned(), format!("recording: {}", if recording { "works" } else { "does not work" })];
    lines.extend(warnings.into_iter().map(|warning| format!("warning: {warning}")));
    reply::text(status, &lines.join("\n"))
}
