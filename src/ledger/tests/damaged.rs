//! What a start does with a ledger that cannot be used: pages do not wait for it.

use std::fs;
use std::os::unix::fs::FileExt;

use super::*;

/// A closed ledger with rows and a token.
fn filled(dir: &Path) -> String {
    let ledger = opened(dir);
    let token = ledger.tokens().create("laptop").expect("made");
    for n in 0..2_000 {
        offer(&ledger, &page(exchange(&format!("/page/{n}"))));
    }
    ledger.close();
    token
}

fn started(dir: &Path) -> Ledger {
    start(dir, &[site("shop", "UTC")], at(NOON)).expect("it starts whatever the file is like")
}

fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).expect("the file");
    change(&mut bytes);
    fs::write(file, bytes).expect("written");
}

type Damage = fn(&mut Vec<u8>);

/// Each with whether the small tables can be read after it.
const DAMAGES: [(&str, bool, Damage); 5] = [
    ("rows are overwritten", true, |bytes| bytes[4096 * 40..4096 * 60].fill(0x5a)),
    ("its end is missing", true, |bytes| bytes.truncate(bytes.len() / 2)),
    ("its beginning is overwritten", true, |bytes| bytes[..64].fill(0)),
    ("it is something else", false, |bytes| *bytes = b"no ledger at all, but rather long ".repeat(200)),
    ("its mark has a flipped bit", true, |bytes| bytes[68] ^= 4),
];

#[test]
fn a_damaged_ledger_is_set_aside_and_what_must_go_on_does() {
    for (what, readable, damage) in DAMAGES {
        let dir = tempfile::tempdir().expect("a folder");
        let token = filled(dir.path());
        change(&dir.path().join("ledger.db"), damage);
        let damaged = fs::read(dir.path().join("ledger.db")).expect("the file");
        let ledger = started(dir.path());
        offer(&ledger, &page(exchange("/after")));
        wait("the row", || ledger.health().rows() == 1 && ledger.health().trouble().is_none());
        let said = ledger.health().loss().expect("it is told");
        assert!(said.contains("inlay ledger repair ledger.db.damaged-20261123T120000"), "{what}: {said}");
        assert_eq!(said.contains("Not to be read were: sites, retention, tokens"), !readable, "{what}: {said}");
        assert_eq!(ledger.tokens().verify(&token), readable, "{what}");
        assert!(ledger.tokens().ever_made(), "{what}: the owner's side wants a token as before");
        ledger.close();
        let aside = dir.path().join("ledger.db.damaged-20261123T120000");
        assert!(fs::read(&aside).expect("it is kept") == damaged, "{what}: it is as it was");
        let seq = number(&raw(dir.path()), "SELECT max(seq) FROM events");
        assert_eq!(seq, if readable { 2_001 } else { 1 }, "{what}: no seq is given twice, where it can be known");
        started(dir.path()).close();
    }
}

#[test]
fn bits_flipped_anywhere_keep_no_start_from_recording() {
    let mut next = dice();
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    let whole = fs::read(dir.path().join("ledger.db")).expect("the file");
    for round in 0..25 {
        let dir = tempfile::tempdir().expect("a folder");
        let mut bytes = whole.clone();
        for _ in 0..=round % 4 {
            // Bits of the schema's version say that the ledger is a newer Inlay's; that is refused.
            let at =
                std::iter::repeat_with(|| next(whole.len())).find(|at| !(60..64).contains(at)).expect("one of them");
            bytes[at] ^= 1 << next(8);
        }
        fs::write(dir.path().join("ledger.db"), bytes).expect("written");
        let ledger = started(dir.path());
        offer(&ledger, &page(exchange("/after")));
        let mut told = String::new();
        wait(&format!("the row of round {round}"), || {
            if let Some(trouble) = ledger.health().trouble().filter(|trouble| *trouble != told) {
                println!("round {round}: {trouble}");
                told = trouble;
                // What came before was dropped, and is counted.
                offer(&ledger, &page(exchange("/after")));
            }
            ledger.health().rows() > 0
        });
        ledger.close();
        let conn = raw(dir.path());
        assert_eq!(number(&conn, "SELECT min(1, count(*)) FROM events WHERE path = '/after'"), 1, "round {round}");
    }
}

