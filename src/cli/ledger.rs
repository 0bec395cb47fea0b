//! `inlay ledger check | backup | repair`: whether the ledger is whole, a copy of it, and what can be saved where it is damaged.
//!
//! `check` and `backup` work beside a running proxy. `repair` changes the folder's ledger, so for that it takes the ledger's
//! lock; a file that was set aside is read beside a running proxy too.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};

use super::folder::{Folder, shell_word, whole};
use super::words::grouped;
use super::{ended, printed};
use crate::ledger::{
    self, BroughtBack, Clock, Copied, Inspected, OpenError, ReadError, Repair, RepairError, Repaired, Saved,
};

/// Arguments of `inlay ledger`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  inlay ledger check --config inlay.toml")]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Look through the whole ledger: every page, every reference, and whether events and counts agree
    #[command(after_help = "Example:\n  inlay ledger check --config inlay.toml\n\n\
        Works beside a running proxy and changes nothing. Ends with 1 where something is wrong.")]
    Check {
        #[command(flatten)]
        folder: Folder,
    },
    /// Copy the ledger to a file: one state, synced and looked through
    #[command(after_help = "Example:\n  inlay ledger backup /backup/ledger-$(date +%F).db --data /var/lib/inlay\n\n\
        Works beside a running proxy. To put a copy back: stop Inlay, replace ledger.db by it, remove ledger.db-wal and \
        ledger.db-shm.")]
    Backup {
        /// The file to make; it must not exist
        #[arg(value_name = "TO")]
        to: PathBuf,
        #[command(flatten)]
        folder: Folder,
    },
    /// Save what can be read of a damaged ledger; the damaged file is kept
    #[command(after_help = "Examples:\n  inlay ledger repair --data /var/lib/inlay\n  \
        inlay ledger repair /var/lib/inlay/ledger.db.damaged-20261125T090807\n\n\
        Without FILE the folder's own ledger is repaired; stop Inlay before. A FILE that was set aside is read into \
        FILE.repaired. Where Inlay is stopped, that is brought back into the ledger that it has recorded into since: events by \
        their numbers, counts by addition.")]
    Repair {
        /// A file that was set aside
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        folder: Folder,
    },
}

/// Checks, copies or repairs.
pub(super) fn run(args: LedgerArgs) -> u8 {
    let (out, clock) = (&mut io::stdout().lock(), &Clock::system());
    ended(match args.action {
        Action::Check { folder } => folder.path().map_err(Into::into).and_then(|dir| check(&dir, out)),
        Action::Backup { to, folder } => folder.path().map_err(Into::into).and_then(|dir| backup(&dir, &to, out)),
        Action::Repair { file: None, folder } => {
            folder.path().map_err(Into::into).and_then(|dir| repair(&dir, clock, out))
        }
        Action::Repair { file: Some(file), folder } => {
            found(&file, &folder).and_then(|(file, dir)| match is_own(&file, &dir) {
                true => repair(&dir, clock, out),
                false => bring(&file, &dir, clock, out),
            })
        }
    })
}

fn check(dir: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let Inspected { events, pages, findings } = ledger::inspect(dir)?;
    let place = whole(dir);
    if !findings.is_empty() {
        let lines: String = findings.iter().map(|finding| format!("\n  {finding}")).collect();
        bail!(
            "the ledger in {} is not as it should be:{lines}\nwhat to do: inlay ledger repair --help",
            place.display()
        );
    }
    printed(writeln!(
        out,
        "The ledger in {} is whole: {}, {} pages. Looked at were every page, every reference, and whether events, seqs, \
         cursors and counts agree.",
        place.display(),
        counted(events, "event"),
        grouped(pages.unsigned_abs())
    ))?;
    Ok(())
}

fn backup(dir: &Path, to: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let Copied { events, bytes, findings } = ledger::backup(dir, to)?;
    let bytes = grouped(bytes);
    let (dir, to) = (whole(dir), whole(to));
    let mut text = format!(
        "The ledger in {} was copied to {}: {}, {bytes} bytes, synced and looked through.\n",
        dir.display(),
        to.display(),
        counted(events, "event")
    );
    for finding in findings {
        text += &format!("In the ledger as in its copy: {finding}\n");
    }
    printed(out.write_all(text.as_bytes()))?;
    Ok(())
}

