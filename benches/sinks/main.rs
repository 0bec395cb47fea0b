//! What sinks ship and what they cost: the ledger's rows a second while a backlog ships, the rate beside curl, memory with a
//! large backlog. `cargo bench --profile dist --bench sinks`; `-- shipping`, `-- curl` or `-- memory` runs one part.
//!
//! A page's CPU time with sinks on and off is measured where pages are: `--bench pages -- sinks`.

#![allow(
    unreachable_pub,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark fails by a panic, and what its modules share is nobody's interface"
)]

mod curl;
mod inlay_with;
mod memory;
mod receiver;
mod shipping;
#[path = "../views/mod.rs"]
mod views;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if receiver::asked() {
        return receiver::serve();
    }
    if shipping::asked() {
        return shipping::measure();
    }
    if let Some(dir) = memory::asked() {
        return memory::ship(&dir);
    }
    let parts: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    if wanted("shipping") {
        shipping::on_one_core();
    }
    if wanted("curl") {
        curl::measure();
    }
    if wanted("memory") {
        memory::measure();
    }
}

/// The middle one.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
