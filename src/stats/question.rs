//! The one question of this version, and how its answer is put together.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::Connection;

use super::counts::{self, Counts, Part};
use super::error::Error;
use super::report::{Count, Period, Report};
use super::sites::{self, Site};
use super::span::{Span, day_number};
use super::top::top;
use crate::ledger::Dimension;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The site's name; `None` asks for all of them together.
    pub site: Option<&'a str>,
    /// How many days, today included; held to 1 to [`MAX_DAYS`].
    pub days: u32,
    /// How many pages, referrers, campaigns, sources and bots are named.
    pub top: usize,
}

/// The most days that a report spans.
pub const MAX_DAYS: u32 = 36_525;
/// How many hours a report ends with.
const HOURS: i64 = 48;

/// Answers the question from one state of the ledger. Today is each site's own day. For all sites the report has the last
/// days of each, added up by their date; where zones are on different dates it has a date more than was asked for.
pub fn report(conn: &Connection, question: &Question<'_>, now: Timestamp) -> Result<Report, Error> {
    answer(conn, question, now).map_err(|error| error.met_on(conn))
}

fn answer(conn: &Connection, question: &Question<'_>, now: Timestamp) -> Result<Report, Error> {
    let state = conn.unchecked_transaction()?;
    let sites = sites::asked(&state, question.site)?;
    let days = question.days.clamp(1, MAX_DAYS);
    let span_in = |zone: &TimeZone| Span::ending(zone.to_datetime(now).date(), days);
    let parts: Vec<Part> = sites.iter().map(|site| Part::new(site.id, span_in(&site.zone))).collect();
    let spans = || parts.iter().map(|part| part.span);
    let utc = span_in(&TimeZone::UTC);
    let from = spans().map(|span| span.from).min().unwrap_or(utc.from);
    let to = spans().map(|span| span.to).max().unwrap_or(utc.to);
    let begins = |(site, part): (&Site, &Part)| {
        Some(part.span.from.to_zoned_datetime(site.zone.clone()).ok()?.timestamp().as_second())
    };
    let one_day = sites.iter().zip(&parts).filter(|_| days == 1).filter_map(begins).min();
    let asked = Asked { conn: &state, parts: &parts, whole: Span { from, to }, one_day };

    let days = asked.days()?;
    Ok(Report {
        site: question.site.map(str::to_owned),
        from,
        to,
        views: days.iter().map(|day| day.views).sum(),
        bot_views: days.iter().map(|day| day.bots).sum(),
        days,
        hours: asked.hours(now)?,
        pages: asked.top(Dimension::Page, question.top)?,
        referrers: asked.top(Dimension::Referrer, question.top)?,
        campaigns: asked.top(Dimension::Campaign, question.top)?,
        sources: asked.top(Dimension::Source, question.top)?,
        statuses: asked.top(Dimension::Status, usize::MAX)?,
        outcomes: asked.top(Dimension::Outcome, usize::MAX)?,
        bots: asked.top(Dimension::Bot, question.top)?,
        dropped: asked.top(Dimension::Dropped, usize::MAX)?,
    })
}

/// The question with its names resolved.
struct Asked<'a> {
    conn: &'a Connection,
    parts: &'a [Part],
    /// From the first day that any part has to the last.
    whole: Span,
    /// Where one day alone was asked for: when it began, on the earliest of any site's clocks, in seconds since 1970.
    one_day: Option<i64>,
}

impl Asked<'_> {
    fn top(&self, dimension: Dimension, limit: usize) -> Result<Vec<Count>, Error> {
        Ok(top(&Counts { conn: self.conn, parts: self.parts, dimension }, limit)?)
    }

    fn days(&self) -> Result<Vec<Period<Date>>, Error> {
        let mut days: Vec<_> = self.whole.days().map(|at| Period { at, views: 0, bots: 0 }).collect();
        let whole_first = day_number(self.whole.from);
        let place = |day: i64| usize::try_from(day - whole_first).ok();
        for part in self.parts {
            let (first, last) = (day_number(part.span.from), day_number(part.span.to));
            for (day, n) in counts::by_day(self.conn, part.site, Dimension::View, first, last)? {
                place(day).and_then(|at| days.get_mut(at)).into_iter().for_each(|day| day.views += n);
            }
            for (day, n) in counts::by_day(self.conn, part.site, Dimension::Bot, first, last)? {
                place(day).and_then(|at| days.get_mut(at)).into_iter().for_each(|day| day.bots += n);
            }
        }
        Ok(days)
    }

    /// Of one day its own hours; of more the last 48.
    fn first_hour(&self, last: i64) -> i64 {
        let floor = last - HOURS + 1;
        self.one_day.map_or(floor, |second| second.div_euclid(3600).clamp(floor, last))
    }

    fn hours(&self, now: Timestamp) -> Result<Vec<Period<i64>>, Error> {
        let last = now.as_second().div_euclid(3600);
        let first = self.first_hour(last);
        let mut hours: Vec<_> = (first..=last).map(|at| Period { at, views: 0, bots: 0 }).collect();
        for part in self.parts {
            for (hour, views, bots) in counts::by_hour(self.conn, part.site, first, last)? {
                if let Some(period) = usize::try_from(hour - first).ok().and_then(|at| hours.get_mut(at)) {
                    period.views += views;
                    period.bots += bots;
                }
            }
        }
        Ok(hours)
    }
}
