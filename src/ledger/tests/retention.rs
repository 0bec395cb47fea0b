//! Raw rows go in time; their counts stay.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

const DAY: i64 = 86_400_000;

fn keeping(name: &str, days: u32) -> Arc<Site> {
    let mut site = Site::clone(&site(name, "UTC"));
    site.privacy.retention_days = days;
    Arc::new(site)
}

fn view_at(site: usize, ts_ms: i64) -> Hit<'static> {
    Hit { site, ..page(Exchange { ts_ms, ..exchange("/") }) }
}

/// `site days-before-noon` of each row that is left.
fn left(dir: &Path) -> Vec<String> {
    let sql = "SELECT site || ' ' || ((?1 - ts) / 86400000) FROM events ORDER BY site, ts";
    texts(&raw(dir), sql, NOON)
}

/// Opens, waits for the pass, closes.
fn pass(dir: &Path, sites: &[Arc<Site>], now_ms: i64, expired: u64) {
    let ledger = open(dir, sites, at(now_ms)).expect("opens");
    wait("the rows that are to go", || ledger.health().expired() == expired);
    ledger.close();
}

#[test]
fn a_row_goes_before_its_ceiling_and_its_counts_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let sites = [keeping("a", 90), keeping("b", 30)];
    let ledger = open(dir.path(), &sites, at(NOON - 200 * DAY)).expect("opens");
    for site in 0..2 {
        for age in [100, 91, 60, 31, 10, 0] {
            offer(&ledger, &view_at(site, NOON - age * DAY));
        }
    }
    ledger.close();
    let views = counts(dir.path(), Dimension::View);

    pass(dir.path(), &sites, NOON, 6);
    assert_eq!(left(dir.path()), ["1 60", "1 31", "1 10", "1 0", "2 10", "2 0"]);
    assert_eq!(counts(dir.path(), Dimension::View), views, "counts are as before");
    assert_eq!(counts(dir.path(), Dimension::Dropped), ["retention 6"], "what went is counted");

    pass(dir.path(), &sites, NOON + 29 * DAY + 23 * 3_600_000 + 1, 3);
    assert_eq!(
        left(dir.path()),
        ["1 31", "1 10", "1 0"],
        "an hour ahead: no row may outlive its ceiling until the next pass"
    );
    pass(dir.path(), &sites, NOON + 365 * DAY, 3);
    assert!(left(dir.path()).is_empty());
    let ledger = open(dir.path(), &sites, at(NOON + 365 * DAY)).expect("opens");
    wait("the spans' end", || number(&raw(dir.path()), "SELECT count(*) FROM spans") == 0);
    ledger.close();
}

#[test]
fn a_seq_is_never_given_twice_even_when_its_row_is_gone() {
    let dir = tempfile::tempdir().expect("a folder");
    let sites = [keeping("a", 1)];
    let ledger = open(dir.path(), &sites, at(NOON)).expect("opens");
    offer(&ledger, &view_at(0, NOON));
    offer(&ledger, &view_at(0, NOON));
    ledger.close();
    pass(dir.path(), &sites, NOON + 3 * DAY, 2);
    let ledger = open(dir.path(), &sites, at(NOON + 3 * DAY)).expect("opens");
    offer(&ledger, &view_at(0, NOON + 3 * DAY));
    ledger.close();
    assert_eq!(number(&raw(dir.path()), "SELECT seq FROM events"), 3);
}

#[test]
fn a_site_that_left_the_configuration_still_has_its_ceiling() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = open(dir.path(), &[keeping("gone", 30)], at(NOON)).expect("opens");
    offer(&ledger, &view_at(0, NOON));
    ledger.close();
    pass(dir.path(), &[keeping("new", 90)], NOON + 31 * DAY, 1);
    assert!(left(dir.path()).is_empty());
    let counted = "SELECT count(*) FROM counts WHERE site = 1 AND dimension = 8 AND value = 'retention' AND n = ?1
        AND day = (SELECT max(day) FROM counts)";
    let counted = raw(dir.path()).query_row(counted, [1], |row| row.get::<_, i64>(0));
    assert_eq!(counted, Ok(1), "and what it lost is counted as its own, on the day of the loss");
}

