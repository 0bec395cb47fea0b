//! The real binary, started with a configuration of the test's, on ports of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::wait_for;

/// The binary under test.
pub fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_inlay"))
}

/// The binary as a user who has no rights beyond his own: as root, another one; in a network of its own where this machine's
/// has opened the low ports to everybody.
pub fn without_rights() -> Command {
    let root = std::fs::metadata("/proc/self").expect("a process of ours").uid() == 0;
    let open_from = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or("1024".into());
    let inlay = env!("CARGO_BIN_EXE_inlay");
    let mut words = Vec::new();
    if open_from.trim().parse::<u16>().is_ok_and(|port| port <= 80) {
        words.extend(["unshare", "--net"]);
        words.extend((!root).then_some("--user"));
    }
    if root {
        words.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]);
    }
    words.push(inlay);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// A running proxy; it is ended with the test.
pub struct Proxy {
    pub addr: SocketAddr,
    pub admin: SocketAddr,
    pub dir: Arc<TempDir>,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

/// A proxy before one origin: site `shop`, host `shop.test`. `site` is more TOML of the site.
pub fn before(origin: &str, site: &str) -> Proxy {
    Proxy::start(&format!("[[site]]\nname = \"shop\"\nhosts = [\"shop.test\"]\norigin = \"{origin}\"\n{site}"))
}

/// Writes a configuration into this folder. `server` is more TOML of `[server]`; in `sites` sinks may stand as well.
pub fn configure(dir: &TempDir, server: &str, sites: &str) -> PathBuf {
    let config = dir.path().join("inlay.toml");
    let drain = if server.contains("drain_secs") { "" } else { "drain_secs = 10\n" };
    let text = format!(
        "[server]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\n{drain}{server}\n{sites}"
    );
    std::fs::write(&config, text).expect("the configuration is written");
    config
}

impl Proxy {
    /// Runs with these sites, in a folder of its own.
    pub fn start(sites: &str) -> Proxy {
        Self::start_in(Arc::new(TempDir::new().expect("a folder")), "", sites)
    }

    /// Runs in this folder; `server` is more TOML of `[server]`.
    pub fn start_in(dir: Arc<TempDir>, server: &str, sites: &str) -> Proxy {
        Self::spawn(binary().arg("run").arg("--config").arg(configure(&dir, server, sites)), dir)
    }

    /// Runs this command, whose log is JSON, until it listens. It logs all it can, where it was not told otherwise.
    pub fn spawn(command: &mut Command, dir: Arc<TempDir>) -> Proxy {
        if !command.get_envs().any(|(name, _)| name == "INLAY_LOG") {
            command.env("INLAY_LOG", std::env::var("INLAY_TEST_LOG").unwrap_or("trace".into()));
        }
        let mut child = command.stderr(Stdio::piped()).stdin(Stdio::null()).spawn().expect("the binary runs");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().expect("its log"));
        let keep = log.clone();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                keep.lock().expect("unpoisoned").push(line);
            }
        });
        let (addr, admin) = wait_for("the proxy listens", || {
            let lines = log.lock().expect("unpoisoned");
            if let Some(status) = child.try_wait().expect("its state") {
                panic!("the proxy ended with {status}: {lines:#?}");
            }
            let find = |what| lines.iter().find_map(|line| field(line, what));
            Some((find("listening for visitors")?, find("listening for the owner")?))
        });
        Proxy { addr, admin, dir, child, log }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// What it has logged so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("unpoisoned").clone()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill runs").success(), "kill {name} {pid}");
    }

    /// Waits for its end and gives its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        wait_for("the proxy ends", || self.child.try_wait().expect("its state")).code()
    }

    /// Stops it as a service manager would, and gives its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("-TERM");
        self.wait()
    }

    /// Views of today, as `inlay stats --json` tells them, once there are so many.
    pub fn stats_with_views(&self, views: u64) -> serde_json::Value {
        wait_for(&format!("{views} views in the statistics"), || {
            stats(&self.data()).filter(|stats| stats["views"].as_u64() == Some(views))
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// `inlay stats --json` on a folder; `None` while there is nothing.
pub fn stats(data: &Path) -> Option<serde_json::Value> {
    let output = binary().args(["stats", "--json", "--days", "2", "--data"]).arg(data).output().expect("stats run");
    serde_json::from_slice(&output.stdout).ok()
}

fn field(line: &str, message: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    (line["message"] == message).then(|| line["addr"].as_str()?.parse().ok())?
}