#[test]
fn a_table_of_tokens_that_damage_made_look_empty_lets_nobody_in() {
    let lost: [fn(&mut [u8]); 3] = [
        // The second half of the page, as where a file is cut within it; the number of its rows; all of it.
        |page| page[2048..].fill(0),
        |page| page[3..5].fill(0),
        |page| page.fill(0),
    ];
    for lose in lost {
        let dir = tempfile::tempdir().expect("a folder");
        filled(dir.path());
        let root = number(&raw(dir.path()), "SELECT rootpage FROM sqlite_schema WHERE name = 'tokens'") as usize;
        change(&dir.path().join("ledger.db"), |bytes| {
            lose(&mut bytes[(root - 1) * 4096..root * 4096]);
            // That alone might not be found at the start.
            bytes.truncate(bytes.len() - 4096);
        });
        let ledger = started(dir.path());
        offer(&ledger, &page(exchange("/after")));
        wait("the row", || ledger.health().rows() == 1);
        assert!(ledger.tokens().ever_made(), "there was one");
        assert!(ledger.health().loss().is_some_and(|words| words.contains("tokens")), "{:?}", ledger.health().loss());
        ledger.close();
    }
}

#[test]
fn an_empty_file_with_a_log_is_set_aside_and_one_without_is_none() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("ledger.db"), "").expect("written");
    started(dir.path()).close();
    assert_eq!(number(&raw(dir.path()), "SELECT value FROM state"), 0, "a ledger has begun");
    fs::write(dir.path().join("ledger.db"), "").expect("written");
    fs::write(dir.path().join("ledger.db-wal"), "frames").expect("written");
    started(dir.path()).close();
    let log = dir.path().join("ledger.db.damaged-20261123T120000-wal");
    assert_eq!(fs::read(log).expect("the log is kept"), b"frames");
}

#[test]
fn a_folder_that_cannot_be_had_is_waited_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    fs::write(&data, "in its place").expect("written");
    let ledger = started(&data);
    let words = ledger.scripts(vec![Script { hash8: "aa".into(), body: vec![] }]).expect_err("not open").to_string();
    assert!(words.contains("the ledger is not open: the data folder cannot be used"), "{words}");
    offer(&ledger, &page(exchange("/dropped")));
    wait("the drop", || ledger.recorder().dropped(0, DropReason::Ledger) == 1);
    let trouble = ledger.health().trouble().expect("it is told");
    assert!(!trouble.contains(&*dir.path().to_string_lossy()), "no path for everybody: {trouble}");
    fs::remove_file(&data).expect("removed");
    wait("the ledger", || ledger.health().is_open() && ledger.health().trouble().is_none());
    offer(&ledger, &page(exchange("/recorded")));
    assert_eq!(ledger.close(), Summary { rows: 1, dropped: 1 });
    assert_eq!(counts(&data, Dimension::Dropped), ["ledger 1"]);
    assert_eq!(number(&raw(&data), "SELECT count(*) FROM scripts"), 1, "what was said at the start is kept now");
}

#[test]
fn while_it_is_not_known_whether_there_is_a_token_nobody_is_let_in_without_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let token = filled(dir.path());
    // The lock cannot be had: its name leads to a folder.
    fs::remove_file(dir.path().join("ledger.lock")).expect("removed");
    fs::create_dir(dir.path().join("ledger.lock")).expect("made");
    let ledger = started(dir.path());
    assert!(ledger.tokens().verify(&token), "the file can be read");
    ledger.close();
    let file = fs::OpenOptions::new().write(true).open(dir.path().join("ledger.db")).expect("opens");
    file.write_all_at(&[0; 100], 0).expect("written");
    let ledger = started(dir.path());
    assert!(ledger.tokens().ever_made() && !ledger.tokens().verify(&token), "it cannot");
    ledger.close();
}

#[test]
fn a_crash_between_two_names_of_files_costs_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let token = filled(dir.path());
    fs::rename(dir.path().join("ledger.db"), dir.path().join("ledger.db.new")).expect("renamed");
    let ledger = started(dir.path());
    assert!(ledger.tokens().verify(&token), "the finished one is taken");
    ledger.close();
    fs::write(dir.path().join("ledger.db.new"), "half a ledger").expect("written");
    started(dir.path()).close();
    assert!(!dir.path().join("ledger.db.new").exists(), "an unfinished one is removed");
}

#[test]
fn what_is_anothers_or_a_newer_inlays_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    raw(dir.path()).execute_batch("CREATE TABLE theirs(x)").expect("their table");
    assert!(start(dir.path(), &[], at(NOON)).is_err_and(|error| error.to_string().contains("not Inlay's")));
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    raw(dir.path()).pragma_update(None, "user_version", 999).expect("sets");
    assert!(start(dir.path(), &[], at(NOON)).is_err_and(|error| error.to_string().contains("newer Inlay")));
    let ledger = opened(&dir.path().join("held"));
    assert!(start(&dir.path().join("held"), &[], at(NOON)).is_err_and(|error| error.to_string().contains("in use by")));
    ledger.close();
}
