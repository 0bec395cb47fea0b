//! `inlay export`: events of a time as NDJSON or CSV, to standard output or a new file.
//!
//! Reads beside a running proxy, a piece at a time: whatever the ledger's size, a piece is what is held in memory, and no
//! transaction is open while a slow reader takes it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::folder::{Folder, whole};
use super::words::counted;
use super::{complain, ended, printed};
use crate::config::Begin;
use crate::event::Event;
use crate::ledger::{self, Clock, EventReader, Filter, ReadError};
use crate::stats;

/// Arguments of `inlay export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inlay export --config inlay.toml --format ndjson --from 2026-11-01 --to 2026-12-01 > november.ndjson
  inlay export --format csv --site shop --output shop.csv

The fields are those that sinks get. In CSV a text that a spreadsheet would take for a formula has a ' in front.")]
pub(super) struct ExportArgs {
    /// How events are written
    #[arg(long, value_enum)]
    format: Format,
    /// The first time that is wanted: a date (its midnight in UTC), or a time such as 2026-11-01T08:00:00+01:00; else all
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<i64>,
    /// The time before which events are wanted, written as in --from: with a date, that day is not among them
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<i64>,
    /// Events of this site alone; may be given more than once
    #[arg(long = "site", value_name = "NAME")]
    sites: Vec<String>,
    /// A new file to write to; standard output otherwise
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    folder: Folder,
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line, as sinks get it
    Ndjson,
    /// RFC 4180, with a line of names
    Csv,
}

/// `--to` is not after `--from`.
#[derive(Debug, thiserror::Error)]
#[error("--to is not after --from, so there is nothing between them")]
pub(super) struct NoTime;

/// Why the file does not hold the events.
#[derive(Debug, thiserror::Error)]
enum NotWritten {
    /// It is never overwritten.
    #[error("{} is there already and is not overwritten; write another name", file.display())]
    Exists { file: PathBuf },
    #[error("{} cannot be written: {said}", file.display())]
    Failed { file: PathBuf, said: io::Error },
}

/// After so many bytes, or so many events, a piece is written out.
const PIECE_BYTES: usize = 256 * 1024;
const PIECE_EVENTS: usize = 10_000;

/// Exports.
pub(super) fn run(args: &ExportArgs) -> u8 {
    ended(args.carry_out())
}

impl ExportArgs {
    fn carry_out(&self) -> anyhow::Result<()> {
        let dir = self.folder.path()?;
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to <= from
        {
            return Err(NoTime.into());
        }
        let conn = ledger::read(&dir)?;
        self.sites.iter().try_for_each(|site| stats::know_site(&conn, site))?;
        drop(conn);
        let mut pieces = Pieces::open(&dir, self)?;
        let Some(file) = &self.output else {
            return Ok(printed(pieces.write_to(&mut io::stdout().lock())?)?);
        };
        let new = create(file)?;
        let written = pieces.write_to(&new).map(|written| written.and_then(|()| new.sync_all()));
        if !matches!(written, Ok(Ok(()))) {
            // Half an export looks like a whole one.
            _ = fs::remove_file(file);
        }
        written?.map_err(|said| NotWritten::new(file, said))?;
        complain(format_args!("{} written to {}.", counted(pieces.events, "event", "events"), whole(file).display()));
        Ok(())
    }
}

/// What is left to be exported.
struct Pieces {
    reader: EventReader,
    filter: Filter,
    format: Format,
    after: i64,
    last: i64,
    events: u64,
}

impl Pieces {
    fn open(dir: &Path, args: &ExportArgs) -> Result<Pieces, ReadError> {
        let reader = EventReader::open(dir)?;
        let filter = Filter {
            sites: args.sites.clone(),
            kinds: Vec::new(),
            from_ms: args.from,
            before_ms: args.to,
            // What has expired goes nowhere, though its row may still be there for an hour.
            alive_ms: Some(Clock::system().now_ms()),
        };
        let (after, last) = reader.range(&filter)?;
        // What is recorded from now on is not waited for.
        let last = last.min(reader.last_seq()?);
        Ok(Pieces { reader, filter, format: args.format, after, last, events: 0 })
    }

    /// Writes everything; the inner result is the output's.
    fn write_to(&mut self, mut out: impl Write) -> Result<io::Result<()>, ReadError> {
        let mut piece = Vec::with_capacity(PIECE_BYTES * 2);
        if self.format == Format::Csv {
            Event::write_csv_header(&mut piece);
        }
        loop {
            let more = self.next(&mut piece)?;
            if let Err(error) = out.write_all(&piece) {
                return Ok(Err(error));
            }
            piece.clear();
            if !more {
                return Ok(out.flush());
            }
        }
    }

    /// Appends the next piece; whether there may be more.
    fn next(&mut self, piece: &mut Vec<u8>) -> Result<bool, ReadError> {
        let (format, mut events) = (self.format, 0);
        let looked = self.reader.events(self.after, self.last, &self.filter, |_, event| {
            if piece.len() >= PIECE_BYTES || events >= PIECE_EVENTS {
                return ControlFlow::Break(());
            }
            match format {
                Format::Csv => event.write_csv(piece),
                Format::Ndjson => {
                    event.write_json(piece);
                    piece.push(b'\n');
                }
            }
            events += 1;
            ControlFlow::Continue(())
        })?;
        self.after = looked.last_seq;
        self.events += events as u64;
        Ok(looked.stopped)
    }
}

/// A file of its owner's alone, where there was none.
fn create(file: &Path) -> Result<File, NotWritten> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(|said| NotWritten::new(file, said))
}

impl NotWritten {
    fn new(file: &Path, said: io::Error) -> NotWritten {
        let file = file.to_owned();
        match said.kind() {
            ErrorKind::AlreadyExists => NotWritten::Exists { file },
            _ => NotWritten::Failed { file, said },
        }
    }
}

/// A time on the command line, as milliseconds since 1970.
fn time(written: &str) -> Result<i64, String> {
    match written.parse() {
        Ok(Begin::At(ms)) => Ok(ms),
        _ => Err(format!(
            "`{written}` is no time; write a date such as 2026-11-01, or a time with its offset such as 2026-11-01T08:00:00Z"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_in_utc_or_have_their_offset() {
        assert_eq!(time("1970-01-02"), Ok(86_400_000));
        assert_eq!(time("1970-01-01T01:00:00+01:00"), Ok(0));
        for wrong in ["now", "start", "yesterday", "2026-11-01T08:00:00", ""] {
            assert!(time(wrong).is_err_and(|said| said.contains("2026-11-01T08:00:00Z")), "{wrong}");
        }
    }
}
