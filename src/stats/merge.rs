//! Every value's sum, a value at a time: the months and days that are asked for are read side by side in the order of their
//! values, which is the order of the tables' own key. No table of sums in memory, and no allocation for a value that is not
//! among the greatest.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use rusqlite::{Rows, Statement};

use super::counts::Counts;
use super::top::{Sum, order};

/// One month or day, at one of its rows.
struct Cursor<'s> {
    value: String,
    n: i64,
    sign: i64,
    rows: Rows<'s>,
}

/// A sum in the order in which the worst is given up first.
struct Best(Sum);

/// The greatest sums first, at most `limit`; equal ones by value.
pub(super) fn greatest(counts: &Counts<'_>, limit: usize) -> rusqlite::Result<Vec<Sum>> {
    let units = counts.units();
    let mut statements: Vec<Statement<'_>> =
        units.iter().map(|unit| counts.conn.prepare(unit.table.by_value())).collect::<Result<_, _>>()?;
    let mut cursors = BinaryHeap::with_capacity(units.len());
    for (unit, statement) in units.iter().zip(&mut statements) {
        let rows = statement.query((unit.site, counts.dimension.number(), unit.at))?;
        let mut cursor = Cursor { value: String::new(), n: 0, sign: unit.sign, rows };
        if cursor.step()? {
            cursors.push(Reverse(cursor));
        }
    }
    let mut best = BinaryHeap::with_capacity(limit.min(1024));
    let mut value = String::new();
    while let Some(Reverse(first)) = cursors.peek() {
        value.clone_from(&first.value);
        let sum = add_up(&mut cursors, &value)?;
        keep(&mut best, sum, &value, limit);
    }
    Ok(best.into_sorted_vec().into_iter().map(|Best(sum)| sum).collect())
}

/// The sum of the value that the first cursors are at; they go on to their next one.
fn add_up(cursors: &mut BinaryHeap<Reverse<Cursor<'_>>>, value: &str) -> rusqlite::Result<i64> {
    let mut sum = 0;
    while let Some(mut first) = cursors.peek_mut().filter(|first| first.0.value == value) {
        sum += first.0.n;
        if !first.0.step()? {
            PeekMut::pop(first);
        }
    }
    Ok(sum)
}

/// Keeps a sum if it is among the `limit` greatest so far. Values come in their order, so of equal ones the first stay.
fn keep(best: &mut BinaryHeap<Best>, sum: i64, value: &str, limit: usize) {
    if best.len() < limit {
        best.push(Best((sum, value.into())));
    } else if let Some(mut worst) = best.peek_mut().filter(|worst| sum > worst.0.0) {
        *worst = Best((sum, value.into()));
    }
}

impl Cursor<'_> {
    /// Goes to the next row; false where there is none.
    fn step(&mut self) -> rusqlite::Result<bool> {
        let Some(row) = self.rows.next()? else { return Ok(false) };
        self.value.clear();
        self.value.push_str(row.get_ref(0)?.as_str()?);
        self.n = self.sign * row.get::<_, i64>(1)?;
        Ok(true)
    }
}

impl Ord for Cursor<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl PartialOrd for Cursor<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cursor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Cursor<'_> {}

impl Ord for Best {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0, &other.0)
    }
}

impl PartialOrd for Best {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Best {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Best {}