#[test]
fn a_row_goes_only_together_with_its_count() {
    let dir = tempfile::tempdir().expect("a folder");
    let sites = [keeping("a", 1)];
    let ledger = open(dir.path(), &sites, at(NOON)).expect("opens");
    offer(&ledger, &view_at(0, NOON));
    offer(&ledger, &view_at(0, NOON));
    ledger.close();
    raw(dir.path())
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON months WHEN new.dimension = 8
            BEGIN SELECT raise(ABORT, 'no room for the count'); END",
        )
        .expect("a count that cannot be written");
    let now = Arc::new(AtomicI64::new(NOON + 3 * DAY));
    let clock = Clock::new({
        let now = now.clone();
        move || now.load(Ordering::Relaxed)
    });
    let ledger = open(dir.path(), &sites, clock).expect("opens");
    thread::sleep(Duration::from_millis(100));
    offer(&ledger, &view_at(0, NOON + 3 * DAY));
    wait("a commit behind the failed pass", || ledger.health().rows() == 1);
    assert_eq!((ledger.health().expired(), left(dir.path()).len()), (0, 3), "nothing went");
    let heal = |conn: &mut Connection| conn.execute_batch("DROP TRIGGER full");
    ledger.errands.run(heal).expect("there is room again");
    now.fetch_add(60_000, Ordering::Relaxed);
    wait("the next pass", || ledger.health().expired() == 2);
    ledger.close();
    assert_eq!(counts(dir.path(), Dimension::Dropped), ["retention 2"], "each is counted once");
}

#[test]
fn a_shorter_retention_holds_for_rows_that_are_there_already() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = open(dir.path(), &[keeping("a", 90), keeping("b", 90)], at(NOON)).expect("opens");
    for site in 0..2 {
        offer(&ledger, &view_at(site, NOON - 40 * DAY));
    }
    ledger.close();
    pass(dir.path(), &[keeping("a", 30), keeping("b", 90)], NOON, 1);
    assert_eq!(left(dir.path()), ["2 40"]);
}

#[test]
fn rows_expire_while_the_ledger_runs_and_late_ones_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let now = Arc::new(AtomicI64::new(NOON));
    let clock = Clock::new({
        let now = now.clone();
        move || now.load(Ordering::Relaxed)
    });
    let ledger = open(dir.path(), &[keeping("a", 1), keeping("b", 90)], clock).expect("opens");
    let health = ledger.health();
    for _ in 0..2_500 {
        offer(&ledger, &view_at(0, NOON));
        offer(&ledger, &view_at(1, NOON));
    }
    wait("the commits", || health.rows() == 5_000);
    now.store(NOON + 2 * DAY, Ordering::Relaxed);
    wait("the pass of the hour", || health.expired() == 2_500);
    // An answer that took two days: sweeps have been at its hour.
    offer(&ledger, &view_at(0, NOON));
    wait("the late row's end", || health.expired() == 2_501);
    assert_eq!(ledger.recorder().dropped(0, DropReason::Retention), 2_501);
    ledger.close();
    assert_eq!(
        number(&raw(dir.path()), "SELECT count(*) FROM events WHERE site = 2"),
        2_500,
        "the other site's rows stay"
    );
    assert_eq!(counts(dir.path(), Dimension::View), [" 5001"]);
}

#[test]
fn an_expired_row_is_overwritten_in_the_file_and_in_the_log() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = open(dir.path(), &[keeping("a", 1)], at(NOON)).expect("opens");
    let view = Exchange { referrer: b"https://news.example/MARKER", ..exchange("/") };
    offer(&ledger, &page(view));
    ledger.close();
    let ledger = open(dir.path(), &[keeping("a", 1)], at(NOON + 3 * DAY)).expect("opens");
    wait("the row's end", || ledger.health().expired() == 1);
    let holds_it = || {
        ["ledger.db", "ledger.db-wal"].iter().any(|name| {
            let bytes = std::fs::read(dir.path().join(name)).unwrap_or_default();
            bytes.windows(6).any(|bytes| bytes == b"MARKER")
        })
    };
    wait("the traces' end", || !holds_it());
    ledger.close();
}
