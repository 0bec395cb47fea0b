//! Orders: to the process that runs the sink, or to the ledger where none does, so that the next process finds them there.

use std::io::Write;
use std::path::Path;

use anyhow::bail;

use super::dead::letter_named;
use super::found::{Found, WrongSink};
use super::{Named, now_ms};
use crate::admin::{self, Answer, Command};
use crate::cli::folder::whole;
use crate::cli::words::counted;
use crate::config::Begin;
use crate::ledger::{self, Clock, Outbox, Place};
use crate::sink::Order;

/// Gives an order, and says in `notes` what follows from it.
pub(super) fn give(sink: &Named, order: Order, notes: &mut dyn Write) -> anyhow::Result<()> {
    let found = Found::look(&sink.folder, notes)?;
    let name = sink.name.as_str();
    found.sink_to_order(name)?;
    if let Order::Replay(Begin::At(from_ms)) = order
        && from_ms > now_ms()
    {
        return Err(WrongSink::Ahead { name: name.to_owned() }.into());
    }
    if let Order::Retry(_) = order {
        let (reader, place) = found.place(name)?;
        if reader.count_dead(place.id)? == 0 {
            writeln!(notes, "{name} has no dead letters.")?;
            return Ok(());
        }
    }
    if found.is_running {
        tell(&found.dir, name, order)?;
    } else {
        write_down(&found, name, order)?;
    }
    let when = if found.is_running { "" } else { " when inlay runs" };
    match order {
        Order::Pause => writeln!(notes, "{name} is paused, until: inlay sink resume {name}")?,
        Order::Resume => writeln!(notes, "{name} goes on{when}.")?,
        Order::Drain => writeln!(notes, "What waits for {name} goes now.")?,
        Order::Retry(None) => writeln!(notes, "The dead letters of {name} are tried again{when}.")?,
        Order::Retry(Some(seq)) => writeln!(notes, "Dead letter {seq} of {name} is tried again{when}.")?,
        Order::Replay(Begin::Now) => {
            writeln!(notes, "{name} gets what is recorded from now on. What waited for it is given up, and counted.")?;
        }
        Order::Replay(begin) => {
            let skipped =
                if begin == Begin::Start { "" } else { " What waited from before then is given up, and counted." };
            writeln!(
                notes,
                "{name} gets events from there on{when}, also those that it had already. They have the same ids as \
                 before.{skipped}"
            )?;
        }
    }
    Ok(())
}

/// Has dead letters tried again: the one that was named, or all.
pub(super) fn retry(sink: &Named, letter: Option<&str>, notes: &mut dyn Write) -> anyhow::Result<()> {
    let seq = match letter {
        Some(letter) => Some(letter_named(sink, letter, notes)?),
        None => None,
    };
    give(sink, Order::Retry(seq), notes)
}

/// Tells the process that runs the sink.
pub(super) fn tell(dir: &Path, name: &str, order: Order) -> anyhow::Result<()> {
    match admin::send(dir, &Command::SinkOrder { name: name.to_owned(), order })? {
        Some(Answer::Done) => Ok(()),
        Some(Answer::Refused(why)) => bail!(why),
        Some(_) => bail!("the running inlay answered something else than it was asked: is it of another version?"),
        None => bail!("the running inlay ended before it took the order; the order can be given to its ledger now"),
    }
}

/// Writes the order down in the ledger, which nobody else has.
fn write_down(found: &Found, name: &str, order: Order) -> anyhow::Result<()> {
    // That there is a place is known before anything is opened, so that no ledger is begun here.
    let (_, place) = found.place(name)?;
    if order == Order::Drain {
        let (dir, waits) = (whole(&found.dir), found.sink(name)?.lag_events);
        bail!(
            "no process runs for the ledger in {} that could send what waits for {name} ({}): it goes when `inlay run` is started",
            dir.display(),
            counted(waits, "event", "events")
        );
    }
    let ledger = ledger::open(&found.dir, &[], Clock::system())?;
    let written = write(&ledger.outbox(), &place, order);
    ledger.close();
    Ok(written?)
}

fn write(outbox: &Outbox, place: &Place, order: Order) -> Result<(), ledger::WriteError> {
    match order {
        Order::Pause => outbox.set_paused(place.id, true),
        Order::Resume => {
            outbox.set_paused(place.id, false)?;
            outbox.set_stopped(place.id, None)
        }
        Order::Retry(seq) => outbox.retry_dead(place.id, seq).map(drop),
        Order::Replay(begin) => outbox.replay(place.id, begin).map(drop),
        Order::Drain => Ok(()),
    }
}
