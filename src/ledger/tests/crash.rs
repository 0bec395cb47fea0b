//! `kill -9` under load, and while rows expire: what was committed is there, whole, and the counts agree.

use std::process::{Child, Command, Stdio};

use super::*;

/// Where the process that is to be killed has its ledger.
const DIR: &str = "INLAY_TEST_CRASH_DIR";

/// Not a test by itself: the process that the first test below starts and kills.
#[test]
fn the_process_that_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let ledger = opened(Path::new(&dir));
    let recorder = ledger.recorder();
    for n in 0_u64.. {
        let target = format!("/page/{}?utm_source=s{}", n % 3_000, n % 7);
        // Full lanes are as good here: the writer is never idle. The pauses keep the ledger small.
        let _ = recorder.offer(&page(exchange(&target)));
        if n % 50 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Not a test by itself: the process that is killed while it deletes what has passed its time.
#[test]
fn the_process_that_is_killed_while_rows_expire() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let _ledger = open(Path::new(&dir), &[site("shop", "UTC")], at(LATER)).expect("opens");
    loop {
        thread::park();
    }
}

/// When everything of noon's has passed its time.
const LATER: i64 = NOON + 91 * 86_400_000;

fn start(dir: &Path, process: &str) -> Child {
    let test = std::env::current_exe().expect("this test's binary");
    let name = format!("{}::{process}", module_path!().split_once("::").expect("a crate and a path").1);
    let mut command = Command::new(test);
    command.args(["--exact", &name, "--test-threads=1"]).env(DIR, dir).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("starts")
}

#[test]
fn after_kill_9_under_load_rows_and_counts_agree_ten_times() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut seen = 0;
    for round in 0..10 {
        let mut child = start(dir.path(), "the_process_that_is_killed");
        // What a reader has seen is synced, and so has to be there afterwards.
        let (mut reader, enough) = (None, seen + 1 + round * 997);
        wait("some commits", || {
            reader = reader.take().or_else(|| read(dir.path()).ok());
            let rows =
                |conn: &Connection| conn.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0));
            seen = reader.as_ref().and_then(|conn| rows(conn).ok()).unwrap_or(seen);
            seen >= enough
        });
        child.kill().expect("killed");
        child.wait().expect("gone");
        drop(reader);
        opened(dir.path()).close();
        let conn = raw(dir.path());
        let rows = number(&conn, "SELECT count(*) FROM events");
        assert!(rows >= seen, "round {round}: {seen} rows were seen, {rows} are left");
        assert_eq!(
            rows,
            number(&conn, "SELECT value FROM state WHERE name = 'last_seq'"),
            "round {round}: seqs have no gap"
        );
        assert_eq!(disagreement(&conn), None, "round {round}");
    }
}

#[test]
fn after_kill_9_while_rows_expire_each_is_there_or_counted_and_none_can_be_read() {
    const ROWS: i64 = 20_000;
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let recorder = ledger.recorder();
    let view = Exchange { referrer: b"https://news.example/MARKER", ..exchange("/") };
    for _ in 0..ROWS {
        while recorder.offer(&page(view)) == Offered::Full {
            thread::yield_now();
        }
    }
    ledger.close();

    // Who reads an old state keeps the log from being emptied.
    let old = read(dir.path()).expect("reads");
    old.execute_batch("BEGIN").expect("a transaction");
    let left = |conn: &Connection| number(conn, "SELECT count(*) FROM events");
    assert_eq!(left(&old), ROWS);
    for least in [ROWS - 1, ROWS / 2, 0] {
        let mut child = start(dir.path(), "the_process_that_is_killed_while_rows_expire");
        let reader = read(dir.path()).expect("reads");
        wait("rows that expire", || left(&reader) <= least);
        child.kill().expect("killed");
        child.wait().expect("gone");
        let counted = number(&reader, "SELECT coalesce(sum(n), 0) FROM counts WHERE dimension = 8");
        assert_eq!(counted, ROWS - left(&reader), "what is gone is counted, and nothing else");
        let months = number(&reader, "SELECT coalesce(sum(n), 0) FROM months WHERE dimension = 8");
        assert_eq!(months, counted);
    }
    drop(old);

    let holds_it = || {
        let bytes = ["ledger.db", "ledger.db-wal"].map(|name| std::fs::read(dir.path().join(name)).unwrap_or_default());
        bytes.iter().any(|bytes| bytes.windows(6).any(|bytes| bytes == b"MARKER"))
    };
    assert!(holds_it(), "the killed process had no time to overwrite them");
    let ledger = open(dir.path(), &[site("shop", "UTC")], at(LATER)).expect("opens");
    wait("the traces' end", || !holds_it());
    ledger.close();
}
