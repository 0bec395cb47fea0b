//! The counts of one batch: added up in memory, then put to the tables' rows in the same transaction as the events.
//!
//! Also holds the limit of values: a site's day tells the first 10,000 values of a dimension apart and counts the rest as
//! `(other)`. Which values a day has is read from the table when the day is first counted, so a restart changes nothing.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

use rusqlite::{CachedStatement, Connection};

use super::days::Day;
use super::dimension::{Dimension, MAX_VALUES, OTHER};
use crate::event::Event;
use crate::ledger::rows::spans;

/// What is to be added to the counts. Sites are named by their id in the table.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Tally {
    days: HashMap<(i64, i32), SiteDay>,
    hours: HashMap<(i64, i64), Hour>,
    hasher: RandomState,
    /// Where numbers become values.
    digits: String,
}

#[derive(Debug)]
struct SiteDay {
    month: i32,
    /// Whether any group has something pending.
    pending: bool,
    groups: [Group; Dimension::ALL.len()],
}

/// One dimension of a site's day.
#[derive(Debug, Default)]
struct Group {
    pending: HashMap<Box<str>, u64>,
    /// Hashes of the values that the table has, once they were needed. Two values with one hash are at worst one value more
    /// than the limit.
    known: Option<HashSet<u64>>,
}

#[derive(Debug, Default)]
struct Hour {
    views: u64,
    bots: u64,
}

const ADD_COUNT: &str = "INSERT INTO counts(site, dimension, day, value, n) VALUES(?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET n = n + excluded.n";
const ADD_MONTH: &str = "INSERT INTO months(site, dimension, month, value, n) VALUES(?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET n = n + excluded.n";
const ADD_HOUR: &str = "INSERT INTO hours(site, hour, views, bots) VALUES(?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET views = views + excluded.views, bots = bots + excluded.bots";
const VALUES: &str = "SELECT value FROM counts WHERE site = ?1 AND dimension = ?2 AND day = ?3";

impl Tally {
    /// Counts `n` of a value.
    pub(in crate::ledger) fn add(&mut self, site: i64, day: Day, dimension: Dimension, value: &str, n: u64) {
        let of_day = self.days.entry((site, day.number)).or_insert_with(|| SiteDay::new(day.month));
        of_day.add(dimension, value, n);
    }

    /// Counts a view under everything that it has.
    pub(in crate::ledger) fn view(&mut self, site: i64, day: Day, event: &Event<'_>) {
        let of_day = self.days.entry((site, day.number)).or_insert_with(|| SiteDay::new(day.month));
        let hour = self.hours.entry((site, spans::hour(event.ts_ms))).or_default();
        if !event.bot.is_empty() {
            hour.bots += 1;
            of_day.add(Dimension::Bot, &event.bot, 1);
            return;
        }
        hour.views += 1;
        of_day.add(Dimension::View, "", 1);
        if matches!(event.status, Some(200..=299 | 304)) {
            of_day.add(Dimension::Page, &event.path, 1);
        }
        if let Some(status) = event.status {
            self.digits.clear();
            write!(self.digits, "{status}").expect("a String takes every text");
            of_day.add(Dimension::Status, &self.digits, 1);
        }
        let named = [
            (Dimension::Referrer, &event.referrer_host),
            (Dimension::Campaign, &event.utm.campaign),
            (Dimension::Source, &event.utm.source),
            (Dimension::Language, &event.language),
        ];
        for (dimension, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
            of_day.add(dimension, value, 1);
        }
    }

    /// Puts everything that is pending into the tables. After an error, and after a transaction that did not commit, only
    /// [`Tally::forget`] makes this right again.
    pub(in crate::ledger) fn flush(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let mut tables = Tables {
            counts: conn.prepare_cached(ADD_COUNT)?,
            months: conn.prepare_cached(ADD_MONTH)?,
            values: conn.prepare_cached(VALUES)?,
        };
        let mut newest = i32::MIN;
        for ((site, day), of_day) in self.days.iter_mut().filter(|(_, of_day)| of_day.pending) {
            of_day.pending = false;
            newest = newest.max(*day);
            let day = Day { number: *day, month: of_day.month };
            for (dimension, group) in Dimension::ALL.into_iter().zip(&mut of_day.groups) {
                tables.put(Place { site: *site, dimension, day }, group, &self.hasher)?;
            }
        }
        let mut hours = conn.prepare_cached(ADD_HOUR)?;
        for ((site, hour), n) in self.hours.drain() {
            hours.execute((site, hour, n.views as i64, n.bots as i64))?;
        }
        // Days that are over everywhere on earth are let go; one that is counted late is read again.
        self.days.retain(|(_, day), _| *day >= newest.saturating_sub(2));
        Ok(())
    }

    /// Forgets what is pending, and what the tables are believed to hold.
    pub(in crate::ledger) fn forget(&mut self) {
        self.days.clear();
        self.hours.clear();
    }
}

impl SiteDay {
    fn new(month: i32) -> SiteDay {
        SiteDay { month, pending: false, groups: Default::default() }
    }

    fn add(&mut self, dimension: Dimension, value: &str, n: u64) {
        self.pending = true;
        let Some(group) = self.groups.get_mut(dimension as usize) else { return };
        match group.pending.get_mut(value) {
            Some(count) => *count += n,
            None => {
                group.pending.insert(value.into(), n);
            }
        }
    }
}

/// Where a group's counts stand.
#[derive(Clone, Copy)]
struct Place {
    site: i64,
    dimension: Dimension,
    day: Day,
}

/// The statements of one flush.
struct Tables<'c> {
    counts: CachedStatement<'c>,
    months: CachedStatement<'c>,
    values: CachedStatement<'c>,
}

impl Tables<'_> {
    fn put(&mut self, place: Place, group: &mut Group, hasher: &RandomState) -> rusqlite::Result<()> {
        if group.pending.is_empty() {
            return Ok(());
        }
        if place.dimension.is_open() && group.known.is_none() {
            group.known = Some(self.known(place, hasher)?);
        }
        let mut other = 0;
        for (value, n) in group.pending.drain() {
            if group.known.as_mut().is_none_or(|known| admit(known, hasher.hash_one(&*value))) {
                self.add(place, &value, n)?;
            } else {
                other += n;
            }
        }
        if other > 0 { self.add(place, OTHER, other) } else { Ok(()) }
    }

    fn add(&mut self, place: Place, value: &str, n: u64) -> rusqlite::Result<()> {
        let Place { site, dimension, day } = place;
        self.counts.execute((site, dimension.number(), day.number, value, n as i64))?;
        self.months.execute((site, dimension.number(), day.month, value, n as i64))?;
        Ok(())
    }

    fn known(&mut self, place: Place, hasher: &RandomState) -> rusqlite::Result<HashSet<u64>> {
        let mut known = HashSet::new();
        let mut rows = self.values.query((place.site, place.dimension.number(), place.day.number))?;
        while let Some(row) = rows.next()? {
            // What is no text is damage, and no value that could come again.
            let Ok(value) = row.get_ref(0)?.as_str() else { continue };
            if value != OTHER {
                known.insert(hasher.hash_one(value));
            }
        }
        Ok(known)
    }
}

/// Whether a value is told apart: it is one of the day's, or there is room for one more.
fn admit(known: &mut HashSet<u64>, hash: u64) -> bool {
    known.contains(&hash) || (known.len() < MAX_VALUES && known.insert(hash))
}
