//! The owner's page: what is wrong on top, four figures, two graphs, the tables, the sinks.

use std::fmt::{self, Display, Formatter};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::sinks::Sinks;
use super::tables::Table;
use super::{BRAND, document, periods};
use crate::admin::html::{Grouped, esc};
use crate::admin::words;
use crate::inject::Outcome;
use crate::ledger::DropReason;
use crate::sink::Status;
use crate::stats::{Count, Report};

/// How many days can be chosen, with today.
pub(in crate::admin) const DAYS: [u32; 5] = [1, 7, 30, 90, 365];

/// Everything that the page shows.
#[derive(Debug)]
pub(in crate::admin) struct View<'a> {
    pub(in crate::admin) report: &'a Report,
    /// The sites that can be chosen.
    pub(in crate::admin) sites: &'a [&'a str],
    /// How many days are shown: one of [`DAYS`].
    pub(in crate::admin) days: u32,
    /// The clock of the hours.
    pub(in crate::admin) timezone: TimeZone,
    pub(in crate::admin) warnings: &'a [String],
    /// All sinks of the process, whatever site is shown.
    pub(in crate::admin) sinks: &'a [Status],
    /// Whether there is a session to end.
    pub(in crate::admin) logged_in: bool,
    pub(in crate::admin) now: Timestamp,
}

/// The page.
pub(in crate::admin) fn owner(view: &View<'_>) -> String {
    document(&format!("{} · Inlay", view.site()), view)
}

impl Display for View<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.head(out)?;
        writeln!(out, "<main>")?;
        for warning in self.warnings {
            writeln!(out, "<p class=\"warning\" role=\"status\">{}</p>", esc(warning))?;
        }
        writeln!(out, "<h1>{} <small>{}</small></h1>", esc(self.site()), self.range())?;
        if is_empty(self.report) {
            self.nothing(out)?;
        } else {
            self.figures(out)?;
            self.graphs(out)?;
            self.tables(out)?;
        }
        write!(out, "{}", Sinks { all: self.sinks, now_ms: self.now.as_millisecond() })?;
        writeln!(out, "</main>")?;
        self.foot(out)
    }
}

