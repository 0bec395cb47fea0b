//! A ledger with sinks, as the program has them.

use std::path::Path;
use std::thread;
use std::time::Duration;

use inlay::config::Config;
use inlay::ledger::{self, Clock, Ledger};
use inlay::sink::{Order, Sinks, State};

/// The configuration of one site with these `[[sink]]` tables; its ledger and files lie in `dir`.
pub fn config(dir: &Path, sinks: &str) -> Config {
    let text = format!(
        "[server]\ndata = \"data\"\n[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"http://127.0.0.1:1\"\n{sinks}"
    );
    let file = dir.join("inlay.toml");
    std::fs::write(&file, text).expect("a configuration is written");
    inlay::app::load(&file, &|_| None).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Opens its ledger.
pub fn open(config: &Config) -> Ledger {
    ledger::open(&config.server.data, &config.sites, Clock::system()).expect("the ledger opens")
}

/// Starts its sinks.
pub fn start(config: &Config, ledger: &Ledger) -> Sinks {
    Sinks::start(config, &ledger.outbox(), &Clock::system())
}

/// Gives every sink an order.
pub fn order(sinks: &Sinks, order: Order) {
    for sink in sinks.status() {
        sinks.order(&sink.name, order).expect("the order is taken");
    }
}

/// Waits until every sink is paused.
pub fn paused(sinks: &Sinks) {
    order(sinks, Order::Pause);
    while sinks.status().iter().any(|sink| sink.state != State::Paused) {
        thread::sleep(Duration::from_millis(5));
    }
}
