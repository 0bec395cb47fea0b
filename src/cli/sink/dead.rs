//! Dead letters, read from the ledger beside a process or without one.

use std::io::{self, Write};
use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::Serialize;

use super::found::{Found, NotStarted, WrongSink};
use super::{Named, now_ms};
use crate::cli::printed;
use crate::cli::words::{shown, shown_json};
use crate::event::EventId;
use crate::ledger::{DeadLetter, EventReader, Filter, ReadError};
use crate::sink::span;

/// Longest text from outside that is shown, in characters.
const MAX_TEXT: usize = 400;
/// So many are read at once.
const PAGE: u32 = 500;

/// A dead letter with what its event says of itself.
#[derive(Debug, Serialize)]
struct Letter {
    seq: i64,
    id: String,
    ts_ms: i64,
    site: String,
    path: String,
    died_ms: i64,
    status: Option<u16>,
    answer: String,
    retry: bool,
}

/// Lists a sink's dead letters, the oldest first.
pub(super) fn list(sink: &Named, as_json: bool, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let found = Found::look(&sink.folder, notes)?;
    let name = sink.name.as_str();
    let mut written = 0_u64;
    if as_json {
        printed(write!(out, "{{\"v\":1,\"sink\":{},\"dead\":[", serde_json::to_string(name)?))?;
    }
    let now_ms = now_ms();
    each(&found, name, |letter| {
        let comma = if written > 0 { "," } else { "" };
        written += 1;
        match as_json {
            true => write!(out, "{comma}{}", shown_json(&serde_json::to_string(&letter)?)),
            false => text(&letter, now_ms, out),
        }
    })?;
    if as_json {
        printed(writeln!(out, "]}}"))?;
    } else if written == 0 {
        writeln!(notes, "{name} has no dead letters.")?;
    }
    Ok(())
}

/// The seq of the dead letter that goes by this seq or event id.
pub(super) fn letter_named(sink: &Named, letter: &str, notes: &mut dyn Write) -> anyhow::Result<i64> {
    let found = Found::look(&sink.folder, notes)?;
    found.sink_to_order(&sink.name)?;
    let mut seq = None;
    each(&found, &sink.name, |dead| {
        if dead.seq.to_string() == letter || dead.id.eq_ignore_ascii_case(letter) {
            seq = Some(dead.seq);
        }
        Ok(())
    })?;
    Ok(seq.ok_or_else(|| WrongSink::Letter { name: sink.name.clone(), letter: letter.to_owned() })?)
}

/// Shows `each` every dead letter of a sink; none of one that has not started. A reader who has seen enough ends it.
fn each(found: &Found, name: &str, mut each: impl FnMut(Letter) -> io::Result<()>) -> anyhow::Result<()> {
    let (mut reader, place) = match found.place(name) {
        Err(error) if error.is::<NotStarted>() => return Ok(()),
        place => place?,
    };
    let mut after = 0;
    loop {
        let letters = reader.dead_letters(place.id, after, false, PAGE)?;
        let Some(last) = letters.last() else { return Ok(()) };
        after = last.seq;
        for letter in letters {
            // One whose event has gone since is none any more.
            let Some(letter) = whole(&mut reader, letter)? else { continue };
            match each(letter) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                done => done?,
            }
        }
    }
}

fn whole(reader: &mut EventReader, letter: DeadLetter) -> Result<Option<Letter>, ReadError> {
    let DeadLetter { seq, died_ms, status, answer, retry } = letter;
    let mut found = None;
    reader.events(seq - 1, seq, &Filter::default(), |_, event| {
        let id: EventId = event.id;
        found = Some((id.to_string(), event.ts_ms, event.site.to_owned(), event.path.clone().into_owned()));
        ControlFlow::Continue(())
    })?;
    Ok(found.map(|(id, ts_ms, site, path)| Letter { seq, id, ts_ms, site, path, died_ms, status, answer, retry }))
}

fn text(letter: &Letter, now_ms: i64, out: &mut dyn Write) -> io::Result<()> {
    let Letter { seq, id, ts_ms, site, path, died_ms, status, answer, retry } = letter;
    let at = Timestamp::from_millisecond(*ts_ms).unwrap_or_default().strftime("%Y-%m-%d %H:%M:%S UTC");
    let ago = span(u64::try_from(now_ms - died_ms).unwrap_or_default());
    let status = status.map(|status| format!(" with status {status}")).unwrap_or_default();
    let answer = if answer.is_empty() { String::new() } else { format!(": {}", shown(answer, MAX_TEXT)) };
    let retry = if *retry { "; it is to be tried again" } else { "" };
    writeln!(out, "{seq}  {at}  {}  {}", shown(site, MAX_TEXT), shown(path, MAX_TEXT))?;
    writeln!(out, "    id {id}\n    refused {ago} ago{status}{answer}{retry}")
}
