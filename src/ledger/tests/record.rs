//! Hits become rows and counts.

use super::*;
use crate::inject::Reason;

#[test]
fn a_view_is_a_row_and_counts_after_the_close() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let view = Exchange { referrer: b"https://news.example/x?q=1", ..exchange("/p/42?utm_campaign=may&utm_source=nl") };
    offer(&ledger, &page(view));
    offer(&ledger, &page(Exchange { status: 404, ..exchange("/gone") }));
    offer(&ledger, &unseen(Outcome::Skipped(Reason::OptOut)));
    assert_eq!(ledger.close(), Summary { rows: 2, dropped: 0 }, "both views are committed");

    let conn = raw(dir.path());
    let row = "SELECT seq || ' ' || path || ' ' || status || ' ' || referrer || ' ' || utm_campaign || ' ' || origin_us
        FROM events WHERE seq = ?1";
    assert_eq!(texts(&conn, row, 1), ["1 /p/42 200 https://news.example/x may 12345"]);
    assert_eq!(counts(dir.path(), Dimension::View), [" 2"]);
    assert_eq!(counts(dir.path(), Dimension::Page), ["/p/42 1"], "a 404 counts under its status, not its path");
    assert_eq!(counts(dir.path(), Dimension::Status), ["200 1", "404 1"]);
    assert_eq!(counts(dir.path(), Dimension::Referrer), ["news.example 1"]);
    assert_eq!(counts(dir.path(), Dimension::Campaign), ["may 1"]);
    assert_eq!(counts(dir.path(), Dimension::Source), ["nl 1"]);
    assert_eq!(counts(dir.path(), Dimension::Language), ["en 2"]);
    assert_eq!(counts(dir.path(), Dimension::Outcome), ["opt-out 1", "tagged 2"]);
    assert_eq!(number(&conn, "SELECT views FROM hours"), 2);
}

#[test]
fn a_bot_counts_by_its_name_and_nowhere_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let agent = b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    offer(&ledger, &page(Exchange { user_agent: agent, ..exchange("/") }));
    ledger.close();
    assert_eq!(counts(dir.path(), Dimension::Bot), ["Googlebot 1"]);
    for dimension in [Dimension::View, Dimension::Page, Dimension::Status, Dimension::Language] {
        assert!(counts(dir.path(), dimension).is_empty(), "{dimension:?} is of people");
    }
    assert_eq!(number(&raw(dir.path()), "SELECT bots * 10 + views FROM hours"), 10);
}

#[test]
fn what_a_row_lacks_is_null_whatever_the_row_before_had() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let rich =
        Exchange { referrer: b"https://news.example/", ..exchange("/a?utm_campaign=c&utm_term=t&utm_content=x") };
    offer(&ledger, &page(rich));
    offer(&ledger, &page(Exchange { languages: b"", ..exchange("/b") }));
    ledger.close();
    let absent =
        "SELECT count(*) FROM events WHERE seq = 2 AND referrer IS NULL AND referrer_host IS NULL AND language IS NULL
        AND utm_campaign IS NULL AND utm_term IS NULL AND utm_content IS NULL AND bot IS NULL AND path = '/b'";
    assert_eq!(number(&raw(dir.path()), absent), 1);
}

#[test]
fn an_hours_span_tells_about_how_many_bytes_its_rows_take() {
    let dir = tempfile::tempdir().expect("a folder");
    let bytes = || number(&raw(dir.path()), "SELECT bytes FROM spans");
    let with = |target: &str| {
        let ledger = opened(dir.path());
        offer(&ledger, &page(exchange(target)));
        ledger.close();
    };
    with("/a");
    let texts = "/a".len() + "shop.example".len() + "en".len();
    assert_eq!(bytes(), 80 + texts as i64, "its texts, and a fixed part");
    with("/abc");
    assert_eq!(bytes(), 2 * (80 + texts as i64) + 2, "later rows of the hour are added");
}

#[test]
fn one_view_and_then_silence_is_committed_and_readable_beside_the_writer() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let health = ledger.health();
    assert_eq!(health.committed_ms(), None, "nothing was committed yet");
    let recorder = ledger.recorder();
    thread::spawn(move || assert_eq!(recorder.offer(&page(exchange("/lonely"))), Offered::Queued))
        .join()
        .expect("the thread that then falls silent");
    wait("the view's commit", || health.rows() == 1);
    assert_eq!(health.committed_ms(), Some(NOON));
    let reader = read(dir.path()).expect("a running ledger can be read");
    assert_eq!(number(&reader, "SELECT count(*) FROM events WHERE path = '/lonely'"), 1);
    assert!(reader.execute("DELETE FROM events", []).is_err(), "readers cannot write");
}

