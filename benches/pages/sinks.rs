//! CPU time a page with sinks and without: a file and an HTTP backend get every view while pages are served.

use std::time::Duration;

use tempfile::TempDir;

use super::load::wrk;
use super::process::{Process, Used, wait_for};
use super::servers::{INLAY_TAG, inlay, inlay_with_sinks, origin, receiver};
use super::table::{Samples, median};

const ROUNDS: usize = 5;
const WARM_UP_SECS: u32 = 2;
const SECS: u32 = 4;
const PAGE: &str = "24k.html";
const WITH_SINKS: &str = "Inlay, tagging, two sinks";

/// CPU time once the process does next to nothing any more.
fn quiet(process: &Process) -> Used {
    const LOOK: Duration = Duration::from_millis(500);
    const NOTHING_NS: u64 = 5_000_000;
    let mut before = process.used();
    loop {
        std::thread::sleep(LOOK);
        let now = process.used();
        if now.all - before.all < NOTHING_NS {
            return now;
        }
        before = now;
    }
}

/// Measures both in interleaved rounds and prints the table.
pub fn measure() {
    let dir = TempDir::new().expect("a folder");
    let (origin, _origin) = origin(dir.path());
    let (receiver, _receiver) = receiver(dir.path());
    let servers = [
        inlay(INLAY_TAG, &dir.path().join("off"), origin, true),
        inlay_with_sinks(WITH_SINKS, &dir.path().join("on"), origin, receiver),
    ];
    let (mut samples, mut shipping) = (Samples::default(), Vec::new());
    for server in &servers {
        wait_for(server.addr);
        wrk(server.addr, PAGE, WARM_UP_SECS);
    }
    for _ in 0..ROUNDS {
        for server in &servers {
            let before = server.process.used();
            let pages = wrk(server.addr, PAGE, SECS) as f64;
            // What waited while pages were served is shipped, and counted too.
            let after = quiet(&server.process);
            samples.add(PAGE, server.name, (after.all - before.all) as f64 / 1e3 / pages);
            if server.name == WITH_SINKS {
                shipping.push((after.sinks - before.sinks) as f64 / 1e3 / pages);
            }
        }
    }
    println!(
        "\nCPU time a page with sinks and without, microseconds: median of {ROUNDS} interleaved rounds (least-most)"
    );
    samples.print(&[PAGE], &[INLAY_TAG, WITH_SINKS]);
    samples.print_ratios(&[PAGE], WITH_SINKS, &[INLAY_TAG]);
    println!("of it, on the sinks' own threads: {:.1} us", median(&mut shipping));
}
