//! Files that are deleted, exchanged or cut while they are open: it is told, and recording goes on in files that are there.

use std::fs;

use super::*;

/// A ledger with some rows, counts, a token, a script and a sink that has got two of the rows.
pub(super) fn running(dir: &Path) -> (Ledger, String) {
    let ledger = start(dir, &[site("shop", "UTC")], at(NOON)).expect("the ledger starts");
    let token = ledger.tokens().create("laptop").expect("made");
    ledger.scripts(vec![Script { hash8: "aa".into(), body: b"body".to_vec() }]).expect("kept");
    for n in 0..5 {
        offer(&ledger, &page(exchange(&format!("/before/{n}"))));
    }
    wait("the rows", || ledger.health().rows() == 5);
    let sinks = "INSERT INTO sinks(name, cursor, sites, created, given_up)
        VALUES('archive', 2, NULL, 0, 10), ('of another site', 2, '[99]', 0, 10)";
    ledger.errands.run(move |conn| conn.execute(sinks, [])).expect("two sinks");
    (ledger, token)
}

/// Offers until something is committed into the next file.
pub(super) fn record_on(ledger: &Ledger, generation: u64) {
    let health = ledger.health();
    wait("the next file", || health.generation() > generation && health.is_open());
    let rows = health.rows();
    offer(ledger, &page(exchange("/after")));
    wait("a row in it", || health.rows() > rows && health.trouble().is_none());
}

pub(super) fn paths(dir: &Path) -> Vec<String> {
    texts(&raw(dir), "SELECT path FROM events WHERE seq > ?1 ORDER BY seq", 0)
}

fn set_aside(dir: &Path) -> Vec<std::path::PathBuf> {
    let names = fs::read_dir(dir).expect("the folder").map(|entry| entry.expect("an entry").path());
    names
        .filter(|path| path.to_string_lossy().contains(".damaged-") || path.to_string_lossy().contains(".unusable-"))
        .collect()
}

#[test]
fn a_deleted_ledger_is_told_and_the_next_one_has_what_must_go_on() {
    for names in [&["ledger.db"][..], &["ledger.db", "ledger.db-wal", "ledger.db-shm"], &["ledger.db", "ledger.lock"]] {
        let dir = tempfile::tempdir().expect("a folder");
        let (ledger, token) = running(dir.path());
        let mut tail = Tail::from_now(dir.path()).expect("reads");
        names.iter().for_each(|name| fs::remove_file(dir.path().join(name)).expect("deleted"));
        record_on(&ledger, 0);
        let lost = ledger.health().loss().expect("the loss is told");
        assert!(lost.contains("was deleted or moved away") && lost.contains("with 5 events"), "{lost}");
        assert!(ledger.tokens().verify(&token), "the token goes on opening");
        assert_eq!(tail.since().expect("reads on").len(), 1, "who watches goes on with the next file");
        assert!(ledger.tokens().create("phone").is_ok(), "{names:?}: errands go to the new file");
        ledger.close();
        let conn = raw(dir.path());
        assert_eq!(paths(dir.path()), ["/after"], "{names:?}: rows are not copied");
        assert_eq!(number(&conn, "SELECT seq FROM events"), 6, "no seq is given twice");
        assert_eq!(number(&conn, "SELECT min(cursor) FROM sinks"), 5, "what is lost waits for no sink");
        let given_up = |name: &str| number(&conn, &format!("SELECT given_up FROM sinks WHERE name = '{name}'"));
        assert_eq!(given_up("archive"), 13, "and is counted as given up");
        assert_eq!(given_up("of another site"), 10, "by those that wanted it");
        assert_eq!(number(&conn, "SELECT count(*) FROM tokens"), 2);
        assert_eq!(number(&conn, "SELECT count(*) FROM scripts"), 1);
        assert_eq!(disagreement(&conn), None);
        assert!(!dir.path().join("ledger.db.new").exists() && set_aside(dir.path()).is_empty());
    }
}

#[test]
fn a_ledger_that_is_put_in_the_place_of_the_open_one_is_taken_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    let (ledger, token) = running(dir.path());
    let theirs = open(other.path(), &[site("shop", "UTC"), site("blog", "UTC")], at(NOON)).expect("opens");
    let other_token = theirs.tokens().create("other").expect("made");
    offer(&theirs, &page(exchange("/theirs")));
    theirs.close();
    fs::rename(other.path().join("ledger.db"), dir.path().join("ledger.db")).expect("put in its place");
    record_on(&ledger, 0);
    assert!(ledger.tokens().verify(&other_token) && !ledger.tokens().verify(&token), "its tokens are in force");
    assert!(ledger.health().loss().is_some_and(|words| words.contains("was replaced by another file")));
    ledger.close();
    assert_eq!(paths(dir.path()), ["/theirs", "/after"]);
    assert_eq!(disagreement(&raw(dir.path())), None, "the other log was not taken for its own");
}

