//! Reading the counts of some sites: by value, by day, by hour.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::span::{Piece, Table};
use crate::ledger::Dimension;

/// The counts of one dimension of some sites on the days that `pieces` add up to.
#[derive(Clone, Copy)]
pub(super) struct Counts<'a> {
    pub(super) conn: &'a Connection,
    pub(super) sites: &'a [i64],
    pub(super) dimension: Dimension,
    pub(super) pieces: &'a [Piece],
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

impl Counts<'_> {
    /// How many rows a value can have among those that are added.
    pub(super) fn most_rows(&self) -> i64 {
        let added = self.pieces.iter().filter(|piece| piece.sign > 0).map(|piece| piece.last - piece.first + 1);
        added.sum::<i64>() * i64::try_from(self.sites.len()).unwrap_or(i64::MAX)
    }

    /// The sum of every value.
    pub(super) fn sums(&self) -> rusqlite::Result<HashMap<Box<str>, Seen>> {
        let mut sums = HashMap::new();
        self.pieces.iter().try_for_each(|piece| self.add(piece, 0, &mut sums))?;
        Ok(sums)
    }

    /// What the added rows of at least `least` say; rows that are to be taken away are not looked at.
    pub(super) fn of_at_least(&self, least: i64) -> rusqlite::Result<HashMap<Box<str>, Seen>> {
        let mut sums = HashMap::new();
        let mut added = self.pieces.iter().filter(|piece| piece.sign > 0);
        added.try_for_each(|piece| self.add(piece, least, &mut sums))?;
        Ok(sums)
    }

    fn add(&self, piece: &Piece, least: i64, sums: &mut HashMap<Box<str>, Seen>) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare_cached(piece.table.rows())?;
        for site in self.sites {
            let mut rows = statement.query((site, self.dimension.number(), piece.first, piece.last, least))?;
            while let Some(row) = rows.next()? {
                let value = row.get_ref(0)?.as_str()?;
                let n = piece.sign * row.get::<_, i64>(1)?;
                match sums.get_mut(value) {
                    Some(seen) => *seen = Seen { n: seen.n + n, rows: seen.rows + 1 },
                    None => {
                        sums.insert(value.into(), Seen { n, rows: 1 });
                    }
                }
            }
        }
        Ok(())
    }

    /// The sum of one value.
    pub(super) fn sum(&self, value: &str) -> rusqlite::Result<i64> {
        let mut sum = 0;
        for piece in self.pieces {
            let mut statement = self.conn.prepare_cached(piece.table.row())?;
            for site in self.sites {
                for unit in piece.first..=piece.last {
                    let mut rows = statement.query((site, self.dimension.number(), unit, value))?;
                    if let Some(row) = rows.next()? {
                        sum += piece.sign * row.get::<_, i64>(0)?;
                    }
                }
            }
        }
        Ok(sum)
    }

    /// The row that has `rank` greater ones in its month or day, the last but one of the longest piece; 0 where there is none.
    pub(super) fn ranked(&self, rank: usize) -> rusqlite::Result<i64> {
        let longest = self.pieces.iter().filter(|piece| piece.sign > 0).max_by_key(|piece| piece.last - piece.first);
        let Some(piece) = longest else { return Ok(0) };
        let unit = (piece.last - 1).max(piece.first);
        let mut greatest = 0;
        for site in self.sites {
            let mut statement = self.conn.prepare_cached(piece.table.ranked())?;
            let mut rows =
                statement.query((site, self.dimension.number(), unit, i64::try_from(rank).unwrap_or(i64::MAX)))?;
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
