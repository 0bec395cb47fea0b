//! `inlay ledger check`, `backup` and `repair`, and who else reads beside a running proxy.

use super::*;

#[test]
fn the_owners_page_does_not_let_go_of_the_writers_locks() {
    let mut visited = Visited::started();
    visited.recovers();
    visited.owner("/");
    // SQLite removes the log when the last connection is closed; only locks tell it that this one is not.
    let other = Connection::open(visited.data().join("ledger.db")).expect("opens");
    other.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).expect("reads");
    drop(other);
    assert!(visited.data().join("ledger.db-wal").exists(), "the writer's log has kept its name");
    visited.accounts();
    assert_eq!(rows(&visited.data()) as u64, visited.committed());
}

/// What a command of `inlay ledger` says, and whether that is a success.
fn command(words: &[&str], data: &Path) -> (Option<i32>, String) {
    let mut command = binary();
    let ended = command.arg("ledger").args(words).arg("--data").arg(data).output().expect("it runs");
    (ended.status.code(), String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn beside_a_running_proxy_the_ledger_is_checked_and_copied_and_the_copy_can_be_put_back() {
    let mut visited = Visited::started();
    visited.recovers();
    let (code, said) = command(&["check"], &visited.data());
    assert!(code == Some(0) && said.contains("is whole: ") && said.contains("every page"), "{said}");
    let copy = visited.proxy.dir.path().join("copy.db");
    let (code, said) = command(&["backup", text(&copy)], &visited.data());
    assert!(code == Some(0) && said.contains("synced and looked through"), "{said}");
    assert_eq!(fs::metadata(&copy).expect("the copy").permissions().mode() & 0o777, 0o600, "its owner's alone");
    let (code, said) = command(&["backup", text(&copy)], &visited.data());
    assert!(code == Some(1) && said.contains("exists already"), "nobody's file is overwritten: {said}");
    visited.accounts();

    let other = folder();
    fs::create_dir(other.path().join("data")).expect("a folder");
    fs::copy(&copy, other.path().join("data/ledger.db")).expect("put back");
    let before = rows(&other.path().join("data"));
    let restored = Visited::by(binary(), &other);
    restored.recovers();
    assert!(before > 0 && rows(&restored.data()) > before, "{before} rows came back, and more come");
    let left = fs::read_dir(visited.proxy.dir.path()).expect("the folder").filter_map(Result::ok);
    assert!(
        left.map(|entry| entry.file_name()).all(|name| !name.to_string_lossy().contains(".part")),
        "nothing is left over"
    );
}

#[test]
fn a_damaged_ledger_is_repaired_in_its_place_once_nobody_has_it_open() {
    let mut visited = Visited::started();
    visited.recovers();
    let (code, said) = command(&["repair"], &visited.data());
    assert!(code == Some(1) && said.contains("in use by process"), "{said}");
    visited.accounts();
    assert_eq!(visited.proxy.stop(), Some(0));
    let (code, said) = command(&["repair"], &visited.data());
    assert!(code == Some(0) && said.contains("is whole") && said.contains("nothing was changed"), "{said}");
    let (data, before) = (visited.data(), rows(&visited.data()));
    // Named as a file it is the folder's ledger all the same, and no file to bring back into itself.
    let (code, said) = command(&["repair", "ledger.db"], &data);
    assert!(code == Some(0) && said.contains("nothing was changed"), "{said}");
    // The page in which the table of counts begins.
    let root = Connection::open(data.join("ledger.db")).expect("opens").query_row(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'months'",
        [],
        |row| row.get::<_, i64>(0),
    );
    let at = (root.expect("a page") as u64 - 1) * 4096;
    let file = OpenOptions::new().write(true).open(data.join("ledger.db")).expect("opens");
    file.write_all_at(&[0x5a; 4096], at).expect("written");
    let (code, said) = command(&["check"], &data);
    assert!(code == Some(1) && said.contains("inlay ledger repair"), "{said}");
    let (code, said) = command(&["repair"], &data);
    assert!(code == Some(0) && said.contains("The damaged file is kept as"), "{said}");
    assert!(said.lines().any(|line| line.contains("months") && line.contains("not all could be read")), "{said}");
    assert!(said.lines().any(|line| line.trim_start().starts_with("events") && !line.contains("not all")), "{said}");
    let (code, said) = command(&["check"], &data);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(rows(&data), before);
    Visited::by(binary(), &visited.proxy.dir).recovers();
}

#[test]
fn what_was_set_aside_is_brought_back_into_the_ledger_that_went_on() {
    let mut visited = Visited::started();
    visited.recovers();
    let first = visited.accounts();
    assert_eq!(visited.proxy.stop(), Some(0));
    let data = visited.data();
    let file = OpenOptions::new().write(true).open(data.join("ledger.db")).expect("opens");
    file.write_all_at(&[0x5a; 64], 0).expect("written");
    let mut visited = Visited::by(binary(), &visited.proxy.dir);
    visited.recovers();
    let entries = fs::read_dir(&data).expect("the folder").filter_map(Result::ok);
    let aside =
        entries.map(|entry| entry.path()).find(|path| text(path).contains(".damaged-")).expect("it was set aside");
    let name = aside.file_name().and_then(|name| name.to_str()).expect("a name");

    let (code, said) = command(&["repair", name], &data);
    assert!(code == Some(0) && said.contains("Inlay is running: stop it and give this command again"), "{said}");
    let second = visited.accounts();
    assert_eq!(visited.proxy.stop(), Some(0));
    let (code, said) = command(&["repair", text(&aside)], &data);
    assert!(code == Some(0) && said.contains(&format!("{first} events and the counts are back")), "{said}");
    let (code, said) = command(&["repair", text(&aside)], &data);
    assert!(code == Some(1) && said.contains("was brought back into this ledger on"), "{said}");
    let (code, said) = command(&["check"], &data);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(rows(&data) as u64, first + second);
    assert_eq!(stats(&data).expect("statistics")["views"].as_u64(), Some(first + second));
    let (code, said) = command(&["repair", "nothing"], &data);
    assert!(code == Some(1) && said.contains("there is no file"), "{said}");
}

#[test]
fn where_nothing_was_recorded_there_is_nothing_to_check_copy_or_repair() {
    let dir = folder();
    let to = dir.path().join("copy.db");
    for words in [&["check"][..], &["backup", text(&to)], &["repair"]] {
        let (code, said) = command(words, dir.path());
        assert!(code == Some(1) && said.contains("there is no ledger in"), "{words:?}: {said}");
    }
    assert_eq!(fs::read_dir(dir.path()).expect("the folder").count(), 0, "nothing was made");
    let wrong = binary().args(["ledger", "backup"]).output().expect("it runs");
    assert_eq!(wrong.status.code(), Some(2), "a copy needs a name");
}
