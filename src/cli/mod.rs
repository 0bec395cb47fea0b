//! The commands, one file each: they read their arguments, call a room, and speak to people.

mod check;
mod demo;
mod export;
mod folder;
mod ledger;
mod proxy;
mod run;
mod serve;
mod sink;
mod stats;
mod token;
mod words;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::export::NoTime;
use self::folder::NotNamed;
use self::sink::WrongSink;
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
    /// The events themselves, as NDJSON or CSV
    Export(export::ExportArgs),
    /// The storage backends that events are forwarded to: how they are, and orders for them
    Sink(sink::SinkArgs),
    /// Tokens for the owner's page
    Token(token::TokenArgs),
    /// The ledger itself: whether it is whole, a copy, a repair
    Ledger(ledger::LedgerArgs),
}

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    let code = match cli.command {
        Command::Proxy(args) => proxy::run(args),
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Demo(args) => demo::run(args),
        Command::Stats(args) => stats::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Sink(args) => sink::run(&args),
        Command::Token(args) => token::run(args),
        Command::Ledger(args) => ledger::run(args),
    };
    ExitCode::from(code)
}

/// The exit code of what was tried; says why where it failed. Wrong use is what another command line or configuration
/// would mend.
fn ended(result: anyhow::Result<()>) -> u8 {
    let Err(error) = result else { return DONE };
    if let Some(problems) = error.downcast_ref::<Problems>() {
        complain(problems);
        return WRONG_USE;
    }
    complain(sentence(&error));
    match error.downcast_ref::<statistics::Error>() {
        Some(statistics::Error::UnknownSite { .. }) => WRONG_USE,
        _ if error.is::<NotNamed>() || error.is::<WrongSink>() || error.is::<NoTime>() => WRONG_USE,
        _ => FAILED,
    }
}

/// An error as people are told it. Its own words hold what caused it; the chain behind it would say that again.
fn sentence(error: impl Display) -> String {
    format!("inlay: {error}")
}

/// Says it on the standard error. Where that is closed nobody listens, which is no reason to stop.
fn complain(words: impl Display) {
    _ = writeln!(io::stderr(), "{words}");
}

/// Says it on the standard output; the same holds.
fn tell(words: impl Display) {
    _ = writeln!(io::stdout(), "{words}");
}

/// What came of printing, where a reader who has seen enough (`inlay stats | head`) is no failure.
fn printed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::ControlError;
    use crate::app::{ListenError, StartError};
    use crate::ledger::{OpenError, ReadError};

    #[test]
    fn no_printed_error_says_a_thing_twice_or_hides_its_cause() {
        const CAUSE: &str = "the cause of it all";
        let io = || io::Error::other(CAUSE);
        let addr = std::net::SocketAddr::from(([127, 0, 0, 1], 80));
        let errors: [anyhow::Error; 5] = [
            StartError::Ledger(OpenError::Folder { dir: "/data".into(), said: io() }).into(),
            OpenError::Writer(io()).into(),
            StartError::Listen(ListenError::Other { addr, source: io() }).into(),
            StartError::Control(ControlError::Io { path: "/data/inlay.sock".into(), source: io() }).into(),
            ReadError::Denied { file: "/data/ledger.db".into(), source: io() }.into(),
        ];
        for error in errors {
            let said = sentence(&error);
            assert_eq!(said.matches(CAUSE).count(), 1, "{said}");
            for cause in error.chain().skip(1).map(ToString::to_string) {
                assert!(said.matches(&cause).count() <= 1, "{cause:?} stands twice in {said:?}");
            }
        }
    }
}
