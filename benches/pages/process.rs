//! Processes that are measured: started on a core, their CPU time and memory as the kernel tells them, ended with us.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A process and its children.
pub struct Process(Child);

/// Nanoseconds of CPU time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// Of every thread.
    pub all: u64,
    /// Of the ledger's writer among them.
    pub ledger: u64,
    /// Of the sinks' threads among them.
    pub sinks: u64,
}

impl Process {
    /// Starts `command` on one core.
    pub fn on_core(core: usize, command: &Command) -> Process {
        let mut pinned = Command::new("taskset");
        pinned.arg("-c").arg(core.to_string()).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                pinned.env(name, value);
            }
        }
        let child = pinned.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn();
        // taskset becomes the program: the id stays.
        Process(child.expect("taskset runs"))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// CPU time so far.
    pub fn used(&self) -> Used {
        tree(self.id()).into_iter().map(threads).fold(Used::default(), |sum, used| Used {
            all: sum.all + used.all,
            ledger: sum.ledger + used.ledger,
            sinks: sum.sinks + used.sinks,
        })
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).expect("a living process");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line on memory");
        line.split_ascii_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number of KiB") * 1024
    }

    /// Resident memory once it has been the same for a while: commits and clean-up behind the last page are over.
    pub fn settled(&self) -> u64 {
        const QUIET: Duration = Duration::from_millis(400);
        let end = Instant::now() + PATIENCE;
        let mut last = self.resident();
        loop {
            std::thread::sleep(QUIET);
            let now = self.resident();
            if now == last || Instant::now() > end {
                return now;
            }
            last = now;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for pid in tree(self.id()) {
            _ = Command::new("kill").arg(pid.to_string()).stderr(Stdio::null()).status();
        }
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A process and all that it started, itself last.
fn tree(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let mut all: Vec<u32> =
        children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).flat_map(tree).collect();
    all.push(pid);
    all
}

fn threads(pid: u32) -> Used {
    let mut used = Used::default();
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return used };
    for task in tasks.flatten() {
        let path = task.path();
        let read = |file| fs::read_to_string(path.join(file)).unwrap_or_default();
        let ran: u64 = read("schedstat").split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default();
        used.all += ran;
        match read("comm").trim() {
            "ledger" => used.ledger += ran,
            name if name.starts_with("sink-") || name.starts_with("gzip-") => used.sinks += ran,
            _ => {}
        }
    }
    used
}

/// A port that is free now.
pub fn free_addr() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// Waits until somebody listens.
pub fn wait_for(addr: SocketAddr) {
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(addr).is_err() {
        assert!(Instant::now() < end, "nobody listens on {addr}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
