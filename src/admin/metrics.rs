//! The metrics: every name, and how it is written in Prometheus' text format 0.0.4.
//!
//! Labels are the sites' names and words out of closed lists, so their number is bounded. Each is written from the start, with 0:
//! an alert on the first dropped event needs the 0 before it.

use std::fmt::{self, Display, Formatter, Write};

use crate::inject::Outcome;
use crate::ledger::DropReason;

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
const DROPPED: Metric =
    counter("inlay_events_dropped_total", "Events that were not recorded, or did not stay, and why.");
const ORIGIN_ERRORS: Metric = counter("inlay_origin_errors_total", "Failures of the sites' own servers.");

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
    PAGES.by_word(out, &now.sites, "outcome", pages)?;
    DROPPED.by_word(out, &now.sites, "reason", dropped)?;
    ORIGIN_ERRORS.by_word(out, &now.sites, "kind", |site| site.origin_errors.iter().copied())
}

fn pages(site: &SiteNumbers) -> impl Iterator<Item = (&'static str, u64)> {
    (0u8..).zip(site.pages).filter_map(|(code, n)| Outcome::from_code(code).map(|outcome| (outcome.word(), n)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};
    use std::time::Duration;

    use crate::admin::Phase;

    fn snapshot() -> Snapshot {
        let site = |name: &str| SiteNumbers {
            name: name.to_owned(),
            requests: 5,
            pages: [1; Outcome::COUNT],
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
        }
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
        let labels = |site: &str, word: &str| {
            vec![("site".to_owned(), site.to_owned()), ("outcome".to_owned(), word.to_owned())]
        };
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
}
