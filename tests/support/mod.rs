//! What the tests share: an origin and a backend that do as they are told, the real binary, and a client that sees every byte.

pub mod authority;
pub mod client;
pub mod door;
pub mod memory;
pub mod origin;
pub mod proxy;
pub mod receiver;
pub mod sink;
pub mod source;
pub mod visitor;
pub mod wire;

use std::time::{Duration, Instant};

/// How long anything is waited for. Generous: a slow machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `done` gives a value, and fails with `what` when patience ends.
pub fn wait_for<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
