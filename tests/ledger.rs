//! The real binary while its ledger fails: pages go on, what is not recorded is counted, `/ready` stays good and says why, and
//! recording comes back by itself.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::client::{ask, navigate};
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, binary, stats, without_rights};
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head></head><body></body></html>";

/// A proxy whose visitors never stop coming: each page has to be answered.
struct Visited {
    proxy: Proxy,
    visitors: Option<JoinHandle<u64>>,
    stopping: Arc<AtomicBool>,
}

impl Visited {
    /// Starts a proxy by this command, to which the configuration is added.
    fn by(mut command: Command, dir: &Arc<TempDir>) -> Visited {
        let config = dir.path().join("inlay.toml");
        let origin = Origin::html(PAGE).url();
        let text = format!(
            "[server]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\ndrain_secs = 10\n\
             [[site]]\nname = \"shop\"\nhosts = [\"shop.test\"]\norigin = \"{origin}\"\n"
        );
        fs::write(&config, text).expect("the configuration is written");
        Visited::of(Proxy::spawn(command.arg("run").arg("--config").arg(&config), dir.clone()))
    }

    fn started() -> Visited {
        Visited::by(binary(), &folder())
    }

    fn of(proxy: Proxy) -> Visited {
        wait_for("it is ready for visitors", || {
            (ask(proxy.admin, "GET", &proxy.admin.to_string(), "/ready", "").status() == 200).then_some(())
        });
        let (addr, stopping) = (proxy.addr, Arc::new(AtomicBool::new(false)));
        let stop = stopping.clone();
        // Long paths fill a disk soon.
        let path = "p".repeat(900);
        let visitors = thread::spawn(move || {
            let mut visits = 0;
            while !stop.load(Ordering::Relaxed) {
                let answer = navigate(addr, &format!("/{path}/{visits}"), "");
                assert_eq!(answer.status(), 200, "the page after {visits} others");
                visits += 1;
                thread::sleep(Duration::from_millis(5));
            }
            visits
        });
        Visited { proxy, visitors: Some(visitors), stopping }
    }

    fn data(&self) -> PathBuf {
        self.proxy.data()
    }

    fn owner(&self, path: &str) -> String {
        let answer = ask(self.proxy.admin, "GET", &self.proxy.admin.to_string(), path, "");
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
        answer.text()
    }

    fn metric(&self, name: &str) -> u64 {
        let metrics = self.owner("/metrics");
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.trim().parse().expect("a number")
    }

    fn committed(&self) -> u64 {
        self.metric("inlay_events_committed_total")
    }

    fn dropped(&self) -> u64 {
        let dropped = |reason| self.metric(&format!("inlay_events_dropped_total{{site=\"shop\",reason=\"{reason}\"}}"));
        dropped("ledger") + dropped("queue-full")
    }

    /// Waits until `/ready`, which stays good, says that recording does not work and why, and drops are counted.
    fn fails(&self, why: &str) {
        wait_for(&format!("/ready says {why:?}"), || {
            let ready = self.owner("/ready");
            let told = ready.contains("recording: does not work") && ready.contains(why);
            assert!(ready.starts_with("ready"), "{ready}");
            assert!(!ready.contains(&*self.data().to_string_lossy()), "no path for everybody: {ready}");
            (told && self.dropped() > 0).then_some(())
        });
    }

    /// Waits until it records again, with nobody's help.
    fn recovers(&self) {
        let before = self.committed();
        wait_for("the recovery", || {
            (self.committed() > before && self.owner("/ready").contains("recording: works")).then_some(())
        });
    }

    /// Ends the visits: each was recorded or is counted as dropped. Gives how many there were.
    fn accounts(&mut self) -> u64 {
        self.stopping.store(true, Ordering::Relaxed);
        let visits = self.visitors.take().expect("visitors").join().expect("every page was answered");
        wait_for("each view is recorded or counted as dropped", || {
            (self.committed() + self.dropped() == visits).then_some(())
        });
        assert_eq!(self.metric("inlay_pages_total{site=\"shop\",outcome=\"tagged\"}"), visits);
        visits
    }
}

