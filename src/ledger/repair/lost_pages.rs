//! Which table the rows that `scan` finds are of. They have no name on them: columns and their values tell.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::scan::{Found, scan};
use crate::ledger::counts::dimension::Dimension;
use crate::ledger::home::heritage::{SEQ_MAX, is_constraint};

/// An event's columns, its seq among them. Its table is the only one with so many.
const COLUMNS: usize = 20;
/// Months are numbers from here on: 2020 and later. Days are below it until 2036.
const MONTHS_FROM: i64 = 2020 * 12;
/// 2020 to 2100, in milliseconds since 1970 and in hours.
const TIMES: std::ops::Range<i64> = 1_577_836_800_000..4_102_444_800_000;
const HOUR_MS: i64 = 3_600_000;

const EVENT: &str =
    "INSERT INTO events(seq, id, ts, site, kind, source, view_id, host, path, status, origin_us, referrer,
    referrer_host, utm_source, utm_medium, utm_campaign, utm_term, utm_content, language, bot)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
const COUNT: &str = "INSERT INTO counts(site, dimension, day, value, n) VALUES(?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET n = max(n, excluded.n)";
const MONTH: &str = "INSERT INTO months(site, dimension, month, value, n) VALUES(?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET n = max(n, excluded.n)";
const HOUR: &str = "INSERT INTO hours(site, hour, views, bots) VALUES(?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET views = max(views, excluded.views), bots = max(bots, excluded.bots)";

/// Takes the events of a file, of whatever page, into the new ledger. `last_seq`: no seq behind it was given.
pub(super) fn events(file: &Path, to: &Connection, last_seq: i64) -> rusqlite::Result<()> {
    let most = if last_seq > 0 { last_seq } else { SEQ_MAX };
    let mut insert = to.prepare(EVENT)?;
    scan(file, &mut |Found { number, mut columns }| {
        let Some(seq) = number.filter(|seq| (-SEQ_MAX..=most).contains(seq)) else { return Ok(()) };
        if columns.len() != COLUMNS || !is_event(&columns) {
            return Ok(());
        }
        if let Some(place) = columns.first_mut() {
            *place = Value::Integer(seq);
        }
        taken(insert.execute(params_from_iter(columns)))
    })
}

/// The same of counts, by day, month and hour.
pub(super) fn counts(file: &Path, to: &Connection) -> rusqlite::Result<()> {
    let (mut count, mut month, mut hour) = (to.prepare(COUNT)?, to.prepare(MONTH)?, to.prepare(HOUR)?);
    scan(file, &mut |Found { number, columns }| {
        if number.is_some() {
            return Ok(());
        }
        match columns.as_slice() {
            [site, Value::Integer(dimension), Value::Integer(when), Value::Text(_), Value::Integer(n)]
                if is_site(site) && *dimension >= 0 && *dimension < Dimension::ALL.len() as i64 && *n >= 0 =>
            {
                let insert = if *when >= MONTHS_FROM { &mut month } else { &mut count };
                taken(insert.execute(params_from_iter(&columns)))
            }
            [site, Value::Integer(when), Value::Integer(views), Value::Integer(bots)]
                if is_site(site) && TIMES.contains(&when.saturating_mul(HOUR_MS)) && *views >= 0 && *bots >= 0 =>
            {
                taken(hour.execute(params_from_iter(&columns)))
            }
            _ => Ok(()),
        }
    })
}

fn is_event(columns: &[Value]) -> bool {
    let [_, Value::Blob(id), Value::Integer(ts), site, ..] = columns else { return false };
    id.len() == 16 && TIMES.contains(ts) && is_site(site)
}

fn is_site(value: &Value) -> bool {
    matches!(value, Value::Integer(1..=1_048_576))
}

/// A row that the table does not take is none of its own.
fn taken(done: rusqlite::Result<usize>) -> rusqlite::Result<()> {
    match done {
        Err(error) if !is_constraint(&error) => Err(error),
        _ => Ok(()),
    }
}
