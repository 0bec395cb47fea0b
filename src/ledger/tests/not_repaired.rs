//! What a repair leaves as it is: copies of the ledger itself, and files that are none.

use std::fs;

use super::repair::{filled, is_right};
use super::*;

#[test]
fn a_copy_of_the_ledger_is_not_brought_back_into_it() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    let copy = dir.path().join("backup.db");
    backup(dir.path(), &copy).expect("a backup");
    let views = || number(&raw(dir.path()), "SELECT sum(n) FROM counts WHERE dimension = 0");
    let before = views();
    let saved = repair_file(&copy, &at(NOON)).expect("saved");
    let words = bring_back(&saved.file, "backup.db", dir.path(), &at(NOON)).expect_err("it is a copy").to_string();
    assert!(words.starts_with("3000 of the events in backup.db are in this ledger already"), "{words}");
    assert_eq!(views(), before, "no view is counted twice");
    is_right(dir.path());
}

#[test]
fn a_file_in_which_nothing_is_a_ledgers_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("notes.txt");
    for bytes in [b"hello world, this is no database".to_vec(), b"no ledger at all ".repeat(2_000)] {
        fs::write(&file, &bytes).expect("written");
        let words = repair_file(&file, &at(NOON)).expect_err("nothing to save").to_string();
        assert!(words.contains("nothing of a ledger could be read of"), "{words}");
        assert_eq!(fs::read(&file).expect("still there"), bytes);
    }
    let theirs = dir.path().join("theirs.db");
    Connection::open(&theirs).and_then(|conn| conn.execute_batch("CREATE TABLE theirs(x)")).expect("their table");
    repair_file(&theirs, &at(NOON)).expect_err("another program's");
    let left: Vec<_> =
        fs::read_dir(dir.path()).expect("the folder").map(|found| found.expect("it").file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left beside them: {left:?}");
}
