//! `inlay sink drain`: gives the order, and watches until what there was has gone, or says why it does not go.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::found::Found;
use super::{Named, now_ms, order, text};
use crate::admin::{self, Answer, Command};
use crate::cli::words::shown;
use crate::sink::{Order, State, Status};

/// How often the process is asked.
const LOOK: Duration = Duration::from_millis(200);
/// How often it is said how far it is, where that has changed.
const SAY: Duration = Duration::from_secs(2);
/// A sink that is paused or stopped for so long does not go by itself: right behind an order it may not have said so yet.
const SETTLED: Duration = Duration::from_secs(3);
const MAX_TEXT: usize = 400;

/// Drains a sink; fails where nothing has moved for `patience`.
pub(super) fn run(sink: &Named, patience: Duration, notes: &mut dyn Write) -> anyhow::Result<()> {
    let found = Found::look(&sink.folder, notes)?;
    if !found.is_running {
        return order::give(sink, Order::Drain, notes);
    }
    let name = sink.name.as_str();
    found.sink_to_order(name)?;
    order::tell(&found.dir, name, Order::Drain)?;
    let mut watch = Watch::new();
    loop {
        let status = ask(&found, name)?;
        if !status.draining {
            let dead = if status.dead > 0 { format!(" Dead letters: {}.", status.dead) } else { String::new() };
            writeln!(notes, "Nothing waits for {name} any more.{dead}")?;
            return Ok(());
        }
        watch.look(&status, notes)?;
        let still = watch.moved.elapsed();
        let is_held = matches!(status.state, State::Paused | State::Stopped(_));
        if still >= patience || is_held && still >= SETTLED {
            bail!(stuck(&status, now_ms()));
        }
        thread::sleep(LOOK);
    }
}

/// How far it is.
struct Watch {
    /// When something last moved.
    moved: Instant,
    said: Instant,
    numbers: Option<(u64, u64, u64)>,
}

impl Watch {
    fn new() -> Watch {
        Watch { moved: Instant::now(), said: Instant::now(), numbers: None }
    }

    /// Notes whether anything moves, and says now and then how far it is.
    fn look(&mut self, status: &Status, notes: &mut dyn Write) -> std::io::Result<()> {
        // Not the lag: what is recorded meanwhile makes it grow, and is no progress.
        let numbers = (status.delivered, status.given_up, status.dead);
        if self.numbers.replace(numbers) == Some(numbers) {
            return Ok(());
        }
        self.moved = Instant::now();
        if self.said.elapsed() >= SAY {
            self.said = Instant::now();
            writeln!(notes, "{}: {} wait", status.name, text::lag(status))?;
        }
        Ok(())
    }
}

/// The sink as the process sees it.
fn ask(found: &Found, name: &str) -> anyhow::Result<Status> {
    let Some(Answer::Sinks(sinks)) = admin::send(&found.dir, &Command::SinkStatus)? else {
        bail!("the running inlay ended; what still waits for {name} goes at its next start");
    };
    match sinks.into_iter().find(|sink| sink.name == name) {
        Some(sink) => Ok(sink),
        None => bail!("the running inlay has no sink {name:?} any more"),
    }
}

/// Why nothing moves.
fn stuck(status: &Status, now_ms: i64) -> String {
    let (name, lag, words) = (&status.name, text::lag(status), shown(&status.words(now_ms), MAX_TEXT));
    let error = match &status.last_error {
        Some(error) if !matches!(status.state, State::Stopped(_)) => {
            format!("; {} ago: {}", error.age(now_ms), shown(&error.what, MAX_TEXT))
        }
        _ => String::new(),
    };
    let resume = match status.state {
        State::Paused | State::Stopped(_) => format!(". It goes on with: inlay sink resume {name}"),
        _ => String::new(),
    };
    format!("nothing moves, {lag} wait for {name}: {words}{error}{resume}")
}
