//! The ledger as a whole, through its public face: hits in, tables out. Tests of single parts stand beside them.

mod beside;
mod crash;
mod damaged;
mod errands;
mod file;
mod full;
mod handover;
mod lost;
mod merge;
mod model;
mod not_repaired;
mod outbox;
mod owner;
mod record;
pub(super) mod repair;
mod retention;
mod versions;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::*;
use crate::config::{Compress, Csp, Honor, Host, HostSent, Identity, InFront, Mode, Origin, Paths, Privacy, Site};
use crate::enrich::Exchange;
use crate::event::ViewId;
use crate::inject::Outcome;

/// 2026-11-23T12:00:00Z.
pub(super) const NOON: i64 = 1_795_435_200_000;

pub(super) fn site(name: &str, zone: &str) -> Arc<Site> {
    Arc::new(Site {
        name: name.into(),
        hosts: vec![Host::Name(format!("{name}.example"))],
        origin: Origin { https: false, host: "127.0.0.1".into(), port: 3000 },
        prefix: "/_inlay".into(),
        host: HostSent::Keep,
        tag: true,
        paths: Paths::default(),
        keep_query: vec![],
        timezone: jiff::tz::TimeZone::get(zone).expect("the zone is compiled in"),
        in_front: InFront::Unknown,
        origin_timeout: std::time::Duration::from_secs(60),
        privacy: Privacy {
            identity: Identity::Cookieless,
            honor: Honor { gpc: true, dnt: true },
            retention_days: 90,
            contact: String::new(),
            gpc_json: false,
        },
        tags: vec![],
        compress: Compress::Pass,
        csp: Csp::Adapt,
        mode: Mode::Live,
        percent: 100,
    })
}

/// A clock that stands still.
pub(super) fn at(now_ms: i64) -> Clock {
    Clock::new(move || now_ms)
}

/// A person's view of a path at noon.
pub(super) fn exchange(target: &str) -> Exchange<'_> {
    Exchange {
        ts_ms: NOON,
        view_id: ViewId([7; 16]),
        host: b"shop.example",
        target: target.as_bytes(),
        status: 200,
        origin_us: 12_345,
        referrer: b"",
        user_agent: b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        languages: b"en-GB,en;q=0.5",
    }
}

/// The tagged page of a view.
pub(super) fn page(view: Exchange<'_>) -> Hit<'_> {
    Hit { site: 0, ts_ms: view.ts_ms, outcome: Outcome::Tagged, view: Some(view) }
}

/// A page without a view.
pub(super) fn unseen(outcome: Outcome) -> Hit<'static> {
    Hit { site: 0, ts_ms: NOON, outcome, view: None }
}

pub(super) fn opened(dir: &Path) -> Ledger {
    open(dir, &[site("shop", "UTC")], at(NOON)).expect("the ledger opens")
}

/// Waits for what another thread is about to bring about.
pub(super) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited a minute in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

pub(super) fn offer(ledger: &Ledger, hit: &Hit<'_>) {
    assert_eq!(ledger.recorder().offer(hit), Offered::Queued, "there is room for a hit");
}

/// `value n` of each of a dimension's counts on all days, in the order of values.
pub(super) fn counts(dir: &Path, dimension: Dimension) -> Vec<String> {
    let sql = "SELECT value || ' ' || sum(n) FROM counts WHERE dimension = ?1 GROUP BY value ORDER BY value";
    texts(&raw(dir), sql, dimension.number())
}

/// The file, opened behind the ledger's back.
pub(super) fn raw(dir: &Path) -> Connection {
    Connection::open(dir.join("ledger.db")).expect("the ledger's file opens")
}

pub(super) fn texts(conn: &Connection, sql: &str, arg: i64) -> Vec<String> {
    let mut statement = conn.prepare(sql).expect("the query is right");
    let rows = statement.query_map([arg], |row| row.get(0)).expect("the query runs");
    rows.collect::<Result<_, _>>().expect("the rows are texts")
}

pub(super) fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, [], |row| row.get(0)).expect("the query runs")
}

/// Holds the counts against the rows, and the months against the days: `None` where they agree, else what does not.
pub(super) fn disagreement(conn: &Connection) -> Option<String> {
    // Days of UTC; `NAMED` has a column of events, the number of its dimension and whom it counts.
    const NAMED: [(&str, Dimension, &str); 7] = [
        ("''", Dimension::View, "bot IS NULL"),
        ("bot", Dimension::Bot, "true"),
        ("path", Dimension::Page, "bot IS NULL AND (status BETWEEN 200 AND 299 OR status = 304)"),
        ("referrer_host", Dimension::Referrer, "bot IS NULL"),
        ("utm_campaign", Dimension::Campaign, "bot IS NULL"),
        ("utm_source", Dimension::Source, "bot IS NULL"),
        ("CAST(status AS TEXT)", Dimension::Status, "bot IS NULL"),
    ];
    for (column, dimension, whom) in NAMED {
        let rows = format!(
            "SELECT site, ts / 86400000 AS day, {column} AS value, count(*) AS n FROM events
             WHERE {whom} AND value IS NOT NULL GROUP BY site, day, value"
        );
        let number = dimension.number();
        let counts = format!("SELECT site, day, value, n FROM counts WHERE dimension = {number}");
        for (one, other) in [(&rows, &counts), (&counts, &rows)] {
            let odd = self::number(conn, &format!("SELECT count(*) FROM ({one} EXCEPT {other})"));
            if odd != 0 {
                return Some(format!("{odd} rows of `{one}` are not in `{other}`"));
            }
        }
    }
    let months = "SELECT count(*) FROM (SELECT site, dimension, month, value, n FROM months EXCEPT
        SELECT site, dimension, CAST(strftime('%Y', day * 86400, 'unixepoch') AS INTEGER) * 12
            + CAST(strftime('%m', day * 86400, 'unixepoch') AS INTEGER) - 1 AS month, value, sum(n)
        FROM counts GROUP BY site, dimension, month, value)";
    let hours = "SELECT (SELECT total(views) + total(bots) FROM hours) - (SELECT count(*) FROM events)";
    let outcomes = "SELECT (SELECT total(n) FROM months) - (SELECT total(n) FROM counts)";
    for sum in [months, hours, outcomes] {
        let off: f64 = conn.query_row(sum, [], |row| row.get(0)).expect("the query runs");
        if off != 0.0 {
            return Some(format!("`{sum}` is {off}"));
        }
    }
    None
}

/// Draws numbers below what is asked for. The seed is printed; `INLAY_SEED` repeats it.
pub(super) fn dice() -> impl FnMut(usize) -> usize {
    let given = std::env::var("INLAY_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(rand::random::<u64>);
    println!("INLAY_SEED={seed}");
    let mut random = seed | 1;
    move |below| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize % below
    }
}