#[test]
fn what_is_no_ledger_and_takes_the_place_of_the_open_one_is_set_aside() {
    let foreign = tempfile::tempdir().expect("a folder");
    raw(foreign.path()).execute_batch("CREATE TABLE theirs(x)").expect("their table");
    let foreign = fs::read(foreign.path().join("ledger.db")).expect("their file");
    for bytes in [b"not a database, and rather long ".repeat(100), foreign] {
        let dir = tempfile::tempdir().expect("a folder");
        let (ledger, token) = running(dir.path());
        fs::write(dir.path().join("new"), &bytes).expect("written");
        fs::rename(dir.path().join("new"), dir.path().join("ledger.db")).expect("put in its place");
        record_on(&ledger, 0);
        assert!(ledger.tokens().verify(&token), "what the process still had goes on");
        ledger.close();
        assert_eq!(paths(dir.path()), ["/after"]);
        assert_eq!(number(&raw(dir.path()), "SELECT seq FROM events"), 6);
        let aside = set_aside(dir.path());
        assert_eq!(aside.len(), 1, "{aside:?}");
        assert_eq!(fs::read(&aside[0]).expect("it is there"), bytes, "as it was");
    }
}

#[test]
fn a_folder_that_is_moved_away_is_made_anew_and_the_moved_ledger_is_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, moved) = (dir.path().join("data"), dir.path().join("moved"));
    let (ledger, token) = running(&data);
    fs::rename(&data, &moved).expect("moved");
    record_on(&ledger, 0);
    assert!(ledger.tokens().verify(&token));
    let words = match open(&data, &[], at(NOON)) {
        Ok(_) => panic!("the ledger is held"),
        Err(error) => error.to_string(),
    };
    assert!(words.contains("in use by process"), "the lock in the new folder is held: {words}");
    ledger.close();
    assert_eq!(paths(&data), ["/after"]);
    opened(&moved).close();
    assert_eq!(paths(&moved).len(), 5);
}

#[test]
fn a_ledger_that_is_cut_while_it_is_open_is_set_aside() {
    for keep in [0, 4096 * 3] {
        let dir = tempfile::tempdir().expect("a folder");
        let (ledger, token) = running(dir.path());
        ledger.errands.run(|conn| Ok(super::super::writer::wal::empty(conn))).expect("all of it is in the file");
        let file = fs::OpenOptions::new().write(true).open(dir.path().join("ledger.db")).expect("opens");
        file.set_len(keep).expect("cut");
        drop(file);
        record_on(&ledger, 0);
        assert!(ledger.tokens().verify(&token), "{keep}: what SQLite still knew goes on");
        let told = ledger.health().loss().expect("it is told");
        assert!(
            told.contains(if keep == 0 { "became shorter" } else { "inlay ledger repair ledger.db.damaged-" }),
            "{told}"
        );
        ledger.close();
        assert_eq!(paths(dir.path()), ["/after"]);
        assert_eq!(number(&raw(dir.path()), "SELECT seq FROM events"), 6);
        assert_eq!(!set_aside(dir.path()).is_empty(), keep > 0, "what is left is kept");
    }
}

#[test]
fn damage_that_a_commit_meets_is_set_aside_and_the_batch_goes_to_the_new_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, token) = running(dir.path());
    let leaf = "SELECT rootpage FROM sqlite_schema WHERE name = 'counts'";
    let forget = move |conn: &mut Connection| {
        super::super::writer::wal::empty(conn);
        conn.execute_batch("PRAGMA shrink_memory")?;
        conn.query_row(leaf, [], |row| row.get::<_, i64>(0))
    };
    let page_number = ledger.errands.run(forget).expect("nothing is kept in memory");
    let mut file = fs::OpenOptions::new().write(true).open(dir.path().join("ledger.db")).expect("opens");
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start((page_number as u64 - 1) * 4096)).expect("seeks");
    std::io::Write::write_all(&mut file, &[0x5a; 4096]).expect("written");
    offer(&ledger, &page(exchange("/in-hand")));
    wait("the next file", || ledger.health().generation() > 0 && ledger.health().rows() == 6);
    assert!(ledger.tokens().verify(&token));
    assert_eq!(ledger.recorder().dropped(0, DropReason::Ledger), 0);
    ledger.close();
    assert_eq!(paths(dir.path()), ["/in-hand"]);
    assert_eq!(number(&raw(dir.path()), "SELECT seq FROM events"), 6);
    assert_eq!(disagreement(&raw(dir.path())), None);
}

#[test]
fn a_defect_midway_costs_neither_the_token_nor_the_recording() {
    let dir = tempfile::tempdir().expect("a folder");
    let defects = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let clock = Clock::new({
        let defects = defects.clone();
        move || match defects.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) {
            // Every other time the clock is asked, so that each part of the way is met.
            left if left > 0 && left % 2 == 0 => panic!("a defect, on purpose"),
            _ => NOON,
        }
    });
    let ledger = start(dir.path(), &[site("shop", "UTC")], clock).expect("starts");
    let token = ledger.tokens().create("laptop").expect("made");
    fs::remove_file(dir.path().join("ledger.db")).expect("deleted");
    defects.store(6, std::sync::atomic::Ordering::Relaxed);
    wait("the trouble", || ledger.health().trouble().is_some_and(|words| words.contains("a defect")));
    record_on(&ledger, 0);
    assert!(ledger.tokens().verify(&token));
    ledger.close();
    assert_eq!(paths(dir.path()).last().map(String::as_str), Some("/after"));
}
