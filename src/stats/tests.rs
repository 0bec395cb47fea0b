//! Reports over ledgers whose counts are written by hand, through the room's public face.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::ledger::{self, Clock, Dimension};

/// A ledger on disk, and a connection that writes to it as the ledger's writer does.
pub(super) struct Book {
    dir: tempfile::TempDir,
    pub(super) conn: Connection,
}

impl Book {
    pub(super) fn with_sites(sites: &[(&str, &str)]) -> Book {
        let dir = tempfile::tempdir().expect("a folder");
        ledger::open(dir.path(), &[], Clock::new(|| 0)).expect("a new ledger").close();
        let conn = Connection::open(dir.path().join("ledger.db")).expect("the ledger's file");
        conn.pragma_update(None, "synchronous", "OFF").expect("a pragma");
        for site in sites {
            conn.execute("INSERT INTO sites(name, timezone) VALUES(?1, ?2)", *site).expect("a new name");
        }
        Book { dir, conn }
    }

    pub(super) fn count(&self, site: i64, dimension: Dimension, day: Date, value: &str, n: u64) {
        let (number, n) = (span::day_number(day), i64::try_from(n).expect("a small number"));
        let month = i64::from(day.year()) * 12 + i64::from(day.month()) - 1;
        for (table, unit) in [("counts", number), ("months", month)] {
            let sql =
                format!("INSERT INTO {table} VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET n = n + excluded.n");
            let mut add = self.conn.prepare_cached(&sql).expect("the table is there");
            add.execute((site, dimension.number(), unit, value, n)).expect("a row");
        }
    }

    fn report(&self, site: Option<&str>, days: u32, now: &str) -> Result<Report, Error> {
        let conn = ledger::read(self.dir.path()).expect("a ledger to read");
        let now: Timestamp = now.parse().expect("a time");
        super::report(&conn, &Question { site, days, top: 10 }, now)
    }
}

fn named(counts: &[Count]) -> Vec<(&str, u64)> {
    counts.iter().map(|count| (count.value.as_str(), count.n)).collect()
}

const TODAY: Date = date(2026, 11, 24);
const NOON: &str = "2026-11-24T12:00:00Z";

#[test]
fn a_report_has_every_dimension_in_its_place() {
    let book = Book::with_sites(&[("shop", "UTC")]);
    let dimensions = [
        (Dimension::View, ""),
        (Dimension::Bot, "Googlebot"),
        (Dimension::Page, "/"),
        (Dimension::Referrer, "news.example"),
        (Dimension::Campaign, "may"),
        (Dimension::Source, "nl"),
        (Dimension::Status, "404"),
        (Dimension::Outcome, "tagged"),
        (Dimension::Dropped, "queue-full"),
    ];
    for (n, (dimension, value)) in (1..).zip(dimensions) {
        book.count(1, dimension, TODAY, value, n);
    }
    let report = book.report(Some("shop"), 30, NOON).expect("a report");
    assert_eq!((report.views, report.bot_views), (1, 2), "people and bots apart");
    assert_eq!((report.from, report.to, report.days.len()), (date(2026, 10, 26), TODAY, 30), "thirty days with today");
    let tables = [
        (&report.bots, ("Googlebot", 2)),
        (&report.pages, ("/", 3)),
        (&report.referrers, ("news.example", 4)),
        (&report.campaigns, ("may", 5)),
        (&report.sources, ("nl", 6)),
        (&report.statuses, ("404", 7)),
        (&report.outcomes, ("tagged", 8)),
        (&report.dropped, ("queue-full", 9)),
    ];
    for (table, expected) in tables {
        assert_eq!(named(table), [expected]);
    }
    assert!(!report.is_empty(), "something was counted");
}

#[test]
fn values_come_most_first_equal_ones_by_name_and_no_more_than_asked() {
    let book = Book::with_sites(&[("shop", "UTC")]);
    for (value, n) in [("/b", 2), ("/a", 2), ("/c", 9)] {
        book.count(1, Dimension::Page, TODAY, value, n);
    }
    let conn = ledger::read(book.dir.path()).expect("a ledger");
    let question = Question { site: None, days: 7, top: 2 };
    let report = super::report(&conn, &question, NOON.parse().expect("a time")).expect("a report");
    assert_eq!(named(&report.pages), [("/c", 9), ("/a", 2)]);
}

