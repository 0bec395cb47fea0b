//! Sinks: committed events on their way to storage backends of the owner's choice.
//!
//! A sink is a cursor over the ledger ([`crate::ledger::Outbox`]). Each has a thread of its own that packs batches, has its
//! backend deliver them and moves the cursor (`shipper`); so a slow or dead sink holds up nobody, and the proxy never. A
//! backend is one file (`file`, `http`, `stdout`) that knows how to deliver bytes and what its own faults mean; everything else
//! is shared.
//!
//! # What is guaranteed
//!
//! - Nothing that was committed is left out, but for what is given up by rule (retention, `hold_bytes`, dead letters beyond their
//!   bound), and that is counted, logged and shown.
//! - `http` and `stdout` have each event at least once, and a repeated batch has the same bytes under the same key.
//! - `file` has each event exactly once: its length is written down with the cursor, and after a crash the file goes back to it.
//!
//! # A batch's life
//!
//! ```text
//! rows -> pack -> written down (key, digest) -> deliver -> accepted -> cursor moves, next one written down
//!                        ^                        |
//!                        |   Again, Credentials   |  after a pause, packed again: the same rows are the same bytes
//!                        +------------------------+
//!                        |     Smaller, Bad       |  its first half, under a key of its own; one alone: a dead letter
//!                        +------------------------+
//! Misconfigured: the sink stops, the cursor stays, its owner is told
//! ```

mod backend;
mod background;
mod backoff;
mod batch;
mod fault;
mod file;
mod http;
mod orders;
mod shipper;
mod sinks;
mod status;
mod stdout;
mod words;

pub use self::fault::{Fault, Refusal};
pub use self::orders::Order;
pub use self::sinks::{OrderError, Sinks};
pub use self::status::{LastError, State, Status, statuses};
pub use self::words::span;

#[cfg(test)]
mod tests;
