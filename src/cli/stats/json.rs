//! The report for programs. The shape is promised in the command's help: keys are added, never renamed.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::words::shown_json;
use crate::sink::Status;
use crate::stats::{Count, Period, Report};

#[derive(Serialize)]
struct Shape<'a> {
    v: u32,
    site: Option<&'a str>,
    from: String,
    to: String,
    views: u64,
    bot_views: u64,
    days: Vec<Day>,
    hours: Vec<Hour>,
    pages: Vec<Counted<'a>>,
    referrers: Vec<Counted<'a>>,
    campaigns: Vec<Counted<'a>>,
    sources: Vec<Counted<'a>>,
    statuses: Vec<Counted<'a>>,
    bots: Vec<Counted<'a>>,
    outcomes: Vec<Counted<'a>>,
    dropped: Vec<Counted<'a>>,
    sinks: &'a [Status],
}

#[derive(Serialize)]
struct Day {
    day: String,
    views: u64,
    bots: u64,
}

#[derive(Serialize)]
struct Hour {
    hour: String,
    views: u64,
    bots: u64,
}

#[derive(Serialize)]
struct Counted<'a> {
    value: &'a str,
    count: u64,
}

/// Writes the report and the sinks as one JSON object and a line's end.
pub(super) fn write(report: &Report, sinks: &[Status], out: &mut dyn Write) -> io::Result<()> {
    let shape = Shape {
        v: 1,
        site: report.site.as_deref(),
        from: report.from.to_string(),
        to: report.to.to_string(),
        views: report.views,
        bot_views: report.bot_views,
        days: report.days.iter().map(|day| Day { day: day.at.to_string(), views: day.views, bots: day.bots }).collect(),
        hours: report.hours.iter().map(hour).collect(),
        pages: counted(&report.pages),
        referrers: counted(&report.referrers),
        campaigns: counted(&report.campaigns),
        sources: counted(&report.sources),
        statuses: counted(&report.statuses),
        bots: counted(&report.bots),
        outcomes: counted(&report.outcomes),
        dropped: counted(&report.dropped),
        sinks,
    };
    writeln!(out, "{}", shown_json(&serde_json::to_string(&shape)?))
}

fn hour(period: &Period<i64>) -> Hour {
    let hour = Timestamp::from_second(period.at.saturating_mul(3600)).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
    Hour { hour, views: period.views, bots: period.bots }
}

fn counted(counts: &[Count]) -> Vec<Counted<'_>> {
    counts.iter().map(|count| Counted { value: &count.value, count: count.n }).collect()
}