impl View<'_> {
    fn site(&self) -> &str {
        match (self.report.site.as_deref(), self.sites) {
            (Some(name), _) => name,
            (None, [only]) => only,
            (None, _) => "All sites",
        }
    }

    /// The report's days, as people write them.
    fn range(&self) -> String {
        let (from, to) = (self.report.from, self.report.to);
        if from == to {
            return long(to);
        }
        if from.year() == to.year() {
            return format!("{} – {}", from.strftime("%-d %b"), long(to));
        }
        format!("{} – {}", long(from), long(to))
    }

    fn head(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(out, "<header>\n{BRAND}")?;
        if self.sites.len() > 1 {
            self.site_choice(out)?;
        }
        writeln!(out, "<nav aria-label=\"Days\">")?;
        for days in DAYS {
            let current = if days == self.days { " aria-current=\"page\"" } else { "" };
            let label = match days {
                1 => "Today".to_owned(),
                365 => "Year".to_owned(),
                days => format!("{days} days"),
            };
            writeln!(out, "<a href=\"/?{}days={days}\"{current}>{label}</a>", self.site_in_query())?;
        }
        writeln!(out, "</nav>")?;
        if self.logged_in {
            writeln!(out, "<form method=\"post\" action=\"/logout\" class=\"end\"><button>Log out</button></form>")?;
        }
        writeln!(out, "</header>")
    }

    fn site_choice(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "<form method=\"get\" action=\"/\">\n<input type=\"hidden\" name=\"days\" value=\"{}\">\n\
             <select name=\"site\" aria-label=\"Site\">\n<option value=\"\">All sites</option>",
            self.days
        )?;
        for site in self.sites {
            let chosen = if self.report.site.as_deref() == Some(*site) { " selected" } else { "" };
            writeln!(out, "<option{chosen}>{}</option>", esc(site))?;
        }
        writeln!(out, "</select>\n<button>Show</button>\n</form>")
    }

    /// `site=NAME&amp;`, where one is chosen.
    fn site_in_query(&self) -> String {
        self.report.site.as_deref().map_or_else(String::new, |site| {
            let escaped: String = site
                .bytes()
                .map(|byte| {
                    if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
                        char::from(byte).to_string()
                    } else {
                        format!("%{byte:02X}")
                    }
                })
                .collect();
            format!("site={escaped}&amp;")
        })
    }

    fn nothing(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "<section class=\"card empty\"><h2>Nothing here yet</h2>\n<p>No page of this site was opened through Inlay on \
             these days. Open one through Inlay's address, not the site's own, and load this page again: a view is here within \
             a second.</p></section>"
        )
    }

    fn figures(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let tagged = sum(report.outcomes.iter().filter(|count| count.value == Outcome::Tagged.word()));
        let pages = sum(report.outcomes.iter());
        let lost = sum(report.dropped.iter().filter(|count| count.value != DropReason::Retention.word()));
        writeln!(out, "<dl class=\"figures\">")?;
        figure(out, "Views", report.views, "pages shown to people")?;
        figure(out, "Bots", report.bot_views, "views of declared bots, counted apart")?;
        figure(out, "Tagged", tagged, &format!("of {} pages{}", Grouped(pages), percent(tagged, pages)))?;
        figure(out, "Lost", lost, "views that could not be recorded")?;
        writeln!(out, "</dl>")
    }

    fn graphs(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if self.report.days.len() > 1 {
            write!(out, "{}", periods::by_day(self.report))?;
        }
        write!(out, "{}", periods::by_hour(self.report, &self.timezone))
    }

    fn tables(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let views = |title, values, none, rows| Table { title, values, counted: "Views", none, rows, explain: |_| "" };
        let none = "No visitor came with a campaign in the address.";
        let all = [
            views("Pages", "Path", "No page was viewed.", &report.pages),
            views("Referrers", "Host", "No visitor came from another site.", &report.referrers),
            views("Campaigns", "utm_campaign", none, &report.campaigns),
            views("Sources", "utm_source", none, &report.sources),
            Table {
                explain: words::of_status,
                ..views("Statuses", "Status", "No page was answered.", &report.statuses)
            },
            views("Bots", "Name", "No declared bot came by.", &report.bots),
            Table {
                counted: "Pages",
                explain: words::of_outcome,
                ..views("Tagged, or left alone and why", "Word", "No page came by.", &report.outcomes)
            },
            Table {
                counted: "Events",
                explain: words::of_drop,
                ..views("Dropped events", "Reason", "None was dropped.", &report.dropped)
            },
        ];
        writeln!(out, "<div class=\"tables\">")?;
        all.iter().try_for_each(|table| write!(out, "{table}"))?;
        writeln!(out, "</div>")
    }

    fn foot(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let local = self.now.to_zoned_datetime(self.timezone.clone());
        let zone = self.timezone.iana_name().unwrap_or("UTC");
        writeln!(
            out,
            "<footer>As of {} ({}). Inlay {}<span> · <a href=\"/metrics\">metrics</a> · \
             <a href=\"/ready\">health</a></span></footer>",
            local.strftime("%H:%M, %-d %B %Y"),
            esc(zone),
            env!("CARGO_PKG_VERSION"),
        )
    }
}

fn figure(out: &mut Formatter<'_>, name: &str, n: u64, about: &str) -> fmt::Result {
    writeln!(out, "<div><dt>{name}</dt><dd>{}<small>{}</small></dd></div>", Grouped(n), esc(about))
}

fn sum<'a>(counts: impl Iterator<Item = &'a Count>) -> u64 {
    counts.fold(0, |sum, count| sum.saturating_add(count.n))
}

/// `, 98 %`, rounded down, so that 100 % means all.
fn percent(part: u64, whole: u64) -> String {
    let percent = (u128::from(part) * 100).checked_div(u128::from(whole));
    percent.map_or_else(String::new, |percent| format!(", {percent}\u{a0}%"))
}

