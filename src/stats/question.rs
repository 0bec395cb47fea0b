//! The one question of this version, and how its answer is put together.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::Connection;

use super::counts::{self, Counts};
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

/// Answers the question from one state of the ledger. Today is the site's own day; for all sites it is the latest that any of
/// them has, and days are added up by their date.
pub fn report(conn: &Connection, question: &Question<'_>, now: Timestamp) -> Result<Report, Error> {
    let state = conn.unchecked_transaction()?;
    let sites = sites::asked(&state, question.site)?;
    let today = sites.iter().map(|site| site.zone.to_datetime(now).date()).max();
    let today = today.unwrap_or_else(|| TimeZone::UTC.to_datetime(now).date());
    let span = Span::ending(today, question.days.clamp(1, MAX_DAYS));
    let asked = Asked { conn: &state, sites: &sites, span };

    let days = asked.days()?;
    Ok(Report {
        site: question.site.map(str::to_owned),
        from: span.from,
        to: span.to,
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
    sites: &'a [Site],
    span: Span,
}

impl Asked<'_> {
    fn top(&self, dimension: Dimension, limit: usize) -> Result<Vec<Count>, Error> {
        let pieces = self.span.pieces();
        let sites: Vec<i64> = self.sites.iter().map(|site| site.id).collect();
        Ok(top(&Counts { conn: self.conn, sites: &sites, dimension, pieces: &pieces }, limit)?)
    }

    fn days(&self) -> Result<Vec<Period<Date>>, Error> {
        let mut days: Vec<_> = self.span.days().map(|at| Period { at, views: 0, bots: 0 }).collect();
        let (first, last) = (day_number(self.span.from), day_number(self.span.to));
        let place = |day: i64| usize::try_from(day - first).ok();
        for site in self.sites {
            for (day, n) in counts::by_day(self.conn, site.id, Dimension::View, first, last)? {
                place(day).and_then(|at| days.get_mut(at)).into_iter().for_each(|day| day.views += n);
            }
            for (day, n) in counts::by_day(self.conn, site.id, Dimension::Bot, first, last)? {
                place(day).and_then(|at| days.get_mut(at)).into_iter().for_each(|day| day.bots += n);
            }
        }
        Ok(days)
    }

    /// Of one day its own hours, the earliest of any site; of more the last 48.
    fn first_hour(&self, last: i64) -> i64 {
        let begins =
            |site: &Site| Some(self.span.from.to_zoned_datetime(site.zone.clone()).ok()?.timestamp().as_second());
        let day = self.sites.iter().filter_map(begins).min().filter(|_| self.span.from == self.span.to);
        let floor = last - HOURS + 1;
        day.map_or(floor, |second| second.div_euclid(3600).clamp(floor, last))
    }

    fn hours(&self, now: Timestamp) -> Result<Vec<Period<i64>>, Error> {
        let last = now.as_second().div_euclid(3600);
        let first = self.first_hour(last);
        let mut hours: Vec<_> = (first..=last).map(|at| Period { at, views: 0, bots: 0 }).collect();
        for site in self.sites {
            for (hour, views, bots) in counts::by_hour(self.conn, site.id, first, last)? {
                if let Some(period) = usize::try_from(hour - first).ok().and_then(|at| hours.get_mut(at)) {
                    period.views += views;
                    period.bots += bots;
                }
            }
        }
        Ok(hours)
    }
}
