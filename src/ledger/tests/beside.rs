//! What stands beside the ledger's file, the log and the lock, and what stands beside the events: to lose it costs nothing.

use std::fs;

use super::home::lock::Lock;
use super::lost::{paths, record_on, running};
use super::*;

#[test]
fn a_log_that_is_deleted_alone_costs_nothing() {
    for names in [&["ledger.db-wal"][..], &["ledger.db-shm"], &["ledger.db-wal", "ledger.db-shm"]] {
        let dir = tempfile::tempdir().expect("a folder");
        let (ledger, token) = running(dir.path());
        names.iter().for_each(|name| fs::remove_file(dir.path().join(name)).expect("deleted"));
        record_on(&ledger, 0);
        assert!(ledger.tokens().verify(&token) && ledger.health().loss().is_none(), "nothing is lost");
        // As after `kill -9`: what counts is what the names lead to.
        let copy = tempfile::tempdir().expect("a folder");
        for name in ["ledger.db", "ledger.db-wal"] {
            fs::copy(dir.path().join(name), copy.path().join(name)).expect("copied");
        }
        assert_eq!(paths(copy.path()).len(), 6, "{names:?}");
        ledger.close();
        assert_eq!(disagreement(&raw(dir.path())), None);
    }
}

#[test]
fn a_log_whose_file_is_deleted_while_somebody_reads_it_is_left_when_that_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, _) = running(dir.path());
    let reader = read(dir.path()).expect("reads");
    reader.execute_batch("BEGIN; SELECT count(*) FROM events").expect("a transaction");
    offer(&ledger, &page(exchange("/behind-the-reader")));
    wait("the row", || ledger.health().rows() == 6);
    fs::remove_file(dir.path().join("ledger.db-wal")).expect("deleted");
    wait("the trouble", || ledger.health().trouble().is_some_and(|words| words.contains("somebody still reads it")));
    drop(reader);
    record_on(&ledger, 0);
    ledger.close();
    assert_eq!(paths(dir.path()).len(), 7, "what was committed is kept");
}

#[test]
fn a_lock_file_that_is_deleted_is_taken_anew_and_one_that_another_took_is_waited_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, _) = running(dir.path());
    let file = dir.path().join("ledger.lock");
    fs::remove_file(&file).expect("deleted");
    record_on(&ledger, 0);
    fs::remove_file(&file).expect("deleted");
    let other = Lock::take(&file, "process 1 (another)").expect("nobody holds it");
    wait("the trouble", || ledger.health().trouble().is_some_and(|words| words.contains("in use by another process")));
    assert!(!ledger.health().is_open());
    offer(&ledger, &page(exchange("/meanwhile")));
    wait("the drop", || ledger.recorder().dropped(0, DropReason::Ledger) == 1);
    let generation = ledger.health().generation();
    drop(other);
    record_on(&ledger, generation - 1);
    ledger.close();
    assert_eq!(paths(dir.path()).last().map(String::as_str), Some("/after"));
    assert_eq!(counts(dir.path(), Dimension::Dropped), ["ledger 1"], "the drop is counted once");
    assert_eq!(disagreement(&raw(dir.path())), None);
}

#[test]
fn a_script_of_which_nothing_can_be_read_does_not_keep_the_ledger_from_going_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, token) = running(dir.path());
    let damage = "UPDATE scripts SET hash8 = CAST(x'ff' AS TEXT)";
    ledger.errands.run(move |conn| conn.execute(damage, [])).expect("damaged");
    fs::remove_file(dir.path().join("ledger.lock")).expect("deleted");
    record_on(&ledger, 0);
    assert!(ledger.tokens().verify(&token) && ledger.health().loss().is_none());
    ledger.close();
    assert_eq!(paths(dir.path()).len(), 6);
}
