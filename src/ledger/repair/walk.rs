//! Reading a table around the pages that are damaged: from the front until one is met, from the back until one is met, and what
//! is between by halves. A page that leads to many others may take those with it; `scan` finds them.

use std::collections::VecDeque;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Rows of a table that have some columns in common and are in the order of another.
#[derive(Debug)]
pub(super) struct Range<'a> {
    pub(super) table: &'a str,
    pub(super) columns: &'a [String],
    /// Columns that come first in the order, each with its value.
    pub(super) fixed: &'a [(&'a str, i64)],
    /// The column that comes next, a whole number.
    pub(super) key: &'a str,
}

/// Where rows go.
pub(super) type Take<'a> = dyn FnMut(&[Value]) -> rusqlite::Result<()> + 'a;

/// A walk's way through damage.
#[derive(Debug)]
pub(super) struct Walk {
    /// Looks into damage since the last one that found something.
    vain: u32,
    /// Whether something could not be read.
    pub(super) damaged: bool,
}

/// How far a reading came.
enum End {
    /// To the end.
    Reached,
    /// To damage; the key of the last good row, where there was one.
    Damage(Option<i64>),
}

/// So many looks in vain, and there is nothing more to be found this way.
const VAIN: u32 = 2_000;

impl Walk {
    pub(super) fn new() -> Walk {
        Walk { vain: 0, damaged: false }
    }

    /// Reads a whole table whose order is none of whole numbers: from both ends.
    pub(super) fn ends(
        &mut self,
        conn: &Connection,
        table: &str,
        order: &str,
        take: &mut Take<'_>,
    ) -> rusqlite::Result<()> {
        for way in ["ASC", "DESC"] {
            let sql = format!("SELECT * FROM {table} ORDER BY {order} {way}");
            if let End::Reached = self.read(conn, &sql, &[], None, take)? {
                break;
            }
        }
        Ok(())
    }

    /// Reads the rows of a range whose key is from `low` to `high`.
    pub(super) fn range(
        &mut self,
        conn: &Connection,
        range: &Range<'_>,
        (low, high): (i64, i64),
        take: &mut Take<'_>,
    ) -> rusqlite::Result<()> {
        // All of one size before those of half the size: so good parts are found soon, wherever they are.
        let mut left = VecDeque::from([(low, high)]);
        while let Some((low, high)) = left.pop_front() {
            let End::Damage(first) = self.part(conn, range, (low, high), "ASC", take)? else { continue };
            let first = first.unwrap_or(low).max(low);
            let End::Damage(last) = self.part(conn, range, (first, high), "DESC", take)? else { continue };
            let last = last.unwrap_or(high).min(high);
            self.vain += 1;
            if first >= last || self.vain >= VAIN {
                continue;
            }
            let middle = first + (last - first) / 2;
            left.extend([(first, middle), (middle + 1, last)]);
        }
        Ok(())
    }

    fn part(
        &mut self,
        conn: &Connection,
        range: &Range<'_>,
        (low, high): (i64, i64),
        way: &str,
        take: &mut Take<'_>,
    ) -> rusqlite::Result<End> {
        let Range { table, columns, fixed, key } = range;
        let fixed_to: String = fixed.iter().map(|(column, _)| format!("{column} = ? AND ")).collect();
        let sql = format!("SELECT * FROM {table} WHERE {fixed_to}{key} BETWEEN ? AND ? ORDER BY {key} {way}");
        let bounds: Vec<i64> = fixed.iter().map(|(_, value)| *value).chain([low, high]).collect();
        let at = columns.iter().position(|column| column == key);
        let mut found = false;
        let mut looking = |row: &[Value]| {
            // The ends were read before.
            found |= matches!(at.and_then(|at| row.get(at)), Some(Value::Integer(key)) if *key > low && *key < high);
            take(row)
        };
        let end = self.read(conn, &sql, &bounds, at, &mut looking)?;
        if found {
            self.vain = 0;
        }
        Ok(end)
    }

    /// Hands rows over until the end, or until damage. What fails is `take`.
    fn read(
        &mut self,
        conn: &Connection,
        sql: &str,
        bounds: &[i64],
        key: Option<usize>,
        take: &mut Take<'_>,
    ) -> rusqlite::Result<End> {
        let mut last = None;
        let before = std::mem::replace(&mut self.damaged, true);
        let Ok(mut statement) = conn.prepare_cached(sql) else { return Ok(End::Damage(last)) };
        let width = statement.column_count();
        let Ok(mut rows) = statement.query(params_from_iter(bounds)) else { return Ok(End::Damage(last)) };
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => (0..width).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>(),
                Ok(None) => break,
                Err(error) => Err(error),
            };
            let Ok(row) = row else { return Ok(End::Damage(last)) };
            if let Some(Value::Integer(key)) = key.and_then(|at| row.get(at)) {
                last = Some(*key);
            }
            take(&row)?;
        }
        self.damaged = before;
        Ok(End::Reached)
    }
}
