//! While the ledger cannot be written: no room, no rights, a lock of another program's.

use super::*;

#[test]
fn a_limit_on_the_size_of_files_stops_the_recording_and_nothing_else() {
    let mut visited = Visited::started();
    visited.recovers();
    limit_files(visited.proxy.pid(), "200000");
    visited.fails("a limit on the size of files");
    limit_files(visited.proxy.pid(), "unlimited");
    visited.recovers();
    visited.accounts();
    let stats = stats(&visited.data()).expect("statistics");
    assert_eq!(stats["dropped"][0]["value"], "ledger", "{stats}");
    assert_eq!(stats["dropped"][0]["count"].as_u64(), Some(visited.dropped()), "the counts have the drops");
}

#[test]
fn a_limit_that_is_there_at_the_start_is_waited_out() {
    let mut limited = Command::new("prlimit");
    limited.args(["--fsize=4000:unlimited", env!("CARGO_BIN_EXE_inlay")]);
    let mut visited = Visited::by(limited, &folder());
    visited.fails("");
    limit_files(visited.proxy.pid(), "unlimited");
    visited.recovers();
    visited.accounts();
}

#[test]
fn a_full_disk_is_waited_out_also_at_the_start() {
    // A disk of the process's own; where nobody may have one, the limit above has to do.
    let dir = folder();
    let data = dir.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let mount = "mount -t tmpfs -o size=1500k none \"$0\" && head -c 1490k /dev/zero > \"$0/filler\"";
    let unshared = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--user", "--map-root-user", "sh", "-c", command]).arg(&data);
        unshare
    };
    if !unshared(mount).stderr(Stdio::null()).status().is_ok_and(|ended| ended.success()) {
        println!("no file system of its own: not tried");
        return;
    }
    let mut command = unshared(&format!("{mount}; exec \"$@\""));
    command.arg(env!("CARGO_BIN_EXE_inlay"));
    let mut visited = Visited::by(command, &dir);
    visited.fails("");
    let inside = PathBuf::from(format!("/proc/{}/root{}", visited.proxy.pid(), data.display()));
    fs::remove_file(inside.join("filler")).expect("there is room again");
    visited.recovers();
    visited.fails("full");
    fs::remove_file(inside.join("ledger.db")).expect("deleted");
    visited.recovers();
    visited.accounts();
}

#[test]
fn a_folder_that_is_read_only_at_the_start_is_waited_for() {
    let dir = folder();
    let data = dir.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours");
    mode(dir.path(), 0o755);
    mode(&data, 0o555);
    let mut visited = Visited::by(without_rights(), &dir);
    visited.fails("Permission denied");
    let checked =
        without_rights().args(["check", "--config"]).arg(dir.path().join("inlay.toml")).output().expect("it runs");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success() && said.contains("nothing is recorded until"), "check warns of it: {said}");
    mode(&data, 0o777);
    visited.recovers();
    visited.accounts();
    assert_eq!(rows(&data) as u64, visited.committed());
    let log = visited.proxy.log();
    assert!(log.iter().any(|line| line.contains("the ledger cannot be written, hits are dropped")), "the log says so");
}

#[test]
fn a_ledger_without_rights_at_the_start_is_waited_for_and_a_folder_without_rights_is_recorded_into_as_before() {
    let dir = folder();
    let data = dir.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours");
    mode(dir.path(), 0o755);
    mode(&data, 0o777);
    let mut visited = Visited::by(without_rights(), &dir);
    visited.recovers();
    visited.accounts();
    assert_eq!(visited.proxy.stop(), Some(0));
    let file = data.join("ledger.db");
    mode(&file, 0);
    // It is looked at too that no path is told to everybody.
    let mut visited = Visited::by(without_rights(), &dir);
    visited.fails("rights forbid to open it");
    mode(&file, 0o600);
    visited.recovers();
    let dropped = visited.dropped();
    wait_for("the socket", || data.join("inlay.sock").exists().then_some(()));

    mode(&data, 0);
    // Longer than two looks at the files, and at the socket.
    thread::sleep(Duration::from_secs(3));
    visited.recovers();
    assert_eq!(visited.dropped(), dropped, "the files are open: nothing is in the way of recording");
    mode(&data, 0o777);
    fs::remove_file(data.join("inlay.sock")).expect("deleted");
    mode(&data, 0o555);
    thread::sleep(Duration::from_secs(3));
    let complaints = visited.proxy.log().iter().filter(|line| line.contains("the socket for commands")).count();
    assert!(complaints <= 1, "it is said once, and not every second: {complaints} times");
    mode(&data, 0o777);
    wait_for("the socket", || data.join("inlay.sock").exists().then_some(()));
    visited.accounts();
}

#[test]
fn a_log_that_finds_no_more_room_is_moved_to_the_file_and_nothing_is_lost() {
    const LIMIT: u64 = 2_000_000;
    let mut visited = Visited::started();
    visited.recovers();
    limit_files(visited.proxy.pid(), &LIMIT.to_string());
    let log = visited.data().join("ledger.db-wal");
    let mut longest = 0;
    wait_for("the log is short again", || {
        let length = fs::metadata(&log).expect("the log").len();
        longest = longest.max(length);
        (length < longest).then_some(())
    });
    assert!(longest > LIMIT * 3 / 4, "it was short of room: {longest} bytes");
    visited.recovers();
    assert_eq!(visited.dropped(), 0);
    visited.accounts();
}

#[test]
fn a_ledger_that_another_program_has_locked_is_waited_for() {
    let mut visited = Visited::started();
    visited.recovers();
    let other = Connection::open(visited.data().join("ledger.db")).expect("opens");
    other.execute_batch("BEGIN EXCLUSIVE").expect("locks");
    visited.fails("another program has locked the file");
    other.execute_batch("COMMIT").expect("unlocks");
    drop(other);
    visited.recovers();
    visited.accounts();
    assert_eq!(rows(&visited.data()) as u64, visited.committed());
}

#[test]
fn a_ledger_that_is_locked_at_the_start_is_waited_for_and_its_token_too() {
    let mut visited = Visited::started();
    visited.recovers();
    let token = token(&visited.proxy, "laptop");
    visited.accounts();
    assert_eq!(visited.proxy.stop(), Some(0));
    let other = Connection::open(visited.data().join("ledger.db")).expect("opens");
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE state SET value = value")
        .expect("locks");
    let mut visited = Visited::by(binary(), &visited.proxy.dir);
    visited.fails("another program has locked the file");
    assert!(!opens(&visited.proxy, ""), "nobody is let in without a token while it is not known whether there is one");
    drop(other);
    visited.recovers();
    assert!(opens(&visited.proxy, &token));
    visited.accounts();
}