#[test]
fn today_is_the_day_of_the_site() {
    let book = Book::with_sites(&[("far-east", "Pacific/Auckland"), ("far-west", "Pacific/Honolulu")]);
    let today = |site| book.report(Some(site), 1, NOON).expect("a report").to;
    assert_eq!((today("far-east"), today("far-west")), (date(2026, 11, 25), TODAY), "thirteen hours ahead, ten behind");
}

#[test]
fn all_sites_together_have_each_sites_own_last_days() {
    let book = Book::with_sites(&[("far-east", "Pacific/Auckland"), ("far-west", "Pacific/Honolulu")]);
    let day = |back: i64, of: Date| of.checked_sub(back.days()).expect("a day of this era");
    let east_today = date(2026, 11, 25);
    for (site, today, n) in [(1, east_today, 7), (2, TODAY, 500)] {
        for back in 0..3 {
            book.count(site, Dimension::View, day(back, today), "", n);
            book.count(site, Dimension::Page, day(back, today), "/", n);
        }
    }
    for days in [1, 2] {
        let report = book.report(None, days, NOON).expect("a report");
        let alone = |site| book.report(Some(site), days, NOON).expect("a report").views;
        assert_eq!(report.views, alone("far-east") + alone("far-west"), "{days} days of all are those of each");
        assert_eq!(named(&report.pages), [("/", u64::from(days) * 507)]);
        assert_eq!(
            (report.from, report.to),
            (day(i64::from(days) - 1, TODAY), east_today),
            "from the first to the last"
        );
    }
    let by_date: Vec<_> = book.report(None, 2, NOON).expect("a report").days.iter().map(|day| day.views).collect();
    assert_eq!(by_date, [500, 507, 7], "added by their date");
}

#[test]
fn damage_that_shows_when_it_is_read_is_told_with_what_to_do() {
    let book = Book::with_sites(&[("shop", "UTC")]);
    for n in 0..2_000 {
        book.count(1, Dimension::Page, TODAY, &format!("/some/longer/path/{n}"), 1);
    }
    book.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("all of it is in the file");
    let file = book.dir.path().join("ledger.db");
    let mut bytes = std::fs::read(&file).expect("the file");
    // The first pages have the schema and the sites; what is behind them is mostly counts.
    bytes.iter_mut().skip(4096 * 40).for_each(|byte| *byte = 0x5a);
    std::fs::write(&file, bytes).expect("written");
    let conn = ledger::read(book.dir.path()).expect("what tells that it is a ledger is whole");
    let question = Question { site: None, days: 7, top: 10 };
    let error = super::report(&conn, &question, NOON.parse().expect("a time")).expect_err("the counts are damaged");
    let words = format!("{:#}", anyhow::Error::new(error));
    assert!(words.contains("ledger.db is damaged (") && words.contains("inlay ledger repair"), "{words}");
    assert_eq!(words.matches("malformed").count(), 1, "said once: {words}");
}

#[test]
fn all_sites_are_added_up_by_date_and_value() {
    let book = Book::with_sites(&[("shop", "UTC"), ("blog", "Asia/Tokyo")]);
    for site in [1, 2] {
        book.count(site, Dimension::View, TODAY, "", 10);
        book.count(site, Dimension::Page, TODAY, "/", 10);
        book.count(site, Dimension::Page, TODAY, &format!("/{site}"), 1);
    }
    let report = book.report(None, 3, NOON).expect("a report");
    assert_eq!((report.site, report.views), (None, 20));
    assert_eq!(named(&report.pages), [("/", 20), ("/1", 1), ("/2", 1)]);
    assert_eq!(book.report(Some("blog"), 3, NOON).expect("a report").views, 10, "one of them alone");
}

#[test]
fn the_last_48_hours_have_no_gaps() {
    let book = Book::with_sites(&[("shop", "UTC")]);
    let now: Timestamp = NOON.parse().expect("a time");
    let hour = now.as_second() / 3600;
    for (hour, views) in [(hour, 5), (hour - 47, 7), (hour - 48, 100)] {
        book.conn.execute("INSERT INTO hours VALUES(1, ?1, ?2, 1)", (hour, views)).expect("a row");
    }
    let hours = book.report(None, 2, NOON).expect("a report").hours;
    let at: Vec<_> = hours.iter().map(|period| period.at).collect();
    assert_eq!(at, (hour - 47..=hour).collect::<Vec<_>>(), "one for each");
    let (first, last) = (hours.first().expect("48 hours"), hours.last().expect("48 hours"));
    assert_eq!((first.views, last.views, last.bots), (7, 5, 1), "the one before is not among them");
}

