//! Errands that share a transaction: each is undone alone, and all are told the truth.

use std::sync::mpsc::sync_channel;

use super::*;

type Work = fn(&Connection) -> rusqlite::Result<()>;

/// Has all of this done in one transaction, in this order: the writer is held up until it waits.
fn together(ledger: &Ledger, works: &[Work]) -> Vec<Result<(), WriteError>> {
    let ((go, held), (begun, began)) = (sync_channel::<()>(0), sync_channel(1));
    let hold = move |_: &mut Connection| Ok(begun.send(()).is_ok() && held.recv().is_ok());
    let errands = ledger.errands.clone();
    let holder = thread::spawn(move || errands.run(hold).expect("the writer is held up"));
    began.recv().expect("it begins");
    let waiting: Vec<_> = works.iter().map(|work| ledger.errands.leave(*work).expect("the ledger is open")).collect();
    go.send(()).expect("the writer waits");
    holder.join().expect("the writer goes on");
    waiting.into_iter().map(|waiting| waiting.recv().unwrap_or(Err(WriteError::Lost))).collect()
}

fn hurried(dir: &Path) -> Ledger {
    let ledger = opened(dir);
    ledger.hurry();
    ledger
}

fn note(conn: &Connection, name: &str) -> rusqlite::Result<()> {
    conn.execute("INSERT INTO state(name, value) VALUES(?1, 0)", [name]).map(drop)
}

/// What was noted, in the order of names.
fn noted(dir: &Path) -> Vec<String> {
    texts(&raw(dir), "SELECT name FROM state WHERE name <> 'last_seq' AND value = ?1 ORDER BY name", 0)
}

#[test]
fn an_errand_that_fails_undoes_nothing_of_its_neighbours() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = hurried(dir.path());
    let half: Work = |conn| {
        note(conn, "half")?;
        note(conn, "half")
    };
    let told = together(&ledger, &[|conn| note(conn, "a"), half, |conn| note(conn, "c")]);
    assert!(matches!(told.as_slice(), [Ok(()), Err(WriteError::Sqlite(_)), Ok(())]), "{told:?}");
    assert_eq!(noted(dir.path()), ["a", "c"]);
}

#[test]
fn when_the_commit_fails_all_are_told_and_nothing_is_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = hurried(dir.path());
    // That it refers to nothing is found out at the commit.
    let deferred: Work = |conn| {
        conn.execute_batch("PRAGMA defer_foreign_keys = ON")?;
        conn.execute("INSERT INTO dead_letters(seq, sink, died, answer) VALUES(7, 7, 0, '')", []).map(drop)
    };
    let told = together(&ledger, &[|conn| note(conn, "a"), deferred, |conn| note(conn, "c")]);
    assert!(told.iter().all(|told| matches!(told, Err(WriteError::Sqlite(_)))), "{told:?}");
    assert!(noted(dir.path()).is_empty());
    assert!(together(&ledger, &[|conn| note(conn, "later")])[0].is_ok(), "the next ones are none the worse");
}

#[test]
fn when_an_error_ends_the_transaction_all_are_told_and_nothing_is_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = hurried(dir.path());
    // As SQLite does by itself on some errors, such as a full disk.
    let ending: Work = |conn| {
        conn.execute_batch("ROLLBACK")?;
        Err(rusqlite::Error::ExecuteReturnedResults)
    };
    let told = together(&ledger, &[|conn| note(conn, "a"), ending, |conn| note(conn, "c")]);
    assert!(told.iter().all(Result::is_err), "{told:?}");
    assert!(
        noted(dir.path()).is_empty(),
        "{:?} is written, and whoever wanted it was told that it is not",
        noted(dir.path())
    );
    assert!(together(&ledger, &[|conn| note(conn, "later")])[0].is_ok(), "the next ones are none the worse");
}

#[test]
fn a_defect_in_an_errand_does_not_close_the_ledger_for_its_neighbours() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = hurried(dir.path());
    let told = together(&ledger, &[|conn| note(conn, "a"), |_| panic!("a defect, on purpose"), |conn| note(conn, "c")]);
    assert!(told.iter().all(|told| matches!(told, Err(WriteError::Lost))), "{told:?}");
    assert!(noted(dir.path()).is_empty());
    assert!(together(&ledger, &[|conn| note(conn, "later")])[0].is_ok(), "the ledger goes on");
    let errands = ledger.errands.clone();
    ledger.close();
    assert!(matches!(errands.share(|_| Ok(())), Err(WriteError::Closed)));
}
