//! The folder, the lock, the file: who may open what, and what one is told.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use super::*;

fn refusal(dir: &Path) -> String {
    match open(dir, &[site("shop", "UTC")], at(NOON)) {
        Ok(_) => panic!("the ledger opened"),
        Err(error) => error.to_string(),
    }
}

/// A ledger with some rows in it, closed.
fn filled(dir: &Path) {
    let ledger = opened(dir);
    for n in 0..2_000 {
        offer(&ledger, &page(exchange(&format!("/page/{n}"))));
    }
    ledger.close();
}

type Damage = fn(&Path);

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(file).expect("the file");
    file.seek(SeekFrom::Start(at)).expect("seeks");
    file.write_all(bytes).expect("writes");
}

#[test]
fn a_second_opener_is_told_who_holds_the_ledger() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let words = refusal(dir.path());
    assert!(words.contains(&format!("in use by process {} (", std::process::id())), "{words}");
    assert!(words.contains("stop that process first"), "{words}");
    ledger.close();
    opened(dir.path()).close();
}

#[test]
fn a_folder_is_made_where_it_is_missing_and_what_is_made_is_its_owners_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let deep = dir.path().join("a/b");
    let ledger = opened(&deep);
    #[cfg(unix)]
    for name in ["a", "a/b", "a/b/ledger.db", "a/b/ledger.db-wal", "a/b/ledger.lock"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(dir.path().join(name)).expect("it was made").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is open to others: {mode:o}");
    }
    ledger.close();
    assert!(!deep.join("ledger.db-wal").exists(), "a closed ledger is one file");
}

#[test]
fn a_folder_that_cannot_be_made_is_said_so() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("data"), "a file").expect("writes");
    let words = refusal(&dir.path().join("data"));
    assert!(words.contains("data cannot be used for the ledger"), "{words}");
}

#[test]
fn a_damaged_file_is_refused_with_what_to_do() {
    let damages: [(&str, Damage); 4] = [
        ("pages within are overwritten", |file| overwrite(file, 4096 * 3, &[0x5a; 4096 * 30])),
        ("its beginning is overwritten", |file| overwrite(file, 0, &[0; 64])),
        ("its end is missing", |file| {
            let half = fs::metadata(file).expect("the file").len() / 2;
            fs::OpenOptions::new().write(true).open(file).expect("the file").set_len(half).expect("cuts");
        }),
        ("it is something else", |file| {
            fs::write(file, "no ledger at all, but rather long ".repeat(200)).expect("writes");
        }),
    ];
    for (what, damage) in damages {
        let dir = tempfile::tempdir().expect("a folder");
        filled(dir.path());
        damage(&dir.path().join("ledger.db"));
        let words = refusal(dir.path());
        assert!(words.contains("is damaged"), "{what}: {words}");
        assert!(words.contains("`inlay ledger repair` saves what can be saved"), "{what}: {words}");
        assert!(words.contains("docs/ledger.md"), "{what}: {words}");
    }
}

#[test]
fn another_programs_file_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    raw(dir.path()).execute_batch("CREATE TABLE theirs(x)").expect("their table");
    assert!(refusal(dir.path()).contains("not Inlay's"));
    let words = read(dir.path()).expect_err("not ours to read").to_string();
    assert!(words.contains("not Inlay's"), "{words}");
}

#[test]
fn a_newer_schema_is_refused_by_writers_and_readers() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    raw(dir.path()).pragma_update(None, "user_version", 999).expect("sets");
    let words = refusal(dir.path());
    assert!(words.contains("was written by a newer Inlay (schema 999"), "{words}");
    let words = read(dir.path()).expect_err("not readable").to_string();
    assert!(words.contains("was written by a newer Inlay"), "{words}");
}

#[test]
fn where_nothing_was_recorded_readers_are_told_what_begins_a_ledger() {
    let dir = tempfile::tempdir().expect("a folder");
    for dir in [dir.path().to_owned(), dir.path().join("missing")] {
        let words = read(&dir).expect_err("nothing to read").to_string();
        assert!(words.contains("there is no ledger in"), "{words}");
    }
    fs::write(dir.path().join("ledger.db"), "").expect("an empty file");
    assert!(matches!(read(dir.path()), Err(ReadError::None { .. })), "an empty file is no ledger yet");
}

