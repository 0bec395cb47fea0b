//! Memory of a process whose sinks have a backlog: ten thousand events, and ten million. One sink ships, one is dead.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::inlay_with;
use super::receiver::Receiver;
use super::views::Views;

const ASKED: &str = "INLAY_BENCH_MEMORY";
const SMALL: u64 = 10_000;
const LARGE: u64 = 10_000_000;
/// Flat: so much more at most, in KiB.
const MORE_KIB: f64 = 4.0 * 1024.0;
/// So long the backlog ships at most.
const SHIPS: Duration = Duration::from_secs(60);

/// The folder with the backlog, where this process is the one that is measured.
pub fn asked() -> Option<PathBuf> {
    std::env::var_os(ASKED).map(PathBuf::from)
}

/// Measures and prints.
pub fn measure() {
    let of = |events: u64| {
        let dir = tempfile::tempdir().expect("a folder");
        let config = inlay_with::config(dir.path(), "");
        let ledger = inlay_with::open(&config);
        Views::from(jiff::Timestamp::now().as_millisecond() - 86_400_000).commit(&ledger, events);
        drop(ledger);
        let mut command = Command::new(std::env::current_exe().expect("our own file"));
        let output = command.env(ASKED, dir.path()).output().expect("the part runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = said.split_ascii_whitespace().map(|word| word.parse::<f64>().expect("a number"));
        (numbers.next().expect("a peak"), numbers.next().expect("a count"))
    };
    let ((small, few), (large, many)) = (of(SMALL), of(LARGE));
    println!("\npeak memory while one sink ships and one is dead:");
    println!("  a backlog of {SMALL} events: {:.1} MiB ({few:.0} shipped)", small / 1024.0);
    println!("  a backlog of {LARGE} events: {:.1} MiB ({many:.0} shipped)", large / 1024.0);
    let word = if large - small <= MORE_KIB { "kept" } else { "NOT KEPT" };
    println!("budget {word}: {:.1} MiB more, at most {:.0}", (large - small) / 1024.0, MORE_KIB / 1024.0);
}

/// Ships the backlog and prints the peak of its memory in KiB, and how much went.
pub fn ship(dir: &Path) {
    let receiver = Receiver::start(None);
    let sinks = format!(
        "[[sink]]\nname = \"hook\"\nkind = \"http\"\nurl = \"http://{}/in\"\nfrom = \"start\"\n\
         [[sink]]\nname = \"dead\"\nkind = \"http\"\nurl = \"http://127.0.0.1:9/in\"\nfrom = \"start\"\n",
        receiver.addr
    );
    let config = inlay_with::config(dir, &sinks);
    let ledger = inlay_with::open(&config);
    let sinks = inlay_with::start(&config, &ledger);
    let began = Instant::now();
    thread::sleep(Duration::from_secs(3));
    let waits = || sinks.status().iter().any(|sink| sink.name == "hook" && sink.lag_events > 0);
    while waits() && began.elapsed() < SHIPS {
        thread::sleep(Duration::from_millis(100));
    }
    let shipped = receiver.lines.load(std::sync::atomic::Ordering::Relaxed);
    let status = std::fs::read_to_string("/proc/self/status").expect("a living process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line on memory");
    println!("{} {shipped}", peak.split_ascii_whitespace().next().expect("a number"));
}
