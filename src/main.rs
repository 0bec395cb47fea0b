//! The program: reads the command, does it, and ends with its code (0 done, 1 failed, 2 wrong use or configuration).

use std::process::ExitCode;

use clap::Parser;
use inlay::cli::Cli;

/// Less time in the allocator under load than the system's (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    inlay::cli::run(Cli::parse())
}
