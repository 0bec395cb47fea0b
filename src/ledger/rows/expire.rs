//! Retention: raw rows go when their site's `retention_days` have passed, delivered or not.
//!
//! A pass begins at the start and every hour, and deletes whatever would pass its ceiling before the next one: no row ever
//! lives longer. It goes in small steps between commits. Counts of views are not touched; how many rows a site has lost is
//! counted in the transaction that deletes them, and told in the log when the pass has ended.
//!
//! A pass sweeps once for each retention that sites have, the shortest first, through the spans of the hours before its
//! ceiling. Hours that are behind the longest ceiling have no rows any more, and lose their spans at the pass's end.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::spans::{self, Span};
use crate::ledger::counts::days::Days;
use crate::ledger::counts::dimension::Dimension;
use crate::ledger::counts::tally::Tally;
use crate::ledger::handover::drops::DropReason;
use crate::ledger::outbox;
use crate::ledger::writer::wal;

/// The passes of expiry, and where the present one stands.
#[derive(Debug)]
pub(in crate::ledger) struct Expiry {
    /// When the next pass begins, milliseconds since 1970.
    due_ms: i64,
    pass: Option<Pass>,
    /// For each retention in days: the hour before which it has nothing left to find.
    swept: HashMap<i64, i64>,
    /// The newest hour that sweeps have looked at.
    reach: i64,
    /// Whether deleted rows may still stand in the write-ahead log, or in the file because their pages stand in the log.
    traces: bool,
    /// What was deleted since the log was last told.
    untold: Expired,
    /// How much of it sinks, by their names, had not got.
    lost: HashMap<String, u64>,
}

#[derive(Debug)]
struct Pass {
    /// What is past its ceiling at this time goes.
    by_ms: i64,
    /// Retentions in days that are not begun, the shortest last.
    left: Vec<i64>,
    /// The longest of all.
    longest: i64,
    sweep: Option<Sweep>,
}

/// One retention's way through the spans.
#[derive(Debug)]
struct Sweep {
    days: i64,
    /// Rows of before this time go.
    before_ms: i64,
    /// What is left of the spans, the oldest last; each loses what was looked at from its front.
    spans: Vec<Span>,
}

/// Deleted rows, by the site's id in the table.
pub(super) type Expired = HashMap<i64, u64>;

/// What sinks, by their names, had not got of it.
type Lost = Vec<(String, u64)>;

const PASS_MS: i64 = spans::HOUR_MS;
const DAY_MS: i64 = 24 * spans::HOUR_MS;
/// A failed pass begins again after so long.
const AGAIN_MS: i64 = 60_000;
/// Rows that one statement looks at: a commit may wait for it, some ten milliseconds if all of them go.
const STEP: i64 = 1000;
/// How many statements that find nothing make one step.
const LOOKS: usize = 10;

const RETENTIONS: &str = "SELECT DISTINCT days FROM retention ORDER BY days DESC";
const DELETE: &str = "DELETE FROM events WHERE seq >= ?1 AND seq <= ?2 AND ts < ?3
    AND site IN (SELECT site FROM retention WHERE days = ?4) RETURNING site";
const ZONE: &str = "SELECT timezone FROM sites WHERE id = ?1";
const NAME: &str = "SELECT name FROM sites WHERE id = ?1";
const DELETE_SPANS: &str = "DELETE FROM spans WHERE hour < ?1";

impl Expiry {
    /// Due at once. What a process that was killed had deleted may have left traces.
    pub(in crate::ledger) fn new() -> Expiry {
        let (swept, untold, lost) = (HashMap::new(), Expired::new(), HashMap::new());
        Expiry { due_ms: i64::MIN, pass: None, swept, reach: i64::MIN, traces: true, untold, lost }
    }

    /// Rows were appended, the oldest of them of this hour. Where sweeps have been there already, they begin anew: the clock
    /// jumped, or an answer took days.
    pub(in crate::ledger) fn appended(&mut self, oldest_hour: i64) {
        if oldest_hour <= self.reach {
            let (untold, lost) = (std::mem::take(&mut self.untold), std::mem::take(&mut self.lost));
            *self = Expiry { traces: self.traces, untold, lost, ..Expiry::new() };
        }
    }

    /// Goes one step on, if a pass is due or under way. What it returns is gone for good. After an error the pass is given up
    /// for a while.
    pub(in crate::ledger) fn step(&mut self, conn: &mut Connection, now_ms: i64) -> rusqlite::Result<Expired> {
        let done = self.try_step(conn, now_ms);
        if done.is_err() {
            self.pass = None;
            self.due_ms = now_ms.saturating_add(AGAIN_MS);
        }
        done
    }

    /// A whole pass at once.
    #[cfg(test)]
    pub(in crate::ledger) fn pass(&mut self, conn: &mut Connection, now_ms: i64) -> rusqlite::Result<()> {
        self.step(conn, now_ms)?;
        while self.pass.is_some() {
            self.step(conn, now_ms)?;
        }
        Ok(())
    }

