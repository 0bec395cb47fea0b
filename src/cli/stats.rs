//! `inlay stats`: the report of the last days, as text for people or as JSON for programs.
//!
//! Reads the ledger in its data folder, beside a running proxy or without one, and changes nothing.

mod json;
mod text;

pub(super) use text::grouped;

use std::io::{self, Write};

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;

use super::folder::{Folder, whole};
use super::{ended, printed};
use crate::ledger::{self, Clock};
use crate::stats::{self, MAX_DAYS, Question};

/// Show views, pages, referrers, campaigns and what was tagged or skipped
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = LONG)]
pub(super) struct StatsArgs {
    /// Count this site alone; all sites together otherwise
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// How many days to count, today included
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_DAYS)))]
    days: u32,
    /// How many pages, referrers, campaigns, sources and bots to name
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    top: u16,
    /// Print JSON; its shape stands in `--help`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

const EXAMPLES: &str = "\
Examples:
  inlay stats --days 7
  inlay stats --config inlay.toml --site shop --json";

const LONG: &str = "\
Examples:
  inlay stats --days 7
  inlay stats --config inlay.toml --site shop --json

JSON:
  {\"v\":1, \"site\":NAME or null, \"from\":\"2026-11-18\", \"to\":\"2026-11-24\", \"views\":N, \"bot_views\":N,
   \"days\":[{\"day\":\"2026-11-18\", \"views\":N, \"bots\":N}, ...], one for each day,
   \"hours\":[{\"hour\":\"2026-11-22T15:00:00Z\", \"views\":N, \"bots\":N}, ...], the last 48, or today's of one day,
   \"pages\":[{\"value\":\"/\", \"count\":N}, ...], and in the same way \"referrers\" (hosts), \"campaigns\", \"sources\",
   \"statuses\", \"bots\", \"outcomes\" (of pages: \"tagged\", or why one was skipped), \"dropped\" (events, by reason)}
  Keys may be added; those that are here stay.";

/// Prints the report.
pub(super) fn run(args: &StatsArgs) -> u8 {
    let now = Timestamp::from_millisecond(Clock::system().now_ms()).unwrap_or_default();
    ended(print(args, now, &mut io::stdout().lock()))
}

fn print(args: &StatsArgs, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<()> {
    let dir = args.folder.path()?;
    let conn = ledger::read(&dir)?;
    let question = Question { site: args.site.as_deref(), days: args.days, top: args.top.into() };
    let report = stats::report(&conn, &question, now).map_err(|error| match error {
        stats::Error::Sqlite(source) => anyhow!("the ledger in {} cannot be read: {source}", whole(&dir).display()),
        other => other.into(),
    })?;
    let written = if args.json { json::write(&report, out) } else { text::write(&report, out) };
    Ok(printed(written.and_then(|()| out.flush()))?)
}
