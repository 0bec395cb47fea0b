//! `kill -9` under load: what was committed is there, whole, and the counts agree.

use std::process::{Child, Command, Stdio};

use super::*;

/// Where the process that is to be killed has its ledger.
const DIR: &str = "INLAY_TEST_CRASH_DIR";

/// Not a test by itself: the process that the test below starts and kills.
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

fn start(dir: &Path) -> Child {
    let test = std::env::current_exe().expect("this test's binary");
    let name =
        format!("{}::the_process_that_is_killed", module_path!().split_once("::").expect("a crate and a path").1);
    let mut command = Command::new(test);
    command.args(["--exact", &name, "--test-threads=1"]).env(DIR, dir).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("starts")
}

#[test]
fn after_kill_9_under_load_rows_and_counts_agree_ten_times() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut seen = 0;
    for round in 0..10 {
        let mut child = start(dir.path());
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