/// The folder's own ledger.
fn repair(dir: &Path, clock: &Clock, out: &mut dyn Write) -> anyhow::Result<()> {
    let text = match ledger::repair_ledger(dir, clock)? {
        Repair::Whole { events } => format!(
            "The ledger in {} is whole, {}: nothing was changed.\n",
            whole(dir).display(),
            counted(events, "event")
        ),
        Repair::Done { repaired, aside } => format!(
            "{}What was saved is now {}. The damaged file is kept as {}.\n",
            told(&repaired),
            whole(&repaired.file).display(),
            whole(&aside).display()
        ),
    };
    printed(out.write_all(text.as_bytes()))?;
    Ok(())
}

/// A file that was set aside.
fn bring(file: &Path, dir: &Path, clock: &Clock, out: &mut dyn Write) -> anyhow::Result<()> {
    let repaired = match ledger::repair_file(file, clock) {
        Ok(repaired) => {
            printed(out.write_all(told(&repaired).as_bytes()))?;
            repaired.file
        }
        // A repair of before, which could not be brought back then.
        Err(RepairError::Exists { file }) => file,
        Err(error) => return Err(error.into()),
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let (dir_shown, repaired_shown) = (whole(dir), whole(&repaired));
    let text = match ledger::bring_back(&repaired, &name, dir, clock) {
        Ok(BroughtBack { events, moved }) => {
            let mut text = format!(
                "{} and the counts are back in the ledger in {}. Sinks are not sent what came back.\n",
                counted(events, "event"),
                dir_shown.display()
            );
            if moved > 0 {
                text += &format!("{} got another seq, since theirs was given again.\n", counted(moved, "event"));
            }
            std::fs::remove_file(&repaired)?;
            text + &format!("{} is not needed any more.\n", whole(file).display())
        }
        Err(RepairError::Open(OpenError::Held { .. })) => format!(
            "What was saved is {}. Inlay is running: stop it and give this command again to bring that back into its ledger \
             (inlay ledger repair {} --data {}).\n",
            repaired_shown.display(),
            shell_word(&whole(file)),
            shell_word(&dir_shown)
        ),
        Err(RepairError::Read(ReadError::None { .. })) => format!(
            "What was saved is {}, a ledger of its own: there is none in {} that it could be brought back into.\n",
            repaired_shown.display(),
            dir_shown.display()
        ),
        Err(error @ RepairError::BroughtBack { .. }) => {
            std::fs::remove_file(&repaired)?;
            return Err(error.into());
        }
        Err(error) => {
            bail!("what was saved is {}, but it cannot be brought back: {error}", repaired_shown.display())
        }
    };
    printed(out.write_all(text.as_bytes()))?;
    Ok(())
}

/// The file as it was named, or by its name in the data folder; and the folder whose ledger went on.
fn found(file: &Path, folder: &Folder) -> anyhow::Result<(PathBuf, PathBuf)> {
    let named = folder.is_named().then(|| folder.path()).transpose()?;
    let file = match &named {
        Some(dir) if !file.exists() => dir.join(file),
        _ => file.to_owned(),
    };
    if !file.exists() {
        bail!("there is no file {}", whole(&file).display());
    }
    let beside = whole(&file).parent().unwrap_or(Path::new("/")).to_owned();
    Ok((file, named.unwrap_or(beside)))
}

/// Whether it is the folder's own ledger, which nothing can be brought back into from itself.
fn is_own(file: &Path, dir: &Path) -> bool {
    let own = dir.join("ledger.db").canonicalize();
    matches!((file.canonicalize(), own), (Ok(file), Ok(own)) if file == own)
}

/// What was saved, a line for each table.
fn told(repaired: &Repaired) -> String {
    let mut text = String::from("Saved:\n");
    for Saved { table, rows, whole } in &repaired.saved {
        let what = if *whole { "" } else { "  (not all could be read)" };
        text += &format!("  {table:<12} {:>12}{what}\n", grouped(rows.unsigned_abs()));
    }
    if repaired.first_page {
        text += "The first page could not be read; a new ledger's was taken for it.\n";
    }
    if repaired.gaps > 0 {
        text += &format!(
            "Between the first and the last event {} are missing: damaged, or expired before.\n",
            grouped(repaired.gaps.unsigned_abs())
        );
    }
    text
}

fn counted(n: i64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(n.unsigned_abs()), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        _ledger: LedgerArgs,
    }

    #[test]
    fn every_help_has_an_example() {
        for words in [&["--help"][..], &["check", "--help"], &["backup", "--help"], &["repair", "--help"]] {
            let help = Line::try_parse_from([&["ledger"], words].concat()).expect_err("help is no command").to_string();
            assert!(help.contains("  inlay ledger "), "{help}");
        }
    }
}
