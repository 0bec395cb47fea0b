//! When hits cannot be recorded: they are dropped and counted, and pages are not held.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Lets the file have no more pages than it has.
fn fill_the_disk(ledger: &Ledger) {
    let limit = |conn: &mut Connection| {
        let pages: i64 = conn.pragma_query_value(None, "page_count", |row| row.get(0))?;
        conn.pragma_update(None, "max_page_count", pages)
    };
    ledger.errands.run(limit).expect("sets the limit");
}

#[test]
fn a_full_disk_drops_hits_counts_them_and_the_ledger_recovers_by_itself() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let (recorder, health) = (ledger.recorder(), ledger.health());
    fill_the_disk(&ledger);
    let (mut offered, mut at) = (0, 0);
    wait("a commit that fails", || {
        for _ in 0..100 {
            at += 1;
            if recorder.offer(&page(exchange(&format!("/{}/{at}", "long".repeat(100))))) == Offered::Queued {
                offered += 1;
            }
        }
        health.trouble().is_some()
    });
    assert!(health.trouble().is_some_and(|words| words.contains("full")), "{:?}", health.trouble());
    wait("the drops", || recorder.dropped(0, DropReason::Ledger) > 0);

    let unlimited = |conn: &mut Connection| conn.pragma_update(None, "max_page_count", i64::from(i32::MAX));
    ledger.errands.run(unlimited).expect("sets the limit");
    wait("the recovery", || {
        if recorder.offer(&page(exchange("/after"))) == Offered::Queued {
            offered += 1;
        }
        health.trouble().is_none()
    });
    let dropped = recorder.dropped(0, DropReason::Ledger);
    let rows = ledger.close().rows;
    assert_eq!(rows + dropped, offered, "every hit is a row or counted as dropped");
    assert_eq!(counts(dir.path(), Dimension::Dropped).join(", "), format!("ledger {dropped}"), "the counts say so too");
    assert_eq!(disagreement(&raw(dir.path())), None, "nothing of a failed batch is left");
}

/// Offers until commits fail, and on until the ledger holds nothing more.
fn until_it_fails(ledger: &Ledger) {
    let mut at = 0;
    wait("a commit that fails", || {
        for _ in 0..100 {
            at += 1;
            let _ = ledger.recorder().offer(&page(exchange(&format!("/{}/{at}", "long".repeat(100)))));
        }
        ledger.health().trouble().is_some()
    });
}

fn dropped_counts(dir: &Path) -> i64 {
    number(&raw(dir), "SELECT coalesce(sum(n), 0) FROM counts WHERE dimension = 8")
}

#[test]
fn a_full_disk_is_trouble_though_counts_of_drops_find_room() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let (recorder, health) = (ledger.recorder(), ledger.health());
    offer(&ledger, &page(exchange("/")));
    wait("the first commit", || health.rows() == 1);
    fill_the_disk(&ledger);
    until_it_fails(&ledger);
    wait("the drops' commit", || {
        let dropped = recorder.dropped(0, DropReason::Ledger) + recorder.dropped(0, DropReason::QueueFull);
        dropped > 0 && dropped_counts(dir.path()) == dropped as i64
    });
    assert!(health.trouble().is_some(), "rows find no room: {:?}", health.trouble());
    ledger.close();
}

#[test]
fn a_ledger_that_nobody_visits_finds_out_by_itself_that_there_is_room_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let health = ledger.health();
    fill_the_disk(&ledger);
    until_it_fails(&ledger);
    // Longer than it waits before it tries.
    thread::sleep(Duration::from_secs(7));
    assert!(health.trouble().is_some(), "it is as full as before");
    let unlimited = |conn: &mut Connection| conn.pragma_update(None, "max_page_count", i64::from(i32::MAX));
    ledger.errands.run(unlimited).expect("sets the limit");
    wait("the recovery", || health.trouble().is_none());
    ledger.close();
    let conn = raw(dir.path());
    assert_eq!(disagreement(&conn), None);
    let probes = number(&conn, "SELECT count(*) FROM events WHERE length(id) <> 16");
    assert_eq!(probes, 0, "what it tried with is gone");
    assert_eq!(
        number(&conn, "SELECT coalesce(max(seq), 0) FROM events"),
        number(&conn, "SELECT value FROM state WHERE name = 'last_seq'"),
        "and took no seq"
    );
}