fn long(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

fn is_empty(report: &Report) -> bool {
    report.views == 0 && report.bot_views == 0 && report.outcomes.is_empty() && report.dropped.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    use crate::stats::Period;

    fn counts(pairs: &[(&str, u64)]) -> Vec<Count> {
        pairs.iter().map(|(value, n)| Count { value: (*value).to_owned(), n: *n }).collect()
    }

    /// The report of a small shop.
    fn sample(days: i32) -> Report {
        let to = jiff::civil::date(2026, 11, 24);
        let from = to.saturating_sub((days - 1).days());
        let days = from.series(1.day()).take_while(|day| *day <= to);
        Report {
            site: Some("shop & <b>".to_owned()),
            from,
            to,
            views: 1_234,
            bot_views: 56,
            days: days.map(|at| Period { at, views: 3, bots: 1 }).collect(),
            hours: (0..48).map(|at| Period { at, views: 2, bots: 0 }).collect(),
            pages: counts(&[("/", 1_000), ("/<script>alert(1)</script>", 234)]),
            referrers: counts(&[]),
            campaigns: counts(&[("\"may\" x=y", 3)]),
            sources: counts(&[("nl", 3)]),
            statuses: counts(&[("200", 1_200), ("404", 34)]),
            outcomes: counts(&[("tagged", 1_200), ("csp", 34)]),
            bots: counts(&[("Googlebot", 56)]),
            dropped: counts(&[("queue-full", 7), ("retention", 5_000)]),
        }
    }

    fn page(report: &Report, sites: &[&str], days: u32, logged_in: bool) -> String {
        let (timezone, now) = (TimeZone::UTC, Timestamp::UNIX_EPOCH);
        let warnings = ["The disk is <full>.".to_owned()];
        owner(&View { report, sites, days, timezone, warnings: &warnings, sinks: &[], logged_in, now })
    }

    #[test]
    fn the_figures_stand_apart_from_bots_and_from_what_was_lost() {
        let page = page(&sample(7), &["shop & <b>"], 7, false);
        let figures = [
            "<dt>Views</dt><dd>1,234<small>",
            "<dt>Bots</dt><dd>56<small>",
            "<dt>Tagged</dt><dd>1,200<small>of 1,234 pages, 97\u{a0}%",
            "<dt>Lost</dt><dd>7<small>",
        ];
        for part in figures {
            assert!(page.contains(part), "{part}");
        }
        assert!(page.contains("18 Nov – 24 Nov 2026"), "the days are named");
        assert!(page.contains("<h2>Views by hour, the last 48 hours</h2>"), "and so are the hours, which are fewer");
    }

    #[test]
    fn nothing_from_outside_becomes_markup_and_nothing_needs_what_the_policy_forbids() {
        let page = page(&sample(30), &["shop & <b>", "\"><i>"], 30, true);
        for part in ["<script", "<b>", "<i>", "\"may\" x", " style=", " onclick", "src=", "@import", "<full>"] {
            assert!(!page.contains(part), "{part}");
        }
        assert!(page.contains("href=\"/?site=shop%20%26%20%3Cb%3E&amp;days=7\""), "the site goes with the days");
    }

    #[test]
    fn what_cannot_be_chosen_or_ended_is_not_offered() {
        let one = page(&sample(30), &["shop & <b>"], 30, false);
        assert!(!one.contains("<select") && !one.contains("/logout"));
        let more = page(&sample(30), &["shop & <b>", "blog"], 30, true);
        assert!(more.contains("<option selected>shop &amp; &lt;b&gt;</option>\n<option>blog</option>"));
        assert!(more.contains("action=\"/logout\""));
    }

    #[test]
    fn a_single_day_is_shown_by_its_hours_alone() {
        let page = page(&sample(1), &[], 1, false);
        assert!(!page.contains("Views by day") && page.contains("<h2>Views by hour</h2>"));
        assert!(page.contains("<small>24 Nov 2026</small>"));
    }

    #[test]
    fn where_there_is_nothing_yet_a_sentence_says_so_below_the_warnings() {
        let nothing = Report { views: 0, bot_views: 0, outcomes: Vec::new(), dropped: Vec::new(), ..sample(30) };
        let page = page(&nothing, &[], 30, false);
        assert!(page.contains("Nothing here yet") && !page.contains("<svg class=\"bars\""));
        assert!(page.contains("The disk is &lt;full&gt;."));
    }

    #[test]
    fn a_percentage_is_all_only_where_it_is_all() {
        assert_eq!(percent(999, 1_000), ", 99\u{a0}%");
        assert_eq!(percent(u64::MAX, u64::MAX), ", 100\u{a0}%");
        assert_eq!(percent(0, 0), "");
    }
}
