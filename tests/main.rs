//! The tests from outside: the real binary before small origins, real nginx and a real browser. One file a theme; names are
//! sentences.

#![allow(
    unreachable_pub,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by a panic, and what its modules share is nobody's interface"
)]

mod browser;
mod caches;
mod check;
mod codings;
mod commands;
mod corpus;
mod crash;
mod embed;
mod framing;
mod hooks;
mod ledger;
mod operation;
mod owner;
mod privacy;
mod records;
mod rooms;
mod routing;
mod sinks;
mod support;
mod tagging;
mod tls;
mod wire;
mod wrapped;