impl Drop for Visited {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

fn folder() -> Arc<TempDir> {
    Arc::new(TempDir::new().expect("a folder"))
}

fn rows(data: &Path) -> i64 {
    let conn = Connection::open_with_flags(data.join("ledger.db"), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    let count = conn.and_then(|conn| conn.query_row("SELECT count(*) FROM events", [], |row| row.get(0)));
    count.expect("a ledger")
}

/// Where a table's pages are.
fn pages_of(file: &Path, table: &str) -> Vec<u64> {
    let conn = Connection::open(file).expect("opens");
    let mut pages = conn.prepare("SELECT pageno FROM dbstat WHERE name = ?1").expect("the file tells");
    let rows = pages.query_map([table], |row| row.get::<_, i64>(0)).expect("a table");
    rows.map(|page| page.expect("a number") as u64).collect()
}

fn token(proxy: &Proxy, name: &str) -> String {
    let made =
        binary().args(["token", "create", "--name", name, "--data"]).arg(proxy.data()).output().expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8_lossy(&made.stdout).trim().to_owned()
}

fn opens(proxy: &Proxy, token: &str) -> bool {
    let bearer = format!("Authorization: Bearer {token}\r\n");
    ask(proxy.admin, "GET", &proxy.admin.to_string(), "/", &bearer).status() == 200
}

fn limit_files(pid: u32, bytes: &str) {
    let limit = Command::new("prlimit").args([format!("--pid={pid}"), format!("--fsize={bytes}:unlimited")]).status();
    assert!(limit.expect("prlimit runs").success());
}

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

#[test]
fn a_deleted_ledger_is_told_within_5_seconds_and_views_go_into_a_new_file() {
    for names in [&["ledger.db"][..], &["ledger.db", "ledger.db-wal", "ledger.db-shm"]] {
        let mut visited = Visited::started();
        visited.recovers();
        let token = token(&visited.proxy, "laptop");
        names.iter().for_each(|name| fs::remove_file(visited.data().join(name)).expect("deleted"));
        let deleted = Instant::now();
        wait_for("the new file", || visited.data().join("ledger.db").exists().then_some(()));
        let told = |line: &String| line.contains("was deleted or moved away while it was open");
        wait_for("the loss is told", || visited.proxy.log().iter().any(told).then_some(()));
        // The promise itself.
        assert!(deleted.elapsed() < Duration::from_secs(5), "told after {:?}", deleted.elapsed());
        let before = visited.committed();
        visited.recovers();
        let ready = visited.owner("/ready");
        assert!(ready.contains("warning: The ledger's file was deleted or moved away"), "{ready}");
        assert!(opens(&visited.proxy, &token) && !opens(&visited.proxy, ""), "the token goes on");
        visited.accounts();
        assert_eq!(visited.dropped(), 0, "what came meanwhile is in the new file");
        let (found, after) = (rows(&visited.data()) as u64, visited.committed());
        // What was committed before it was told is in either file.
        assert!(
            found > 0 && found >= after - before && found < after,
            "{found} rows, {after} committed, {before} before"
        );
        assert_eq!(visited.proxy.stop(), Some(0));
        assert_eq!(rows(&visited.data()) as u64, found, "the same after the end");
    }
}

#[test]
fn a_ledger_that_is_replaced_while_it_is_open_is_gone_on_with() {
    let other = folder();
    let mut first = Visited::by(binary(), &other);
    first.recovers();
    let there = first.accounts();
    assert_eq!(first.proxy.stop(), Some(0));
    let mut visited = Visited::started();
    visited.recovers();
    let new = visited.data().join("new");
    fs::copy(other.path().join("data/ledger.db"), &new).expect("copied");
    fs::rename(new, visited.data().join("ledger.db")).expect("put in its place");
    wait_for("it is told", || visited.owner("/ready").contains("was replaced by another file").then_some(()));
    let before = visited.committed();
    visited.recovers();
    visited.accounts();
    let (found, after) = (rows(&visited.data()) as u64, visited.committed());
    assert!(found >= there + after - before && found < there + after, "{there} were there, {found} are");
}

#[test]
fn a_data_folder_that_is_deleted_comes_back_with_its_socket_and_its_token() {
    let mut visited = Visited::started();
    visited.recovers();
    let first = token(&visited.proxy, "first");
    fs::remove_dir_all(visited.data()).expect("deleted");
    wait_for("the folder", || visited.data().join("inlay.sock").exists().then_some(()));
    let second = token(&visited.proxy, "second");
    assert!(opens(&visited.proxy, &first) && opens(&visited.proxy, &second));
    visited.recovers();
    visited.accounts();
}

#[test]
fn a_ledger_that_is_damaged_at_the_start_is_set_aside_and_pages_go_on() {
    let cut = |file: &File, _: &[u64]| file.set_len(file.metadata().expect("its length").len() / 2).expect("cut");
    let flip = |file: &File, pages: &[u64]| {
        for at in pages.iter().flat_map(|page| ((page - 1) * 4096..page * 4096).step_by(97)) {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).expect("read");
            file.write_all_at(&[byte[0] ^ 0x10], at).expect("written");
        }
    };
    for damage in [&cut as &dyn Fn(&File, &[u64]), &flip] {
        let mut visited = Visited::started();
        visited.recovers();
        let token = token(&visited.proxy, "laptop");
        visited.accounts();
        assert_eq!(visited.proxy.stop(), Some(0));
        let file = visited.data().join("ledger.db");
        let pages = pages_of(&file, "events");
        damage(&OpenOptions::new().read(true).write(true).open(file).expect("opens"), &pages);
        let mut visited = Visited::by(binary(), &visited.proxy.dir);
        visited.recovers();
        let ready = visited.owner("/ready");
        assert!(
            ready.contains("was damaged and was set aside") && ready.contains("inlay ledger repair ledger.db.damaged-"),
            "{ready}"
        );
        assert!(!opens(&visited.proxy, ""), "who has no token is not let in");
        let log = visited.proxy.log().into_iter().find(|line| line.contains("it was set aside and a new one begun"));
        let log = log.expect("the log says so");
        assert!(log.contains("not_saved") && log.contains(".damaged-"), "{log}");
        assert!(
            opens(&visited.proxy, &token) || log.contains("tokens"),
            "the token opens, or it is said that it is lost: {log}"
        );
        visited.accounts();
    }
}

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
