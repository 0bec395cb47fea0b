//! Reading the counts of some sites: by value, by day, by hour.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::span::{Piece, Span, Table};
use crate::ledger::Dimension;

/// The counts of one dimension of some sites, each on days of its own.
#[derive(Clone, Copy)]
pub(super) struct Counts<'a> {
    pub(super) conn: &'a Connection,
    pub(super) parts: &'a [Part],
    pub(super) dimension: Dimension,
}

/// A site's part in an answer.
#[derive(Debug)]
pub(super) struct Part {
    /// Its id in the ledger.
    pub(super) site: i64,
    /// Its days.
    pub(super) span: Span,
    /// What adds up to them.
    pieces: Vec<Piece>,
}

/// A month's or a day's rows of a site.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) table: Table,
    pub(super) site: i64,
    pub(super) at: i64,
    pub(super) sign: i64,
}

/// What was read of one value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its sum.
    pub(super) n: i64,
    /// How many rows that is.
    pub(super) rows: i64,
}

const BY_DAY: &str =
    "SELECT day, sum(n) FROM counts WHERE site = ?1 AND dimension = ?2 AND day BETWEEN ?3 AND ?4 GROUP BY day";
const BY_HOUR: &str = "SELECT hour, views, bots FROM hours WHERE site = ?1 AND hour BETWEEN ?2 AND ?3";

impl Table {
    /// Rows of at least `?5`.
    fn rows(self) -> &'static str {
        match self {
            Table::Months => {
                "SELECT value, n FROM months WHERE site = ?1 AND dimension = ?2 AND month BETWEEN ?3 AND ?4 AND n >= ?5"
            }
            Table::Days => {
                "SELECT value, n FROM counts WHERE site = ?1 AND dimension = ?2 AND day BETWEEN ?3 AND ?4 AND n >= ?5"
            }
        }
    }

    /// The rows of one month or day by value, which is the order of the table's own key.
    pub(super) fn by_value(self) -> &'static str {
        match self {
            Table::Months => {
                "SELECT value, n FROM months WHERE site = ?1 AND dimension = ?2 AND month = ?3 ORDER BY value"
            }
            Table::Days => "SELECT value, n FROM counts WHERE site = ?1 AND dimension = ?2 AND day = ?3 ORDER BY value",
        }
    }

    /// The row of one value.
    fn row(self) -> &'static str {
        match self {
            Table::Months => "SELECT n FROM months WHERE site = ?1 AND dimension = ?2 AND month = ?3 AND value = ?4",
            Table::Days => "SELECT n FROM counts WHERE site = ?1 AND dimension = ?2 AND day = ?3 AND value = ?4",
        }
    }

    /// The row that `?4` rows are greater than.
    fn ranked(self) -> &'static str {
        match self {
            Table::Months => {
                "SELECT n FROM months WHERE site = ?1 AND dimension = ?2 AND month = ?3 ORDER BY n DESC LIMIT 1 OFFSET ?4"
            }
            Table::Days => {
                "SELECT n FROM counts WHERE site = ?1 AND dimension = ?2 AND day = ?3 ORDER BY n DESC LIMIT 1 OFFSET ?4"
            }
        }
    }
}

impl Part {
    pub(super) fn new(site: i64, span: Span) -> Part {
        Part { site, span, pieces: span.pieces() }
    }

    fn added(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|piece| piece.sign > 0)
    }
}

