//! Rows a second that the ledger commits, on one core, alone and while a backlog of two million events ships to two sinks that
//! share the core. The receiver has the other one.

use std::process::Command;
use std::time::Instant;

use inlay::sink::Order;

use super::median;
use super::receiver::Apart;
use super::views::Views;
use super::{inlay_with, receiver};

const ASKED: &str = "INLAY_BENCH_SHIPPING";
const CORE: usize = 0;
const OTHER_CORE: usize = 1;
const BACKLOG: u64 = 2_000_000;
const EVENTS: u64 = 200_000;
const ROUNDS: usize = 7;
const BUDGET: f64 = 0.80;

/// Measures in a process that has one core.
pub fn on_one_core() {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(CORE.to_string()).arg(std::env::current_exe().expect("our own file")).env(ASKED, "1");
    assert!(command.status().expect("taskset runs").success(), "the part ended well");
}

/// Whether this process is the one that measures.
pub fn asked() -> bool {
    std::env::var_os(ASKED).is_some()
}

/// Measures and prints.
pub fn measure() {
    let dir = tempfile::tempdir().expect("a folder");
    let receiver: receiver::Apart = Apart::on_core(OTHER_CORE);
    let sinks = format!(
        "[[sink]]\nname = \"archive\"\nkind = \"file\"\npath = \"events\"\nfrom = \"start\"\ngzip = false\n\
         [[sink]]\nname = \"hook\"\nkind = \"http\"\nurl = \"http://{}/in\"\nfrom = \"start\"\n",
        receiver.addr
    );
    let config = inlay_with::config(dir.path(), &sinks);
    let ledger = inlay_with::open(&config);
    let views = Views::from(jiff::Timestamp::now().as_millisecond() - 3_600_000);
    views.commit(&ledger, BACKLOG);
    let sinks = inlay_with::start(&config, &ledger);
    let (mut alone, mut beside, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let delivered = || sinks.status().iter().map(|sink| sink.delivered).collect::<Vec<_>>();
    let before = delivered();
    let mut shipping = 0.0;
    for _ in 0..ROUNDS {
        inlay_with::paused(&sinks);
        let quiet = EVENTS as f64 / views.commit(&ledger, EVENTS).as_secs_f64();
        inlay_with::order(&sinks, Order::Resume);
        let began = Instant::now();
        let busy = EVENTS as f64 / views.commit(&ledger, EVENTS).as_secs_f64();
        shipping += began.elapsed().as_secs_f64();
        assert!(sinks.status().iter().all(|sink| sink.lag_events > 0), "the backlog lasts: {:?}", sinks.status());
        alone.push(quiet);
        beside.push(busy);
        ratios.push(busy / quiet);
    }
    inlay_with::paused(&sinks);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let ratio = median(&mut ratios);
    println!(
        "\nrows a second committed on one core: {:.0} alone, {:.0} while two sinks ship",
        median(&mut alone),
        median(&mut beside)
    );
    for ((sink, before), after) in sinks.status().iter().zip(before).zip(delivered()) {
        println!("  {} shipped about {:.0} events a second meanwhile", sink.name, (after - before) as f64 / shipping);
    }
    let word = if ratio >= BUDGET { "kept" } else { "NOT KEPT" };
    println!("budget {word}: {ratio:.2} of the rate alone, at least {BUDGET} (median of {ROUNDS} interleaved rounds)");
}
