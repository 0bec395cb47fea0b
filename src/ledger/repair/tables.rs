//! Which tables a repair saves, in which order, and how each is read around damage.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::walk::{Range, Walk};
use super::{lost_pages, recount};
use crate::ledger::counts::dimension::Dimension;
use crate::ledger::home::heritage::{self, is_constraint};

/// What was saved of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The table's name.
    pub table: &'static str,
    /// Rows that the repaired ledger has.
    pub rows: i64,
    /// Whether all of the table could be read.
    pub whole: bool,
}

/// A table, and the way through it where its pages are damaged.
struct Table {
    name: &'static str,
    order: Order,
}

enum Order {
    /// By a whole number between these.
    Number(&'static str, i64, i64),
    /// By a site, then by a whole number between these.
    OfSite(&'static str, i64, i64),
    /// By a site, a dimension, then by a whole number between these.
    OfDimension(&'static str, i64, i64),
    /// By other columns: from both ends.
    Ends(&'static str),
}

/// More sites, sinks or batches than anybody has.
const MANY: i64 = 1 << 20;
/// Hours and days beyond every calendar's use: the year 2400.
const HOURS: i64 = 24 * DAYS;
const DAYS: i64 = 157_000;
const MONTHS: i64 = 2400 * 12;
/// Where it is not known which seqs were given. What was brought back (`merge`) may stand below 0.
const SEQS: i64 = 1 << 40;

/// Rows find what they refer to in the tables before. Spans are not among them: they are made of the rows.
const TABLES: [Table; 12] = [
    Table { name: "sites", order: Order::Number("id", 0, MANY) },
    Table { name: "retention", order: Order::Number("site", 0, MANY) },
    Table { name: "tokens", order: Order::Ends("name") },
    Table { name: "scripts", order: Order::Ends("rowid") },
    Table { name: "state", order: Order::Ends("name") },
    Table { name: "events", order: Order::Number("seq", -SEQS, SEQS) },
    Table { name: "counts", order: Order::OfDimension("day", -1, DAYS) },
    Table { name: "months", order: Order::OfDimension("month", 0, MONTHS) },
    Table { name: "hours", order: Order::OfSite("hour", -1, HOURS) },
    Table { name: "sinks", order: Order::Number("id", 0, MANY) },
    Table { name: "batches", order: Order::Number("id", 0, 1 << 40) },
    Table { name: "dead_letters", order: Order::Number("seq", -SEQS, SEQS) },
];

/// Counts that rows were counted into a second time: the greater is right, the smaller lost something.
fn keeps_the_greater(table: &str) -> Option<&'static str> {
    match table {
        "counts" | "months" => Some("n = max(n, excluded.n)"),
        "hours" => Some("views = max(views, excluded.views), bots = max(bots, excluded.bots)"),
        "state" => Some("value = max(value, excluded.value)"),
        _ => None,
    }
}

/// Where a table is saved from.
pub(super) struct Old<'a> {
    /// As SQLite reads it.
    pub(super) conn: &'a Connection,
    /// As it stands on the disk.
    pub(super) file: &'a Path,
    /// The greatest seq of which anything tells, or 0.
    pub(super) last_seq: i64,
    /// Now, milliseconds since 1970.
    pub(super) now_ms: i64,
}

/// Saves every table into the new ledger.
pub(super) fn save(old: &Old<'_>, to: &Connection) -> rusqlite::Result<Vec<Saved>> {
    let mut all = Vec::new();
    for table in &TABLES {
        let whole = table.save(old, to)?;
        if !whole {
            match table.name {
                "events" => lost_pages::events(old.file, to, old.last_seq)?,
                "counts" | "months" | "hours" => lost_pages::counts(old.file, to)?,
                "tokens" => heritage::remember_lost_tokens(to, old.now_ms)?,
                _ => {}
            }
        }
        if table.name == "events" {
            recount::rows(to)?;
        }
        all.push((table.name, whole));
    }
    let saved = |(table, whole)| {
        let rows = to.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        Ok(Saved { table, rows, whole })
    };
    all.into_iter().map(saved).collect()
}

impl Table {
    /// Saves what SQLite can read of it. Returns whether that is all.
    fn save(&self, old: &Old<'_>, to: &Connection) -> rusqlite::Result<bool> {
        let (name, from) = (self.name, old.conn);
        let mut walk = Walk::new();
        let Ok(columns) = columns(from, name) else { return Ok(false) };
        let mut refused = false;
        let Some((insert, places)) = insert(to, name, &columns)? else { return Ok(false) };
        let mut insert = to.prepare(&insert)?;
        let mut take = |row: &[Value]| {
            match insert.execute(params_from_iter(places.iter().filter_map(|at| row.get(*at)))) {
                Ok(_) => {}
                Err(error) if is_constraint(&error) => refused = true,
                Err(error) => return Err(error),
            }
            Ok(())
        };
        match self.order {
            Order::Ends(order) => walk.ends(from, name, order, &mut take)?,
            Order::Number(key, low, high) => {
                let high = if key == "seq" && old.last_seq > 0 { old.last_seq } else { high };
                let range = Range { table: name, columns: &columns, fixed: &[], key };
                walk.range(from, &range, (low, high), &mut take)?;
            }
            Order::OfSite(key, low, high) | Order::OfDimension(key, low, high) => {
                let dimensions: Vec<i64> = match self.order {
                    Order::OfDimension(..) => Dimension::ALL.into_iter().map(Dimension::number).collect(),
                    _ => Vec::new(),
                };
                for fixed in fixed(to, &dimensions)? {
                    let range = Range { table: name, columns: &columns, fixed: &fixed, key };
                    walk.range(from, &range, (low, high), &mut take)?;
                }
            }
        }
        let hidden = name == "tokens" && !heritage::tokens_are_whole(from);
        Ok(!walk.damaged && !refused && !hidden)
    }
}

/// Every site that was saved or has events, with every dimension.
fn fixed(to: &Connection, dimensions: &[i64]) -> rusqlite::Result<Vec<Vec<(&'static str, i64)>>> {
    let mut statement =
        to.prepare("SELECT id FROM sites UNION SELECT site FROM retention UNION SELECT site FROM hours")?;
    let sites: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let of = |site: i64| match dimensions {
        [] => vec![vec![("site", site)]],
        all => all.iter().map(|dimension| vec![("site", site), ("dimension", *dimension)]).collect(),
    };
    Ok(sites.into_iter().flat_map(of).collect())
}

fn columns(from: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let statement = from.prepare(&format!("SELECT * FROM {table}"))?;
    Ok(statement.column_names().map(str::to_owned).collect())
}

/// The statement that takes a row into the new table, and which of the row's columns it wants; `None` where they have none in
/// common.
fn insert(to: &Connection, table: &str, columns: &[String]) -> rusqlite::Result<Option<(String, Vec<usize>)>> {
    let mut known = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if to.column_exists(None::<&str>, table, column.as_str())? {
            known.push((at, column.as_str()));
        }
    }
    if known.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = known.iter().map(|(_, column)| *column).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let conflict = keeps_the_greater(table).map_or("DO NOTHING".to_owned(), |set| format!("DO UPDATE SET {set}"));
    let sql = format!("INSERT INTO {table}({}) VALUES({marks}) ON CONFLICT {conflict}", names.join(", "));
    Ok(Some((sql, known.into_iter().map(|(at, _)| at).collect())))
}
