//! A range of days, and the fewest rows that add up to it: whole months, and days that are added or taken away.

use jiff::civil::{Date, date};

const EPOCH: Date = date(1970, 1, 1);

/// Days from `from` to `to`, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Date,
    pub(super) to: Date,
}

/// The tables of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// By `year * 12 + month - 1`.
    Months,
    /// By days since 1970.
    Days,
}

/// Rows of the counts that belong to a span, or are in one of its months and do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) table: Table,
    /// First month or day, inclusive.
    pub(super) first: i64,
    /// Last month or day, inclusive.
    pub(super) last: i64,
    /// 1: to be added. -1: to be taken away.
    pub(super) sign: i64,
}

/// A day as days since 1970, as the tables have it.
pub(super) fn day_number(day: Date) -> i64 {
    i64::from((day - EPOCH).get_days())
}

impl Span {
    /// The `days` days that end with `to`. The calendar's first day is the earliest.
    pub(super) fn ending(to: Date, days: u32) -> Span {
        let back = jiff::Span::new().days(i64::from(days.saturating_sub(1)));
        Span { from: to.checked_sub(back).unwrap_or(Date::MIN), to }
    }

    /// What to read. No month after the span's last day is expected to have rows, so taking those days away costs nothing.
    pub(super) fn pieces(self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let (mut first, last) = (month_number(self.from), month_number(self.to));
        let before = i64::from(self.from.day()) - 1;
        let (from, to) = (day_number(self.from), day_number(self.to));
        let of_first = day_number(self.from.last_of_month().min(self.to)) - from + 1;
        if before > 0 && before >= of_first {
            pieces.push(days(from, from + of_first - 1, 1));
            first += 1;
        } else if before > 0 {
            pieces.push(days(from - before, from - 1, -1));
        }
        if first <= last {
            pieces.push(Piece { table: Table::Months, first, last, sign: 1 });
            if self.to != self.to.last_of_month() {
                pieces.push(days(to + 1, day_number(self.to.last_of_month()), -1));
            }
        }
        pieces
    }

    /// Every day, in order.
    pub(super) fn days(self) -> impl Iterator<Item = Date> {
        self.from.series(jiff::Span::new().days(1)).take_while(move |day| *day <= self.to)
    }
}

fn days(first: i64, last: i64, sign: i64) -> Piece {
    Piece { table: Table::Days, first, last, sign }
}

fn month_number(day: Date) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How often each day from `first` on is counted by the pieces.
    fn weights(pieces: &[Piece], first: i64, days: usize) -> Vec<i64> {
        let weight = |day: i64| {
            let month = month_number(EPOCH.checked_add(jiff::Span::new().days(day)).expect("a day of this era"));
            let of = |piece: &Piece| {
                let unit = if piece.table == Table::Months { month } else { day };
                if (piece.first..=piece.last).contains(&unit) { piece.sign } else { 0 }
            };
            pieces.iter().map(of).sum()
        };
        (0..days as i64).map(|i| weight(first + i)).collect()
    }

    #[test]
    fn a_year_is_its_months_and_the_fewer_days_of_the_first() {
        let year = Span::ending(date(2026, 11, 24), 365);
        assert_eq!(year.from, date(2025, 11, 25), "both ends are included");
        let day = |date| day_number(date);
        let expected = [
            days(day(date(2025, 11, 25)), day(date(2025, 11, 30)), 1),
            Piece { table: Table::Months, first: 2025 * 12 + 11, last: 2026 * 12 + 10, sign: 1 },
            days(day(date(2026, 11, 25)), day(date(2026, 11, 30)), -1),
        ];
        assert_eq!(year.pieces(), expected, "six days, twelve months, nothing after today");
    }

    #[test]
    fn a_week_is_read_by_its_days() {
        let week = Span::ending(date(2026, 11, 24), 7);
        assert_eq!(week.pieces(), [days(day_number(week.from), day_number(week.to), 1)], "seven rows beat seventeen");
    }

    proptest! {
        #[test]
        fn pieces_count_each_day_of_the_span_once_and_no_other(end in -30_000i64..60_000, length in 1u32..1_500) {
            let to = EPOCH.checked_add(jiff::Span::new().days(end)).expect("a day of this era");
            let span = Span::ending(to, length);
            let (start, around) = (day_number(span.from) - 70, length as usize + 140);
            let expected: Vec<i64> = (0..around as i64).map(|i| i64::from((70..70 + i64::from(length)).contains(&i))).collect();
            prop_assert_eq!(weights(&span.pieces(), start, around), expected);
            prop_assert_eq!(span.days().count(), length as usize);
        }
    }
}
