//! What a page costs: CPU time beside nginx and bare pingora, recording's share, sinks' share, memory. `make bench`,
//! or
//! `cargo bench --profile dist --bench pages`; `-- cpu`, `-- sinks`, `-- recording` or `-- memory` runs one part.
//!
//! The proxy has one core for itself; origin (nginx, static files) and load (wrk) share another. CPU time is that of every
//! thread of the proxy, as the scheduler counts it, over the pages that wrk received. Rounds are interleaved, so that what
//! else the machine does meets all alike; figures are medians, and only ratios within one run are to be compared.

#![allow(
    unreachable_pub,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a benchmark fails by a panic, and what its modules share is nobody's interface"
)]

mod bare;
mod cpu;
mod load;
mod memory;
mod process;
mod recording;
mod servers;
mod sinks;
mod table;

/// As in the binary, for the bare pingora.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if bare::asked() {
        return bare::serve();
    }
    let parts: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    println!("{}", servers::machine());
    if wanted("cpu") {
        cpu::measure();
    }
    if wanted("sinks") {
        sinks::measure();
    }
    if wanted("recording") {
        recording::measure();
    }
    if wanted("memory") {
        memory::measure();
    }
}