impl Counts<'_> {
    /// How many rows a value can have among those that are added.
    pub(super) fn most_rows(&self) -> i64 {
        self.parts.iter().flat_map(Part::added).map(|piece| piece.last - piece.first + 1).sum()
    }

    /// Every month and day that is read, of every site.
    pub(super) fn units(&self) -> Vec<Unit> {
        let of_part = |part: &Part| {
            let site = part.site;
            let of_piece = |piece: &Piece| {
                let Piece { table, first, last, sign } = *piece;
                (first..=last).map(move |at| Unit { table, site, at, sign })
            };
            part.pieces.iter().flat_map(of_piece).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of_part).collect()
    }

    /// The sum of every value; `None` where there are more than `most`.
    pub(super) fn sums(&self, most: usize) -> rusqlite::Result<Option<HashMap<Box<str>, Seen>>> {
        let mut sums = HashMap::new();
        for part in self.parts {
            for piece in &part.pieces {
                self.add(part.site, piece, 0, most, &mut sums)?;
                if sums.len() > most {
                    return Ok(None);
                }
            }
        }
        Ok(Some(sums))
    }

    /// What the added rows of at least `least` say, rows that are to be taken away are not looked at; `None` where that is more
    /// than `most` values.
    pub(super) fn of_at_least(&self, least: i64, most: usize) -> rusqlite::Result<Option<HashMap<Box<str>, Seen>>> {
        let mut sums = HashMap::new();
        for part in self.parts {
            for piece in part.added() {
                self.add(part.site, piece, least, most, &mut sums)?;
                if sums.len() > most {
                    return Ok(None);
                }
            }
        }
        Ok(Some(sums))
    }

    /// Adds up the rows of a site's piece of at least `least`; stops behind `most` values.
    fn add(
        &self,
        site: i64,
        piece: &Piece,
        least: i64,
        most: usize,
        sums: &mut HashMap<Box<str>, Seen>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare_cached(piece.table.rows())?;
        let mut rows = statement.query((site, self.dimension.number(), piece.first, piece.last, least))?;
        while let Some(row) = rows.next()? {
            let value = row.get_ref(0)?.as_str()?;
            let n = piece.sign * row.get::<_, i64>(1)?;
            if let Some(seen) = sums.get_mut(value) {
                *seen = Seen { n: seen.n + n, rows: seen.rows + 1 };
            } else if sums.len() > most {
                break;
            } else {
                sums.insert(value.into(), Seen { n, rows: 1 });
            }
        }
        Ok(())
    }

    /// The sum of one value.
    pub(super) fn sum(&self, value: &str) -> rusqlite::Result<i64> {
        let mut sum = 0;
        for Unit { table, site, at, sign } in self.units() {
            let mut statement = self.conn.prepare_cached(table.row())?;
            let mut rows = statement.query((site, self.dimension.number(), at, value))?;
            if let Some(row) = rows.next()? {
                sum += sign * row.get::<_, i64>(0)?;
            }
        }
        Ok(sum)
    }

    /// The row that has `rank` greater ones in its month or day, the last but one of the longest piece; 0 where there is none.
    pub(super) fn ranked(&self, rank: usize) -> rusqlite::Result<i64> {
        let mut greatest = 0;
        for part in self.parts {
            let Some(piece) = part.added().max_by_key(|piece| piece.last - piece.first) else { continue };
            let unit = (piece.last - 1).max(piece.first);
            let mut statement = self.conn.prepare_cached(piece.table.ranked())?;
            let rank = i64::try_from(rank).unwrap_or(i64::MAX);
            let mut rows = statement.query((part.site, self.dimension.number(), unit, rank))?;
            if let Some(row) = rows.next()? {
                greatest = greatest.max(row.get(0)?);
            }
        }
        Ok(greatest)
    }
}

/// The sum of each day of a dimension that has one.
pub(super) fn by_day(
    conn: &Connection,
    site: i64,
    dimension: Dimension,
    first: i64,
    last: i64,
) -> rusqlite::Result<Vec<(i64, u64)>> {
    let mut statement = conn.prepare_cached(BY_DAY)?;
    let rows =
        statement.query_map((site, dimension.number(), first, last), |row| Ok((row.get(0)?, unsigned(row, 1)?)))?;
    rows.collect()
}

/// Views and bots' views of each hour that has any.
pub(super) fn by_hour(conn: &Connection, site: i64, first: i64, last: i64) -> rusqlite::Result<Vec<(i64, u64, u64)>> {
    let mut statement = conn.prepare_cached(BY_HOUR)?;
    let rows =
        statement.query_map((site, first, last), |row| Ok((row.get(0)?, unsigned(row, 1)?, unsigned(row, 2)?)))?;
    rows.collect()
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.max(0).unsigned_abs())
}
