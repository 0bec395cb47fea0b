//! What the metrics say, read as the format's specification says.

use super::*;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::admin::Phase;
use crate::sink::LastError;

fn snapshot() -> Snapshot {
    let site = |name: &str| SiteNumbers {
        name: name.to_owned(),
        requests: 5,
        pages: [1; Outcome::COUNT],
        shadow: [2; Outcome::COUNT],
        shadow_s: 0.5,
        dropped: [0, 2, 0, 0],
        origin_errors: vec![("down", 1)],
    };
    Snapshot {
        phase: Phase::Serving,
        started_s: 1_700_000_000.5,
        recording: Recording::Works,
        ledger_lost: None,
        last_commit: Some(Duration::from_millis(1_500)),
        events_committed: 9,
        requests_in_hand: 3,
        requests_unknown_host: 0,
        untrusted_forwarder: None,
        sites: vec![site("shop"), site("a\"b\\c\nd")],
        sinks: vec![sink("archive", State::Idle), sink("hook", State::Stopped("a \"why\"".to_owned()))],
    }
}

fn sink(name: &str, state: State) -> Status {
    let last_error = matches!(state, State::Stopped(_)).then(|| LastError { what: "x".to_owned(), at_ms: 1_500 });
    Status { state, last_error, lag_events: 7, lag_ms: 2_500, given_up: 3, rate: 0.25, ..Status::new(name, "http") }
}

/// A name, its labels, and the value.
type Sample = (String, Vec<(String, String)>, f64);

/// One line. Reads the format as its specification says, not as it is written above.
fn sample(line: &str) -> Option<Sample> {
    let (series, number) = line.rsplit_once(' ')?;
    let Some((name, rest)) = series.split_once('{') else {
        return Some((series.to_owned(), vec![], number.parse().ok()?));
    };
    let (mut labels, mut rest) = (Vec::new(), rest.strip_suffix('}')?);
    while !rest.is_empty() {
        let (label, behind) = rest.split_once("=\"")?;
        let (mut text, mut chars) = (String::new(), behind.char_indices());
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => text.push(match chars.next()?.1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _ => return None,
                }),
                (_, c) => text.push(c),
            }
        };
        labels.push((label.to_owned(), text));
        rest = behind.get(end + 1..)?.trim_start_matches(',');
    }
    Some((name.to_owned(), labels, number.parse().ok()?))
}

fn samples(text: &str) -> Vec<Sample> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| sample(line).unwrap_or_else(|| panic!("no sample: {line}"))).collect()
}

#[test]
fn every_line_is_a_sample_of_a_metric_described_once_and_no_series_comes_twice() {
    let text = render(&snapshot(), 1_800_000_000.0);
    assert!(text.ends_with('\n'));
    let mut kinds = HashMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').expect("a name and a kind");
        assert_eq!(kinds.insert(name.to_owned(), kind.to_owned()), None, "{name} is described twice");
    }
    let mut seen = HashSet::new();
    for (name, labels, value) in samples(&text) {
        let kind = kinds.get(&name).unwrap_or_else(|| panic!("{name} has no kind"));
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        assert!(name.starts_with("inlay_") && value.is_finite(), "{name} {value}");
        assert!(seen.insert((name.clone(), labels)), "{name} comes twice");
    }
}

#[test]
fn a_page_counts_under_its_site_and_its_final_word() {
    let all = samples(&render(&snapshot(), 0.0));
    let pages: Vec<_> = all.iter().filter(|(name, _, _)| name == "inlay_pages_total").collect();
    assert_eq!(pages.len(), 2 * Outcome::COUNT, "every site with every word");
    let labels =
        |site: &str, word: &str| vec![("site".to_owned(), site.to_owned()), ("outcome".to_owned(), word.to_owned())];
    for word in ["tagged", "opt-out", "no-place"] {
        assert!(pages.iter().any(|(_, found, n)| *found == labels("shop", word) && *n == 1.0), "{word}");
    }
    assert!(
        pages.iter().any(|(_, found, _)| *found == labels("a\"b\\c\nd", "tagged")),
        "names come out as they went in"
    );
}

#[test]
fn what_was_not_dropped_is_written_as_zero() {
    let text = render(&snapshot(), 0.0);
    assert!(text.contains("inlay_events_dropped_total{site=\"shop\",reason=\"queue-full\"} 0\n"), "{text}");
}

#[test]
fn before_the_first_commit_its_age_is_absent() {
    let with = |last_commit| render(&Snapshot { last_commit, ..snapshot() }, 0.0);
    assert!(with(Some(Duration::from_millis(1_500))).contains("\ninlay_ledger_commit_age_seconds 1.5\n"));
    assert!(!with(None).contains("\ninlay_ledger_commit_age_seconds "));
}

#[test]
fn a_sink_is_told_by_its_name_and_its_state_by_a_word_out_of_five() {
    let text = render(&snapshot(), 0.0);
    let states = samples(&text).into_iter().filter(|(name, _, _)| name == "inlay_sink_state").collect::<Vec<_>>();
    assert_eq!(states.len(), 2 * State::RUNNING.len(), "every sink with every word");
    assert_eq!(states.iter().map(|(_, _, is)| is).sum::<f64>(), 2.0, "each does one thing");
    for line in [
        "inlay_sink_state{sink=\"archive\",state=\"idle\"} 1",
        "inlay_sink_state{sink=\"hook\",state=\"stopped\"} 1",
        "inlay_sink_lag_events{sink=\"hook\"} 7",
        "inlay_sink_lag_seconds{sink=\"hook\"} 2.5",
        "inlay_sink_events_per_second{sink=\"hook\"} 0.25",
        "inlay_sink_given_up_total{sink=\"archive\"} 3",
        "inlay_sink_dead_letters{sink=\"archive\"} 0",
        "inlay_sink_last_error_timestamp_seconds{sink=\"hook\"} 1.5",
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "{line} is in {text}");
    }
    assert!(!text.contains("inlay_sink_last_error_timestamp_seconds{sink=\"archive\"}"), "none yet");
    assert!(!text.contains("a \\\"why"), "words are no labels");
}