#[test]
fn closing_loses_nothing_of_what_threads_still_hand_over() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let recorder = ledger.recorder();
            thread::spawn(move || {
                let mut queued = 0;
                // Until the close is felt: from then on every offer is refused.
                while recorder.dropped(0, DropReason::Shutdown) == 0 {
                    if recorder.offer(&page(exchange("/busy"))) == Offered::Queued {
                        queued += 1;
                    }
                }
                queued
            })
        })
        .collect();
    wait("the first commits", || ledger.health().rows() > 0);
    let summary = ledger.close();
    let queued: u64 = threads.into_iter().map(|thread| thread.join().expect("a thread of requests")).sum();
    assert_eq!(summary.rows, queued, "every hit that was taken is a row");
    assert_eq!(number(&raw(dir.path()), "SELECT count(*) FROM events") as u64, queued);
    assert_eq!(disagreement(&raw(dir.path())), None);
}

#[test]
fn a_day_is_the_days_of_the_sites_own_zone() {
    let dir = tempfile::tempdir().expect("a folder");
    let sites = [site("west", "America/Los_Angeles"), site("east", "Asia/Tokyo")];
    let ledger = open(dir.path(), &sites, at(NOON)).expect("opens");
    // 2026-11-30T20:00Z is the 30th in Los Angeles and the 1st of December in Tokyo.
    let ts_ms = NOON + 7 * 86_400_000 + 8 * 3_600_000;
    for site in 0..2 {
        offer(&ledger, &Hit { site, ..page(Exchange { ts_ms, ..exchange("/") }) });
    }
    ledger.close();
    let conn = raw(dir.path());
    let days = "SELECT name || ' ' || date(day * 86400, 'unixepoch') FROM counts JOIN sites ON sites.id = site
        WHERE dimension = ?1 ORDER BY name";
    assert_eq!(texts(&conn, days, Dimension::View.number()), ["east 2026-12-01", "west 2026-11-30"]);
    let months =
        "SELECT name || ' ' || (month / 12) || '-' || (month % 12 + 1) FROM months JOIN sites ON sites.id = site
        WHERE dimension = ?1 ORDER BY name";
    assert_eq!(texts(&conn, months, Dimension::View.number()), ["east 2026-12", "west 2026-11"]);
}

#[test]
fn the_values_that_a_day_tells_apart_are_limited_also_across_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let at_a_time = |paths: std::ops::Range<usize>| {
        let ledger = opened(dir.path());
        for n in paths {
            let target = format!("/{n}");
            let view = exchange(&target);
            while ledger.recorder().offer(&page(view)) == Offered::Full {
                thread::yield_now();
            }
        }
        ledger.close();
    };
    let distinct = "SELECT count(*) FROM counts WHERE dimension = 2 AND value <> '(other)'";
    at_a_time(0..9_999);
    assert_eq!(number(&raw(dir.path()), distinct), 9_999, "room for one more");
    at_a_time(9_998..10_003);
    assert_eq!(number(&raw(dir.path()), distinct), 10_000, "one of the new ones found room");
    let other = "SELECT n FROM counts WHERE dimension = 2 AND value = '(other)'";
    assert_eq!(number(&raw(dir.path()), other), 3, "the rest is (other)");
    at_a_time(5_000..5_001);
    assert_eq!(
        number(&raw(dir.path()), "SELECT n FROM counts WHERE dimension = 2 AND value = '/5000'"),
        2,
        "known ones go on"
    );
    assert_eq!(number(&raw(dir.path()), other), 3);
    assert_eq!(number(&raw(dir.path()), "SELECT sum(n) FROM counts WHERE dimension = 2"), 10_005, "no view is lost");
    assert_eq!(number(&raw(dir.path()), "SELECT n FROM months WHERE dimension = 2 AND value = '(other)'"), 3);
}

#[test]
fn no_user_agent_and_no_query_reaches_the_disk() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let view = Exchange {
        user_agent: b"MARKERagent/1.0",
        referrer: b"https://news.example/?MARKERquery",
        languages: b"en;MARKERlanguage",
        ..exchange("/?id=MARKERid")
    };
    offer(&ledger, &page(view));
    wait("the commit", || ledger.health().rows() == 1);
    for file in std::fs::read_dir(dir.path()).expect("the folder") {
        let path = file.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a file of the ledger");
        let found = bytes.windows(6).any(|bytes| bytes == b"MARKER");
        assert!(!found, "{} holds what was only to be looked at", path.display());
    }
    ledger.close();
}
