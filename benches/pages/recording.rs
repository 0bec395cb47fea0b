//! Recording's share: instructions, as valgrind counts them, that a page's thread spends on recording the view.
//!
//! The page is a small one: copies of its body are counted by the byte and would only make the share look smaller.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::load::Client;
use super::process::{Process, free_addr, wait_for};
use super::servers::{PROXY_CORE, inlay_command, origin};

const WARM_UP: usize = 300;
const PAGES: usize = 2_000;
const BUDGET: f64 = 0.03;
/// The function that counts a page and hands its view over; never inlined, so that it can be told apart.
const FUNCTION: &str = "Tagging>::record";

/// Counts and prints.
pub fn measure() {
    let dir = TempDir::new().expect("a folder");
    let (origin, _origin) = origin(dir.path());
    let addr = free_addr();
    let inlay = inlay_command(&dir.path().join("tag"), origin, addr, true, "");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--separate-threads=yes", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", dir.path().join("counted").display()));
    command.arg(inlay.get_program()).args(inlay.get_args()).env("INLAY_LOG", "warn");
    let process = Process::on_core(PROXY_CORE, &command);
    wait_for(addr);
    let mut client = Client::new(addr);
    (0..WARM_UP).for_each(|_| _ = client.get("2k.html"));
    control(&process, "--zero");
    (0..PAGES).for_each(|_| _ = client.get("2k.html"));
    control(&process, "--dump");
    let (all, recording) = counted(dir.path());
    let (all, recording) = (all as f64 / PAGES as f64, recording as f64 / PAGES as f64);
    let share = recording / all;
    let word = if share <= BUDGET { "kept" } else { "NOT KEPT" };
    println!(
        "\nbudget {word}: recording a view: {recording:.0} of {all:.0} instructions a page of 2 kB, {:.2} %, at most {:.0} %",
        share * 100.0,
        BUDGET * 100.0
    );
}

fn control(process: &Process, order: &str) {
    let mut command = Command::new("callgrind_control");
    let status = command.arg(order).arg(process.id().to_string()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("callgrind_control runs").success(), "callgrind_control {order}");
}

/// Instructions of the thread that records, and those of them that recording takes.
fn counted(dir: &Path) -> (u64, u64) {
    let dumps = fs::read_dir(dir).expect("a folder").flatten().map(|entry| entry.path());
    let dumps =
        dumps.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("counted.")));
    let mut found: Vec<(u64, u64)> = dumps.filter_map(|dump| of_thread(&dump)).collect();
    found.sort_unstable();
    found.pop().expect("a thread that records")
}

fn of_thread(dump: &PathBuf) -> Option<(u64, u64)> {
    let output = Command::new("callgrind_annotate").args(["--inclusive=yes", "--threshold=100"]).arg(dump).output();
    let text = String::from_utf8_lossy(&output.expect("callgrind_annotate runs").stdout).into_owned();
    let number = |line: &str| line.split_ascii_whitespace().next()?.replace(',', "").parse::<u64>().ok();
    let all = text.lines().find(|line| line.contains("PROGRAM TOTALS")).and_then(number)?;
    let recording = text.lines().find(|line| line.contains(FUNCTION)).and_then(number)?;
    Some((all, recording))
}
