//! Events as they were written down once: `tests/data/events-v1.ndjson`. Backends hold years of such lines. A field that is
//! written otherwise than there means something else, and wants another [`SCHEMA_VERSION`] and another file beside this one.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Event, EventId, FIELDS, Kind, SCHEMA_VERSION, Source, Utm, ViewId};

const EVENTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/events-v1.ndjson"));

fn objects() -> Vec<(&'static str, Map<String, Value>)> {
    EVENTS.lines().map(|line| (line, serde_json::from_str(line).expect("each line is an object"))).collect()
}

fn text<'m>(object: &'m Map<String, Value>, name: &str) -> &'m str {
    object.get(name).map_or("", |value| value.as_str().expect("a text"))
}

/// 16 bytes from their hex digits, with or without dashes.
fn bytes(digits: &str) -> [u8; 16] {
    u128::from_str_radix(&digits.replace('-', ""), 16).expect("32 hex digits").to_be_bytes()
}

/// The event that a line describes, by what the documents say of each field.
fn described(object: &Map<String, Value>) -> Event<'_> {
    let text = |name: &str| text(object, name);
    Event {
        id: EventId(bytes(text("id"))),
        ts_ms: text("ts").parse::<Timestamp>().expect("RFC 3339").as_millisecond(),
        site: text("site"),
        kind: match text("kind") {
            "view" => Kind::View,
            other => panic!("no kind: {other}"),
        },
        source: match text("source") {
            "proxy" => Source::Proxy,
            other => panic!("no source: {other}"),
        },
        view_id: object.get("view_id").map(|_| ViewId(bytes(text("view_id")))),
        host: text("host").into(),
        path: text("path").into(),
        status: object.get("status").map(|status| status.as_u64().and_then(|n| n.try_into().ok()).expect("a status")),
        origin_ms: object.get("origin_ms").map(|ms| ms.as_f64().expect("a number") as f32),
        referrer: text("referrer").into(),
        referrer_host: text("referrer_host").into(),
        utm: Utm {
            source: text("utm_source").into(),
            medium: text("utm_medium").into(),
            campaign: text("utm_campaign").into(),
            term: text("utm_term").into(),
            content: text("utm_content").into(),
        },
        language: text("language").into(),
        bot: text("bot").into(),
    }
}

#[test]
fn every_line_is_what_is_written_of_the_event_that_it_describes() {
    for (line, object) in objects() {
        let mut out = Vec::new();
        described(&object).write_json(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), line, "another meaning wants another SCHEMA_VERSION");
    }
}

#[test]
fn the_lines_are_of_this_version_and_have_every_field_there_and_missing() {
    let objects = objects();
    assert!(objects.len() >= 12, "a dozen events: {}", objects.len());
    for (line, object) in &objects {
        assert_eq!(object["v"], SCHEMA_VERSION, "a new version has a file of its own: {line}");
    }
    for name in FIELDS {
        let there = objects.iter().filter(|(_, object)| object.contains_key(*name)).count();
        assert!(there > 0, "no line has `{name}`");
        let always = matches!(*name, "v" | "id" | "ts" | "site" | "kind" | "source");
        assert_eq!(there == objects.len(), always, "`{name}` is in {there} of {} lines", objects.len());
    }
}
