//! Sinks as a whole: a real ledger, the real shipper step by step on the test's thread, a clock that stands until it is moved.
//! Tests of single parts stand beside them.

mod ages;
mod bounds;
mod fake;
mod orders;
mod packing;
mod refused;
mod world;

use std::time::Duration;

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