#[test]
fn full_lanes_refuse_at_once_and_what_they_refused_is_counted() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let recorder = ledger.recorder();
    // The writer is held up until the lanes are full.
    let (go, held) = std::sync::mpsc::sync_channel::<()>(0);
    let errands = ledger.errands.clone();
    let holder = thread::spawn(move || errands.run(move |_| Ok(held.recv())).map(drop).expect("holds the writer up"));
    let mut queued = 0;
    while recorder.offer(&page(exchange("/flood"))) == Offered::Queued {
        queued += 1;
    }
    assert!(queued > 0, "lanes hold something");
    assert_eq!(recorder.dropped(0, DropReason::QueueFull), 1);
    go.send(()).expect("the writer waits");
    holder.join().expect("the writer goes on");
    assert_eq!(ledger.close(), Summary { rows: queued, dropped: 1 });
    assert_eq!(counts(dir.path(), Dimension::Dropped), ["queue-full 1"]);
}

#[test]
fn a_defect_costs_the_batch_in_hand_and_not_the_recording() {
    let dir = tempfile::tempdir().expect("a folder");
    let armed = Arc::new(AtomicBool::new(false));
    let clock = Clock::new({
        let armed = armed.clone();
        move || if armed.swap(false, Ordering::Relaxed) { panic!("a defect, on purpose") } else { NOON }
    });
    let ledger = open(dir.path(), &[site("shop", "UTC")], clock).expect("opens");
    let (recorder, health) = (ledger.recorder(), ledger.health());
    offer(&ledger, &page(exchange("/before")));
    armed.store(true, Ordering::Relaxed);
    wait("the defect", || health.trouble().is_some_and(|words| words.contains("a defect")));
    offer(&ledger, &page(exchange("/after")));
    wait("the recovery", || health.trouble().is_none());
    let dropped = recorder.dropped(0, DropReason::Ledger);
    let rows = ledger.close().rows;
    assert_eq!(rows + dropped, 2, "both hits are accounted for");
    assert_eq!(number(&raw(dir.path()), "SELECT count(*) FROM events WHERE path = '/after'"), 1);
    assert_eq!(disagreement(&raw(dir.path())), None);
}

#[test]
fn hits_after_the_close_are_counted_as_such() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let recorder = ledger.recorder();
    ledger.close();
    assert_eq!(recorder.offer(&page(exchange("/late"))), Offered::Full);
    assert_eq!(recorder.dropped(0, DropReason::Shutdown), 1);
}

#[test]
fn an_errand_after_the_close_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let tokens = ledger.tokens();
    ledger.close();
    assert!(matches!(tokens.list(), Err(TokenError::Write(WriteError::Closed))));
}

#[test]
fn the_log_stays_short_under_load() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let (recorder, health) = (ledger.recorder(), ledger.health());
    let target = format!("/{}", "x".repeat(1000));
    let mut queued = 0;
    // Some 40 MB of rows.
    while queued < 40_000 {
        match recorder.offer(&page(exchange(&target))) {
            Offered::Queued => queued += 1,
            Offered::Full => thread::yield_now(),
        }
    }
    wait("the last commit", || health.rows() == queued);
    let log = std::fs::metadata(dir.path().join("ledger.db-wal")).expect("the log").len();
    assert!(log < 32 << 20, "the log has {log} bytes");
    ledger.close();
}

#[test]
fn the_log_stays_short_also_where_errands_alone_make_it_grow() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    for n in 0..60 {
        let grow = "INSERT INTO scripts(hash8, body) VALUES(?1, randomblob(1000000))";
        ledger.errands.run(move |conn| conn.execute(grow, [n.to_string()])).expect("written");
        let log = std::fs::metadata(dir.path().join("ledger.db-wal")).expect("the log").len();
        // As long as it may become, and so many errands as are done in a row.
        assert!(log < 40 << 20, "the log has {log} bytes");
    }
    ledger.close();
}
