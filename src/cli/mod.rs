//! The commands, one file each: they read their arguments, call a room, and speak to people.

mod check;
mod demo;
mod folder;
mod proxy;
mod run;
mod serve;
mod stats;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Problems;
use crate::stats as statistics;

/// Ended as wished.
const DONE: u8 = 0;
/// Something failed.
const FAILED: u8 = 1;
/// Wrong use, or a configuration that cannot be right.
const WRONG_USE: u8 = 2;

/// A reverse proxy that places tags in the pages of any web site, records views, and keeps every visitor's opt-out.
#[derive(Debug, Parser)]
#[command(name = "inlay", version, after_help = "Example:\n  inlay proxy http://127.0.0.1:3000")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put Inlay before a site, without a configuration file
    Proxy(proxy::ProxyArgs),
    /// Run as a configuration file says
    Run(run::RunArgs),
    /// Check a configuration file: every problem at once
    Check(check::CheckArgs),
    /// A sample shop, the proxy before it, and the owner's page
    Demo(demo::DemoArgs),
    /// What was counted: views, pages, referrers, campaigns
    Stats(stats::StatsArgs),
    /// Tokens for the owner's page
    Token(token::TokenArgs),
}

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    let code = match cli.command {
        Command::Proxy(args) => proxy::run(args),
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Demo(args) => demo::run(args),
        Command::Stats(args) => stats::run(&args),
        Command::Token(args) => token::run(args),
    };
    ExitCode::from(code)
}

/// The exit code of what was tried; says why where it failed. Wrong use is what another command line or configuration
/// would mend.
fn ended(result: anyhow::Result<()>) -> u8 {
    let Err(error) = result else { return DONE };
    if let Some(problems) = error.downcast_ref::<Problems>() {
        eprintln!("{problems}");
        return WRONG_USE;
    }
    eprintln!("inlay: {error:#}");
    match error.downcast_ref::<statistics::Error>() {
        Some(statistics::Error::UnknownSite { .. }) => WRONG_USE,
        _ => FAILED,
    }
}
