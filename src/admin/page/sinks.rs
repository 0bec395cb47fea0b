//! The sinks: what each does, how far behind it is, and what went wrong. Nothing where there are none.

use std::fmt::{self, Display, Formatter};

use crate::admin::html::{Grouped, esc};
use crate::sink::{State, Status};

/// The section of all sinks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sinks<'a> {
    pub(super) all: &'a [Status],
    /// Now, milliseconds since 1970.
    pub(super) now_ms: i64,
}

impl Display for Sinks<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if self.all.is_empty() {
            return Ok(());
        }
        writeln!(out, "<section class=\"sinks\">\n<h2>Sinks</h2>")?;
        self.all.iter().try_for_each(|sink| self.sink(out, sink))?;
        writeln!(out, "</section>")
    }
}

impl Sinks<'_> {
    fn sink(&self, out: &mut Formatter<'_>, sink: &Status) -> fmt::Result {
        let class = match sink.state {
            State::Stopped(_) => " bad",
            State::Waiting(_) => " late",
            State::Paused | State::Off | State::Unnamed => " off",
            State::Idle | State::Shipping => "",
        };
        writeln!(
            out,
            "<article class=\"card sink\">\n<h3>{} <small>{}</small></h3>\n<p class=\"state{class}\">{}</p>",
            esc(&sink.name),
            esc(&sink.kind),
            esc(&sink.words(self.now_ms))
        )?;
        self.troubles(out, sink)?;
        writeln!(out, "<dl>")?;
        number(out, "Waiting", &sink.lag_words())?;
        number(out, "Rate", &format!("{:.1} events a second", sink.rate))?;
        number(out, "Delivered", &events(sink.delivered))?;
        number(out, "Given up", &events(sink.given_up))?;
        number(out, "Dead letters", &Grouped(sink.dead).to_string())?;
        number(out, "Retries", &sink.retries.to_string())?;
        number(out, "Failures", &format!("{} since the start", Grouped(sink.failures)))?;
        writeln!(out, "</dl>\n</article>")
    }

    /// What went wrong, or will.
    fn troubles(&self, out: &mut Formatter<'_>, sink: &Status) -> fmt::Result {
        if let Some(error) = &sink.last_error {
            let age = error.age(self.now_ms);
            // What it stopped for stands above.
            match sink.untold_error() {
                Some(error) => writeln!(out, "<p class=\"quiet\">Last error, {age} ago: {}</p>", esc(&error.what))?,
                None => writeln!(out, "<p class=\"quiet\">That was {age} ago.</p>")?,
            }
        }
        if let Some(warning) = &sink.warning {
            writeln!(out, "<p class=\"warning\">{}</p>", esc(warning))?;
        }
        Ok(())
    }
}

fn number(out: &mut Formatter<'_>, name: &str, words: &str) -> fmt::Result {
    writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", esc(words))
}

fn events(n: u64) -> String {
    if n == 1 { "1 event".to_owned() } else { format!("{} events", Grouped(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::LastError;

    fn section(all: &[Status]) -> String {
        Sinks { all, now_ms: 60_000 }.to_string()
    }

    #[test]
    fn without_sinks_there_is_no_section() {
        assert_eq!(section(&[]), "");
    }

    #[test]
    fn everything_that_is_known_of_a_sink_is_shown_and_nothing_becomes_markup() {
        let error = Some(LastError { what: "<script>503</script>".to_owned(), at_ms: 30_000 });
        let sink = Status {
            state: State::Waiting(72_000),
            lag_events: 1_204,
            lag_ms: 185_000,
            delivered: 1,
            given_up: 5_000,
            dead: 12,
            failures: 3,
            retries: 2,
            rate: 1.25,
            last_error: error,
            warning: Some("4 events <expire>".to_owned()),
            ..Status::new("hook", "http")
        };
        let page = section(&[sink]);
        for part in [
            "<h3>hook <small>http</small></h3>",
            "<p class=\"state late\">waiting after a failure, the next attempt is in 12 s</p>",
            "Last error, 30 s ago: &lt;script&gt;503",
            "<p class=\"warning\">4 events &lt;expire&gt;</p>",
            "<dd>1,204 events, 0 B, the oldest 3 min ago</dd>",
            "<dt>Rate</dt><dd>1.2 events a second</dd>",
            "<dt>Delivered</dt><dd>1 event</dd>",
            "<dt>Given up</dt><dd>5,000 events</dd>",
            "<dt>Dead letters</dt><dd>12</dd>",
            "<dt>Retries</dt><dd>2</dd>",
            "<dt>Failures</dt><dd>3 since the start</dd>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn why_a_sink_stopped_is_said_once() {
        let why = "the URL redirects (307), and redirects are not followed".to_owned();
        let last_error = Some(LastError { what: why.clone(), at_ms: 0 });
        let page = section(&[Status { state: State::Stopped(why), last_error, ..Status::new("hook", "http") }]);
        assert_eq!(page.matches("redirects (307)").count(), 1, "{page}");
        assert!(page.contains("class=\"state bad\"") && page.contains("That was 60 s ago."), "{page}");
    }
}
