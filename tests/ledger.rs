//! The real binary while its ledger fails: pages go on, what is not recorded is counted, `/ready` stays good and says why, and
//! recording comes back by itself.

mod cannot;
mod commands;
mod lost;

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
