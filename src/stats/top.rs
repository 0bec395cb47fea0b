//! The greatest sums of a dimension, without adding up every value that a year has.
//!
//! A site can have a million paths a year, of which ten are shown. Where the tables are long, only rows of at least some `least`
//! are read, which SQLite finds three times as fast as it hands over all of them. A value's sum is then at most what was seen of
//! it and `least - 1` for each row that it may have besides. Values are looked up exactly in the order of these bounds, until
//! the next bound, and that of all values never seen, is below what is found already: the answer is exact, ties too (the idea
//! is Fagin's threshold algorithm). Values that are too even for that show it early, and everything is read (`merge`).
//! `benches/stats.rs` measures both.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use super::counts::{Counts, Seen};
use super::merge;
use super::report::Count;

/// A value and its sum.
pub(super) type Sum = (i64, Box<str>);

/// Rows of fewer months and days are simply added up.
const MANY_ROWS: i64 = 8;
/// With more, looking a value up takes too long, and so does reading them side by side.
const TOO_MANY_ROWS: i64 = 200;
/// Where so many values would have to be looked up, they are too even for bounds to tell them apart.
const MOST_LOOKUPS: usize = 500;
/// So are they where so many have rows of at least `least`.
const MOST_SEEN: usize = 100_000;
/// So many values are quicker added up in memory than months and days are opened for a merge.
const MOST_SUMS: usize = 20_000;
/// The smaller `least` is, the more rows are read and the fewer values are looked up.
const PART: i64 = 4;

/// The greatest sums first, at most `limit`; equal ones by value. Values that come to nothing are left out.
pub(super) fn top(counts: &Counts<'_>, limit: usize) -> rusqlite::Result<Vec<Count>> {
    let rows = counts.most_rows();
    let least = match limit.checked_sub(1) {
        Some(rank) if (MANY_ROWS..TOO_MANY_ROWS).contains(&rows) => counts.ranked(rank)? / (rows * PART),
        _ => 0,
    };
    let best = if least > 1 { bounded(counts, limit, least)? } else { None };
    let sums = match best {
        Some(best) => best,
        None => everything(counts, limit, if rows < TOO_MANY_ROWS { MOST_SUMS } else { usize::MAX })?,
    };
    let positive = |(n, value): Sum| u64::try_from(n).ok().filter(|n| *n > 0).map(|n| Count { value: value.into(), n });
    Ok(sums.into_iter().filter_map(positive).collect())
}

/// The greatest sums by adding everything up: up to `most` values in memory, more of them by a merge.
fn everything(counts: &Counts<'_>, limit: usize, most: usize) -> rusqlite::Result<Vec<Sum>> {
    match counts.sums(most)? {
        Some(sums) => Ok(greatest(sums.into_iter().map(|(value, seen)| (seen.n, value)).collect(), limit)),
        None => merge::greatest(counts, limit),
    }
}

/// The greatest sums by looking at rows of at least `least` alone; `None` where those do not decide it.
fn bounded(counts: &Counts<'_>, limit: usize, least: i64) -> rusqlite::Result<Option<Vec<Sum>>> {
    let rows = counts.most_rows();
    let Some(seen) = counts.of_at_least(least, MOST_SEEN)? else { return Ok(None) };
    if too_even(&seen, limit, rows, least) {
        return Ok(None);
    }
    let mut best: Vec<Sum> = Vec::new();
    for (looked_up, (bound, value)) in by_bound(seen, rows, least).into_iter().enumerate() {
        if best.get(limit - 1).is_some_and(|last| bound < last.0) {
            break;
        }
        if looked_up == MOST_LOOKUPS {
            return Ok(None);
        }
        let sum = (counts.sum(&value)?, value);
        let at = best.partition_point(|other| order(other, &sum).is_lt());
        best.insert(at, sum);
        best.truncate(limit);
    }
    let never_seen = rows * (least - 1);
    Ok(best.get(limit - 1).is_some_and(|last| never_seen < last.0).then_some(best))
}

/// Whether bounds will not decide it: were what was seen the whole sums, too many would have to be looked up. A guess, which
/// only costs time where it is wrong.
fn too_even(seen: &HashMap<Box<str>, Seen>, limit: usize, rows: i64, least: i64) -> bool {
    let mut sums: Vec<i64> = seen.values().map(|seen| seen.n).collect();
    let Some(rank) = limit.checked_sub(1).filter(|rank| *rank < sums.len()) else { return true };
    let (_, last, _) = sums.select_nth_unstable_by_key(rank, |n| Reverse(*n));
    let last = *last;
    let lookups = seen.values().filter(|seen| bound(**seen, rows, least) >= last).count();
    lookups > MOST_LOOKUPS || rows * (least - 1) >= last
}