    /// Tells the log what was deleted, a line for each site, and for each sink that has lost any of it.
    pub(in crate::ledger) fn tell(&mut self, conn: &Connection) {
        for (id, rows) in self.untold.drain() {
            let site = conn.query_row(NAME, [id], |row| row.get(0)).unwrap_or_else(|_| id.to_string());
            tracing::info!(site, rows, "rows past retention_days were deleted");
        }
        for (sink, events) in self.lost.drain() {
            tracing::error!(
                sink,
                events,
                "events were past retention_days before the sink had them: they are given up"
            );
        }
    }

    fn try_step(&mut self, conn: &mut Connection, now_ms: i64) -> rusqlite::Result<Expired> {
        if now_ms >= self.due_ms {
            self.begin(conn, now_ms)?;
        }
        let Some(pass) = &mut self.pass else { return Ok(Expired::new()) };
        for _ in 0..LOOKS {
            if let Some(sweep) = &mut pass.sweep {
                let (expired, lost) = sweep.step(conn, now_ms)?;
                lost.into_iter().for_each(|(sink, events)| *self.lost.entry(sink).or_default() += events);
                if sweep.spans.is_empty() {
                    self.swept.insert(sweep.days, spans::hour(sweep.before_ms));
                    pass.sweep = None;
                }
                if !expired.is_empty() {
                    self.traces = true;
                    expired.iter().for_each(|(site, rows)| *self.untold.entry(*site).or_default() += rows);
                    return Ok(expired);
                }
            } else if let Some(days) = pass.left.pop() {
                let from_hour = self.swept.get(&days).copied().unwrap_or(i64::MIN);
                pass.sweep = Some(Sweep::new(conn, days, pass.before_ms(days), from_hour)?);
            } else {
                self.end(conn)?;
                break;
            }
        }
        Ok(Expired::new())
    }

    fn begin(&mut self, conn: &Connection, now_ms: i64) -> rusqlite::Result<()> {
        self.due_ms = now_ms.saturating_add(PASS_MS);
        let left: Vec<i64> = conn.prepare(RETENTIONS)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let (Some(longest), Some(shortest)) = (left.first().copied(), left.last().copied()) else { return Ok(()) };
        let pass = Pass { by_ms: self.due_ms, left, longest, sweep: None };
        self.reach = spans::hour(pass.before_ms(shortest));
        self.pass = Some(pass);
        Ok(())
    }

    fn end(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        if let Some(pass) = self.pass.take() {
            conn.execute(DELETE_SPANS, [spans::hour(pass.before_ms(pass.longest))])?;
        }
        self.tell(conn);
        // Where a reader of an older state prevents it, the next pass tries again.
        self.traces = self.traces && !wal::empty(conn);
        Ok(())
    }
}

impl Pass {
    fn before_ms(&self, days: i64) -> i64 {
        self.by_ms.saturating_sub(days.saturating_mul(DAY_MS))
    }
}

impl Sweep {
    fn new(conn: &Connection, days: i64, before_ms: i64, from_hour: i64) -> rusqlite::Result<Sweep> {
        let mut spans = spans::between(conn, from_hour, spans::hour(before_ms))?;
        spans.reverse();
        Ok(Sweep { days, before_ms, spans })
    }

    /// Looks at the next few rows; deletes and counts those that go, both or neither.
    fn step(&mut self, conn: &mut Connection, now_ms: i64) -> rusqlite::Result<(Expired, Lost)> {
        let Some(span) = self.spans.last_mut() else { return Ok((Expired::new(), Lost::new())) };
        let until = span.last_seq.min(span.first_seq + STEP - 1);
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let which = (span.first_seq, until, self.before_ms, self.days);
        let lost = outbox::expired(&tx, which)?;
        let expired = delete(&tx, which)?;
        count(&tx, &expired, now_ms)?;
        tx.commit()?;
        span.first_seq = until + 1;
        if span.first_seq > span.last_seq {
            self.spans.pop();
        }
        Ok((expired, lost))
    }
}

/// Deletes the rows between two seqs that are older than a time, of the sites with a retention.
fn delete(tx: &Transaction<'_>, which: (i64, i64, i64, i64)) -> rusqlite::Result<Expired> {
    let mut expired = Expired::new();
    let mut delete = tx.prepare_cached(DELETE)?;
    let mut rows = delete.query(which)?;
    while let Some(row) = rows.next()? {
        *expired.entry(row.get(0)?).or_default() += 1;
    }
    Ok(expired)
}

/// Counts deleted rows as dropped, on the day that it is for each site now. Its zone is the table's: the site may have left
/// the configuration.
fn count(tx: &Transaction<'_>, expired: &Expired, now_ms: i64) -> rusqlite::Result<()> {
    if expired.is_empty() {
        return Ok(());
    }
    let mut tally = Tally::default();
    for (site, rows) in expired {
        let zone: String = tx.prepare_cached(ZONE)?.query_row([site], |row| row.get(0))?;
        let day = Days::new(TimeZone::get(&zone).unwrap_or(TimeZone::UTC)).of(now_ms);
        tally.add(*site, day, Dimension::Dropped, DropReason::Retention.word(), *rows);
    }
    tally.flush(tx)
}
