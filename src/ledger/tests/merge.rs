//! A file that was set aside comes back into the ledger that went on.

use std::fs;

use super::repair::{ROWS, change, destroy, filled, is_right, pages_of, rows_of};
use super::*;

#[test]
fn a_file_that_was_set_aside_is_brought_back_into_the_ledger_that_went_on_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let token = filled(dir.path());
    let pages = pages_of(dir.path(), "events");
    let views = |dir: &Path| number(&raw(dir), "SELECT sum(n) FROM counts WHERE dimension = 0");
    change(&dir.path().join("ledger.db"), |bytes| destroy(bytes, pages[9]));
    let ledger = start(dir.path(), &[site("blog", "UTC")], at(NOON)).expect("starts");
    (0..10).for_each(|n| offer(&ledger, &page(exchange(&format!("/after/{n}")))));
    wait("the rows", || ledger.health().rows() == 10);
    let aside = dir.path().join("ledger.db.damaged-20261123T120000");
    let saved = repair_file(&aside, &at(NOON)).expect("saved beside the running one");
    let back = |file: &Path| bring_back(file, "ledger.db.damaged-20261123T120000", dir.path(), &at(NOON));
    assert!(matches!(back(&saved.file), Err(RepairError::Open(OpenError::Held { .. }))), "not while it runs");
    ledger.close();
    assert_eq!(views(dir.path()), 10);

    let (rows, _) = rows_of(&saved, "events");
    assert_eq!(back(&saved.file).expect("brought back"), BroughtBack { events: rows, moved: 0 });
    is_right(dir.path());
    assert_eq!(views(dir.path()), ROWS + 10, "every view that was ever counted");
    assert_eq!(number(&raw(dir.path()), "SELECT count(*) FROM events"), rows + 10);
    assert_eq!(number(&raw(dir.path()), "SELECT sum(n) FROM counts WHERE dimension = 0 AND site = 2"), ROWS / 3 + 10);
    let again = back(&saved.file).expect_err("only once").to_string();
    assert!(again.contains("was brought back into this ledger on 2026-11-23 at 12:00 UTC"), "{again}");
    let ledger = opened(dir.path());
    assert!(ledger.tokens().verify(&token));
    ledger.close();
}

#[test]
fn rows_whose_seqs_were_given_again_come_back_below_them() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    fs::rename(dir.path().join("ledger.db"), dir.path().join("old.db")).expect("set aside by hand");
    let ledger = opened(dir.path());
    for n in 0..10 {
        offer(&ledger, &page(Exchange { view_id: ViewId([9; 16]), ..exchange(&format!("/after/{n}")) }));
    }
    ledger.close();
    let saved = repair_file(&dir.path().join("old.db"), &at(NOON)).expect("saved");
    let back = bring_back(&saved.file, "old.db", dir.path(), &at(NOON)).expect("brought back");
    assert_eq!(back, BroughtBack { events: ROWS, moved: 10 });
    is_right(dir.path());
    let conn = raw(dir.path());
    assert_eq!(number(&conn, "SELECT count(*) FROM events WHERE seq > 0"), ROWS, "seqs that were not given again stay");
    assert_eq!(texts(&conn, "SELECT path FROM events WHERE seq < ?1 ORDER BY seq LIMIT 2", 0), ["/page/0", "/page/1"]);
    assert_eq!(number(&conn, "SELECT count(*) FROM events WHERE path LIKE '/after/%' AND seq <= 10"), 10);
}
