//! Sinks as a whole: a real ledger, the real shipper step by step on the test's thread, a clock that stands until it is moved.
//! Tests of single parts stand beside them.

mod ages;
mod book;
mod bounds;
mod claims;
mod defect;
mod fake;
mod files;
mod life;
mod mortal;
mod orders;
mod packing;
mod random;
mod refused;
mod seen;
mod steps;
mod world;

use std::time::Duration;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::config::{Backend, BatchLimits, Begin, Fields, Sink};

/// 2026-11-23T12:00:00Z.
const NOON: i64 = 1_795_435_200_000;
const SECOND: i64 = 1000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A sink from the start of the ledger, with batches of so many events, that waits for nothing and holds back anything.
fn sink(events: usize) -> Sink {
    Sink {
        name: "hook".into(),
        backend: Backend::Stdout,
        sites: vec![],
        events: vec![],
        begin: Begin::Start,
        batch: BatchLimits { events, bytes: 1 << 20, wait: Duration::ZERO },
        fields: Fields::default(),
        retry_most: Duration::from_secs(1),
        hold_bytes: 1 << 40,
    }
}

/// Runs random cases. The seed is printed, and `INLAY_SEED` repeats it; `INLAY_CASES` has it try more.
fn runner(cases: u32) -> TestRunner {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seed = number("INLAY_SEED").unwrap_or_else(rand::random);
    println!("INLAY_SEED={seed}");
    let mut whole = [0; 32];
    whole[..8].copy_from_slice(&seed.to_le_bytes());
    let cases = number("INLAY_CASES").map_or(cases, |cases| cases as u32);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &whole))
}
