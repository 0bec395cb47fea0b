//! Events a second that an `http` sink ships, beside curl sending the very same bodies one after the other over one connection.

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use inlay::config::Begin;
use inlay::sink::Order;

use super::receiver::Receiver;
use super::views::Views;
use super::{inlay_with, median};

const EVENTS: u64 = 500_000;
const ROUNDS: usize = 5;

/// Measures and prints.
pub fn measure() {
    let dir = tempfile::tempdir().expect("a folder");
    let bodies = dir.path().join("bodies");
    fs::create_dir(&bodies).expect("a folder");
    let receiver = Receiver::start(Some(bodies.clone()));
    let sink = |name: &str| {
        format!(
            "[[sink]]\nname = \"{name}\"\nkind = \"http\"\nurl = \"http://{}/{name}\"\nfrom = \"start\"\n",
            receiver.addr
        )
    };
    let config = inlay_with::config(dir.path(), &sink("keep"));
    let ledger = inlay_with::open(&config);
    Views::from(jiff::Timestamp::now().as_millisecond() - 3_600_000).commit(&ledger, EVENTS);
    // The bodies that the sink sends are those that curl will.
    let keeping = inlay_with::start(&config, &ledger);
    came(&receiver, EVENTS);
    keeping.stop(Duration::from_secs(5));
    let config = inlay_with::config(dir.path(), &sink("in"));
    let sinks = inlay_with::start(&config, &ledger);
    came(&receiver, 2 * EVENTS);
    let orders = curl_config(&bodies, &format!("http://{}/in", receiver.addr));
    let (mut ours, mut curls, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (until, began) = (receiver.lines.load(Ordering::Relaxed) + EVENTS, Instant::now());
        inlay_with::order(&sinks, Order::Replay(Begin::Start));
        came(&receiver, until);
        let our = EVENTS as f64 / began.elapsed().as_secs_f64();
        let (until, began) = (receiver.lines.load(Ordering::Relaxed) + EVENTS, Instant::now());
        let status = Command::new("curl").args(["--silent", "--show-error", "--config"]).arg(&orders).status();
        assert!(status.expect("curl runs").success(), "curl sent everything");
        came(&receiver, until);
        let curl = EVENTS as f64 / began.elapsed().as_secs_f64();
        ours.push(our);
        curls.push(curl);
        ratios.push(our / curl);
    }
    let batches = fs::read_dir(&bodies).expect("a folder").count();
    println!(
        "\n{EVENTS} events in {batches} batches of the default size over HTTP, median of {ROUNDS} interleaved rounds:"
    );
    println!(
        "  the sink, out of the ledger: {:.0} events a second; curl, prepared bodies: {:.0}; ratio {:.2}",
        median(&mut ours),
        median(&mut curls),
        median(&mut ratios)
    );
}

/// Waits until so many lines came.
fn came(receiver: &Receiver, lines: u64) {
    while receiver.lines.load(Ordering::Relaxed) < lines {
        thread::sleep(Duration::from_millis(1));
    }
}

fn curl_config(bodies: &std::path::Path, url: &str) -> std::path::PathBuf {
    let mut files: Vec<_> = fs::read_dir(bodies).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut text = String::new();
    for (at, file) in files.iter().enumerate() {
        if at > 0 {
            text.push_str("next\n");
        }
        writeln!(text, "url = \"{url}\"\ndata-binary = \"@{}\"", file.display()).expect("text has room");
    }
    let config = bodies.with_extension("curl");
    fs::write(&config, text).expect("a file is written");
    config
}