#[test]
fn the_hours_of_one_day_begin_with_the_day_of_the_sites_clock() {
    let book = Book::with_sites(&[("shop", "UTC"), ("berlin", "Europe/Berlin")]);
    let now: Timestamp = NOON.parse().expect("a time");
    let hour = now.as_second() / 3600;
    let hours =
        |site| book.report(site, 1, NOON).expect("a report").hours.iter().map(|hour| hour.at).collect::<Vec<_>>();
    assert_eq!(hours(Some("shop")), (hour - hour % 24..=hour).collect::<Vec<_>>(), "from midnight to now");
    assert_eq!(hours(Some("berlin")), (hour - hour % 24 - 1..=hour).collect::<Vec<_>>(), "midnight is an hour earlier");
    assert_eq!(hours(None), hours(Some("berlin")), "all sites together begin with the earliest");
}

#[test]
fn a_ledger_without_views_gives_an_empty_report() {
    let book = Book::with_sites(&[("shop", "UTC")]);
    let report = book.report(Some("shop"), 7, NOON).expect("a report");
    assert!(report.is_empty() && report.days.len() == 7, "seven days of nothing");
    assert!(Book::with_sites(&[]).report(None, 7, NOON).expect("a report").is_empty(), "nor without sites");
}

#[test]
fn an_unknown_site_is_answered_with_the_names_there_are() {
    let words = |sites: &[(&str, &str)], asked| {
        Book::with_sites(sites).report(Some(asked), 7, NOON).expect_err("there is no such site").to_string()
    };
    let two = [("shop", "UTC"), ("blog", "UTC")];
    for (sites, asked, expected) in [
        (&two[..], "shpo", "there is no site `shpo` in this ledger, did you mean `shop`? There are: `blog`, `shop`"),
        (&two, "elsewhere", "there is no site `elsewhere` in this ledger: there are `blog`, `shop`"),
        (&two[..1], "Shop", "there is no site `Shop` in this ledger, did you mean `shop`?"),
        (&two[..1], "elsewhere", "there is no site `elsewhere` in this ledger: there is only `shop`"),
        (&[], "shop", "there is no site `shop` in this ledger: there is none at all yet"),
    ] {
        assert_eq!(words(sites, asked), expected);
    }
}

#[test]
fn a_zone_that_nobody_knows_is_named() {
    let error = Book::with_sites(&[("shop", "Mars/Olympus")]).report(None, 7, NOON).expect_err("no such zone");
    assert!(error.to_string().contains("`shop` are those of the time zone `Mars/Olympus`"), "{error}");
}

#[test]
fn a_report_does_not_wait_for_a_writer_in_the_middle_of_its_work() {
    let book = Book::with_sites(&[("shop", "UTC")]);
    book.count(1, Dimension::View, TODAY, "", 1);
    book.conn.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    book.count(1, Dimension::View, TODAY, "", 1);
    assert_eq!(book.report(None, 1, NOON).expect("a report").views, 1, "what is not committed is not seen");
    book.conn.execute_batch("COMMIT").expect("committed");
    assert_eq!(book.report(None, 1, NOON).expect("a report").views, 2, "what is, at once");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn whatever_the_days_sums_are_those_of_the_days(
        rows in prop::collection::vec((-400i64..5, 0u8..12, 1u64..1_000), 0..120),
        days in 1u32..420,
    ) {
        let book = Book::with_sites(&[("shop", "UTC")]);
        let mut expected = std::collections::BTreeMap::new();
        for (offset, value, n) in rows {
            let day = TODAY.checked_add(offset.days()).expect("a day of this era");
            let value = format!("/{value}");
            book.count(1, Dimension::View, day, "", n);
            book.count(1, Dimension::Page, day, &value, n);
            if (-i64::from(days) + 1..=0).contains(&offset) {
                *expected.entry(value).or_insert(0) += n;
            }
        }
        let report = book.report(None, days, NOON).expect("a report");
        prop_assert_eq!(report.views, expected.values().sum::<u64>(), "views of all days");
        let mut expected: Vec<_> = expected.into_iter().map(|(value, n)| Count { value, n }).collect();
        expected.sort_by(|one, other| other.n.cmp(&one.n).then_with(|| one.value.cmp(&other.value)));
        expected.truncate(10);
        prop_assert_eq!(report.pages, expected);
    }
}