/// The most that a value can come to of which this was seen.
fn bound(seen: Seen, rows: i64, least: i64) -> i64 {
    seen.n + (rows - seen.rows) * (least - 1)
}

/// The values with the most that each can come to, greatest first.
fn by_bound(seen: HashMap<Box<str>, Seen>, rows: i64, least: i64) -> Vec<Sum> {
    let mut bounds: Vec<Sum> = seen.into_iter().map(|(value, seen)| (bound(seen, rows, least), value)).collect();
    bounds.sort_unstable_by_key(|(bound, _)| Reverse(*bound));
    bounds
}

fn greatest(mut sums: Vec<Sum>, limit: usize) -> Vec<Sum> {
    if let Some(last) = limit.checked_sub(1).filter(|last| *last < sums.len()) {
        sums.select_nth_unstable_by(last, order);
    }
    sums.truncate(limit);
    sums.sort_unstable_by(order);
    sums
}

pub(super) fn order(one: &Sum, other: &Sum) -> Ordering {
    other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Dimension;
    use crate::stats::counts::Part;
    use crate::stats::span::Span;
    use crate::stats::tests::Book;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// A year in which value `i` of `values` was counted `weight(i)` times on days that depend on it.
    fn year(book: &Book, values: u64, weight: impl Fn(u64) -> u64) {
        let from = date(2026, 1, 1);
        for i in 0..values {
            for month in 0..12 {
                let day =
                    from.checked_add(jiff::Span::new().months(month).days((i % 28) as i64)).expect("a day of 2026");
                book.count(1, Dimension::Page, day, &format!("/{i}"), weight(i));
            }
        }
    }

    /// By whatever way `top` takes, by a merge, and by adding everything up in memory.
    fn all_ways(book: &Book, days: u32, limit: usize) -> [Vec<Count>; 3] {
        let parts = [Part::new(1, Span::ending(date(2026, 12, 31), days))];
        let counts = Counts { conn: &book.conn, parts: &parts, dimension: Dimension::Page };
        let long = |most| everything(&counts, limit, most).expect("readable");
        let [merged, added] = [long(0), long(usize::MAX)].map(|sums| {
            let positive = sums.into_iter().filter(|(n, _)| *n > 0);
            positive.map(|(n, value)| Count { value: value.into(), n: n.unsigned_abs() }).collect()
        });
        [top(&counts, limit).expect("readable"), merged, added]
    }

    #[test]
    fn a_few_great_values_are_found_without_adding_up_the_small_ones() {
        let book = Book::with_sites(&[("shop", "UTC")]);
        year(&book, 300, |i| 100_000 / (i + 1));
        let parts = [Part::new(1, Span::ending(date(2026, 12, 31), 365))];
        let counts = Counts { conn: &book.conn, parts: &parts, dimension: Dimension::Page };
        let best = bounded(&counts, 3, 100).expect("readable").expect("the great ones stand out");
        let expected: [Sum; 3] = [(1_200_000, "/0".into()), (600_000, "/1".into()), (399_996, "/2".into())];
        assert_eq!(best, expected, "sums of twelve months");
        let seen = counts.of_at_least(1_000, 200).expect("readable").map(|seen| seen.len());
        assert_eq!(seen, Some(100), "two thirds of the values were never handed over");
    }

    #[test]
    fn even_values_are_added_up_after_all() {
        let book = Book::with_sites(&[("shop", "UTC")]);
        year(&book, 700, |_| 5_000);
        let parts = [Part::new(1, Span::ending(date(2026, 12, 31), 365))];
        let counts = Counts { conn: &book.conn, parts: &parts, dimension: Dimension::Page };
        assert_eq!(bounded(&counts, 3, 50).expect("readable"), None, "no bound tells them apart");
        let values: Vec<_> = top(&counts, 3).expect("readable").into_iter().map(|count| count.value).collect();
        assert_eq!(values, ["/0", "/1", "/10"], "equal ones by value");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_short_way_and_both_long_ways_agree(
            weights in prop::collection::vec(prop_oneof![0u64..5, 90u64..110, 1_000u64..100_000], 1..60),
            days in 1u32..500,
            limit in 0usize..20,
        ) {
            let book = Book::with_sites(&[("shop", "UTC")]);
            year(&book, weights.len() as u64, |i| weights.get(i as usize).copied().unwrap_or(0));
            let [short, merged, added] = all_ways(&book, days, limit);
            prop_assert_eq!(&short, &added);
            prop_assert_eq!(&merged, &added);
        }
    }
}