#[test]
fn a_backup_made_beside_the_writer_is_a_whole_ledger() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(&dir.path().join("data"));
    for n in 0..500 {
        offer(&ledger, &page(exchange(&format!("/{n}"))));
    }
    wait("the commits", || ledger.health().rows() == 500);
    fs::create_dir(dir.path().join("restored")).expect("makes");
    let copy = dir.path().join("restored/ledger.db");
    let copied = backup(&dir.path().join("data"), &copy).expect("copies");
    assert_eq!((copied.events, copied.findings), (500, vec![]));
    assert_eq!(copied.bytes, fs::metadata(&copy).expect("the copy").len());
    let again = backup(&dir.path().join("data"), &copy);
    assert!(matches!(again, Err(BackupError::Exists { .. })), "nothing is overwritten");
    ledger.close();
    let restored = opened(&dir.path().join("restored"));
    offer(&restored, &page(exchange("/after")));
    restored.close();
    let conn = raw(&dir.path().join("restored"));
    assert_eq!(number(&conn, "SELECT max(seq) FROM events"), 501);
    assert_eq!(disagreement(&conn), None);
}

#[test]
fn a_closed_ledger_can_be_read_and_opened_again() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path());
    let reader = read(dir.path()).expect("reads");
    assert_eq!(number(&reader, "SELECT count(*) FROM events"), 2_000);
    let ledger = opened(dir.path());
    offer(&ledger, &page(exchange("/more")));
    ledger.close();
    assert_eq!(number(&reader, "SELECT max(seq) FROM events"), 2_001, "the same reader sees what came later");
}

#[test]
fn a_site_keeps_its_id_through_changes_of_the_configuration() {
    let dir = tempfile::tempdir().expect("a folder");
    let ids = |sites: &[Arc<Site>]| {
        open(dir.path(), sites, at(NOON)).expect("opens").close();
        texts(&raw(dir.path()), "SELECT id || name || timezone FROM sites WHERE id > ?1 ORDER BY id", 0)
    };
    assert_eq!(ids(&[site("a", "UTC"), site("b", "UTC")]), ["1aUTC", "2bUTC"]);
    assert_eq!(ids(&[site("c", "UTC"), site("b", "Asia/Tokyo")]), ["1aUTC", "2bAsia/Tokyo", "3cUTC"]);
}

#[test]
fn the_writers_connection_syncs_every_commit_and_overwrites_what_it_deletes() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    let asked = |conn: &mut Connection| {
        let number = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok((mode, number("synchronous")?, number("secure_delete")?, number("foreign_keys")?))
    };
    let (mode, synchronous, secure_delete, foreign_keys) = ledger.errands.run(asked).expect("asked");
    assert_eq!(mode, "wal");
    assert_eq!(synchronous, 2, "FULL");
    assert_eq!((secure_delete, foreign_keys), (1, 1), "both on");
    ledger.close();
}

#[test]
fn a_closed_ledger_is_whole_in_its_one_file_though_a_reader_still_has_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = opened(dir.path());
    offer(&ledger, &page(exchange("/")));
    wait("the row", || ledger.health().rows() == 1);
    let reader = read(dir.path()).expect("a reader");
    assert_eq!(number(&reader, "SELECT count(*) FROM events"), 1);
    ledger.close();
    let log = fs::metadata(dir.path().join("ledger.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "nothing stands in the log alone");
    let copy = tempfile::tempdir().expect("a folder");
    fs::copy(dir.path().join("ledger.db"), copy.path().join("ledger.db")).expect("copied");
    assert_eq!(number(&raw(copy.path()), "SELECT count(*) FROM events"), 1);
}

#[test]
fn a_ledger_behind_a_link_is_written_and_looked_after_where_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, disk) = (dir.path().join("data"), dir.path().join("disk"));
    filled(&data);
    let before = number(&raw(&data), "SELECT count(*) FROM events");
    fs::create_dir(&disk).expect("a folder");
    fs::rename(data.join("ledger.db"), disk.join("elsewhere.db")).expect("moved");
    std::os::unix::fs::symlink(disk.join("elsewhere.db"), data.join("ledger.db")).expect("a link");
    let ledger = opened(&data);
    offer(&ledger, &page(exchange("/behind-the-link")));
    wait("the row", || ledger.health().rows() == 1);
    fs::remove_file(disk.join("elsewhere.db-wal")).expect("the log is beside the file");
    wait("another log", || ledger.health().generation() > 0 && ledger.health().is_open());
    ledger.close();
    let conn = Connection::open(disk.join("elsewhere.db")).expect("opens");
    assert_eq!(number(&conn, "SELECT count(*) FROM events"), before + 1);
}
