//! `inlay sink`: how the sinks are, and orders for them.
//!
//! The process that runs them is asked over its socket. Where none runs the ledger itself tells and is told, which takes its
//! lock for orders and nothing for looking. Dead letters are always read from the ledger.

mod dead;
mod drain;
mod found;
mod order;
mod text;

use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;

use self::found::Found;
pub(super) use self::found::WrongSink;
use super::folder::Folder;
use super::words::shown_json;
use super::{ended, printed};
use crate::config::Begin;
use crate::ledger::Clock;
use crate::sink::{Order, Status};

/// Arguments of `inlay sink`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  inlay sink status --config inlay.toml")]
pub(super) struct SinkArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the sinks: what each does, and what waits for it
    #[command(after_help = "Example:\n  inlay sink list --config inlay.toml")]
    List {
        #[command(flatten)]
        folder: Folder,
    },
    /// Tell everything about the sinks, or about one
    #[command(after_help = "Examples:\n  inlay sink status hook\n  inlay sink status --config inlay.toml --json", after_long_help = STATUS)]
    Status {
        /// The sink's name; all of them otherwise
        name: Option<String>,
        /// Print JSON; its shape stands in `--help`
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// Begin no further batch until it is resumed; also after a restart
    #[command(after_help = "Example:\n  inlay sink pause hook --config inlay.toml")]
    Pause(Named),
    /// Go on, after a pause or where it stopped by itself; at once, also where it waits after a failure
    #[command(after_help = "Example:\n  inlay sink resume hook --config inlay.toml")]
    Resume(Named),
    /// Send what waits now, and wait until it is sent
    #[command(after_help = "Example:\n  inlay sink drain hook --config inlay.toml --timeout 300")]
    Drain {
        #[command(flatten)]
        sink: Named,
        /// Give up when nothing has moved for so many seconds; the order stands all the same
        #[arg(long, value_name = "SECS", default_value_t = 60)]
        timeout: u32,
    },
    /// List its dead letters: events that its backend refused for good, with the answers
    #[command(after_help = "Example:\n  inlay sink dead hook --config inlay.toml", after_long_help = DEAD)]
    Dead {
        #[command(flatten)]
        sink: Named,
        /// Print JSON; its shape stands in `--help`
        #[arg(long)]
        json: bool,
    },
    /// Try its dead letters again
    #[command(after_help = "Examples:\n  inlay sink retry hook --config inlay.toml\n  inlay sink retry hook 1042")]
    Retry {
        #[command(flatten)]
        sink: Named,
        /// One dead letter, by its seq or its event's id; all of them otherwise
        #[arg(value_name = "SEQ|ID")]
        letter: Option<String>,
    },
    /// Send events again that it had, from a time on
    #[command(after_help = "Example:\n  inlay sink replay hook --from 2026-11-01 --config inlay.toml\n\n\
        Events keep their ids: a backend that knows an id can leave the event out. Of events that it does not get again, \
        because the time lies ahead of them, those that it had not got yet are given up, and counted so.")]
    Replay {
        #[command(flatten)]
        sink: Named,
        /// `start` (all that the ledger holds), `now`, a date (its midnight in UTC), or a time such as 2026-11-01T08:00:00Z
        #[arg(long, value_name = "TIME")]
        from: Begin,
    },
}

/// One sink of a ledger.
#[derive(Debug, Args)]
struct Named {
    /// The sink's name
    name: String,
    #[command(flatten)]
    folder: Folder,
}

const STATUS: &str = "\
Examples:
  inlay sink status hook
  inlay sink status --config inlay.toml --json

JSON:
  {\"v\":1, \"sinks\":[{\"name\":NAME, \"kind\":\"file\", \"state\":STATE, \"lag_events\":N, \"lag_ms\":N, \"lag_bytes\":N,
   \"delivered\":N, \"given_up\":N, \"dead\":N, \"failures\":N, \"retries\":N, \"rate\":EVENTS A SECOND,
   \"last_error\":{\"what\":WORDS, \"at_ms\":TIME} or null, \"warning\":WORDS or null, \"draining\":false}, ...]}
  STATE: \"idle\", \"shipping\", {\"waiting\":TIME OF THE NEXT ATTEMPT}, \"paused\", {\"stopped\":WHY}, \"off\" (no process
  runs), \"unnamed\" (not in the configuration). Times are milliseconds since 1970. Where no process runs, failures, retries,
  rate and last_error are not known. Keys may be added; those that are here stay.";

const DEAD: &str = "\
Example:
  inlay sink dead hook --config inlay.toml

JSON:
  {\"v\":1, \"sink\":NAME, \"dead\":[{\"seq\":N, \"id\":EVENT ID, \"ts_ms\":TIME, \"site\":NAME, \"path\":PATH, \"died_ms\":TIME,
   \"status\":N or null, \"answer\":WORDS, \"retry\":whether it is to be tried again}, ...]}
  Times are milliseconds since 1970. Keys may be added; those that are here stay.";

/// Tells of sinks, or tells them something.
pub(super) fn run(args: &SinkArgs) -> u8 {
    ended(args.action.carry_out(&mut io::stdout().lock(), &mut io::stderr().lock()))
}

impl Action {
    /// What was asked for goes to `out`; what is said about it goes to `notes`.
    fn carry_out(&self, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
        match self {
            Action::List { folder } => {
                let found = Found::look(folder, notes)?;
                Ok(printed(text::list(&found.sinks, out))?)
            }
            Action::Status { name, json, folder } => {
                let found = Found::look(folder, notes)?;
                let sinks = match name {
                    Some(name) => std::slice::from_ref(found.sink(name)?),
                    None => &found.sinks,
                };
                let written =
                    if *json { as_json(sinks, out) } else { text::status(sinks, found.is_running, now_ms(), out) };
                Ok(printed(written)?)
            }
            Action::Pause(sink) => order::give(sink, Order::Pause, notes),
            Action::Resume(sink) => order::give(sink, Order::Resume, notes),
            Action::Drain { sink, timeout } => drain::run(sink, Duration::from_secs((*timeout).into()), notes),
            Action::Dead { sink, json } => dead::list(sink, *json, out, notes),
            Action::Retry { sink, letter } => order::retry(sink, letter.as_deref(), notes),
            Action::Replay { sink, from } => order::give(sink, Order::Replay(*from), notes),
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    sinks: &'a [Status],
}

fn as_json(sinks: &[Status], out: &mut dyn Write) -> io::Result<()> {
    let json = serde_json::to_string(&Document { v: 1, sinks })?;
    writeln!(out, "{}", shown_json(&json))
}

fn now_ms() -> i64 {
    Clock::system().now_ms()
}
