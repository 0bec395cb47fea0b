//! A site's day: which day of the site's time zone an instant falls on.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A day of a site, as the counts' tables name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) struct Day {
    /// Days since 1970-01-01.
    pub(super) number: i32,
    /// `year * 12 + month - 1`.
    pub(super) month: i32,
}

/// Finds a site's days, quickly for instants on the day that was asked for last.
///
/// A day is everything from its first instant to the first instant of the next, also where clocks are put back across
/// midnight: an instant has one day whatever was asked before.
#[derive(Debug)]
pub(in crate::ledger) struct Days {
    zone: TimeZone,
    from_ms: i64,
    until_ms: i64,
    day: Day,
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl Days {
    pub(in crate::ledger) fn new(zone: TimeZone) -> Days {
        Days { zone, from_ms: 0, until_ms: 0, day: Day { number: 0, month: 1970 * 12 } }
    }

    /// The day of an instant, milliseconds since 1970. Instants that no calendar reaches count as the nearest that one does.
    pub(in crate::ledger) fn of(&mut self, ts_ms: i64) -> Day {
        if ts_ms < self.from_ms || ts_ms >= self.until_ms {
            self.find(ts_ms);
        }
        self.day
    }

    fn find(&mut self, ts_ms: i64) {
        let at = Timestamp::from_millisecond(ts_ms).unwrap_or(if ts_ms < 0 { Timestamp::MIN } else { Timestamp::MAX });
        let mut date = self.zone.to_datetime(at).date();
        // Where clocks go back across midnight the wall shows the old date again, though the next day has begun.
        while let Some(next) = date.tomorrow().ok().filter(|next| self.start(*next).is_some_and(|start| start <= ts_ms))
        {
            date = next;
        }
        self.from_ms = self.start(date).unwrap_or(i64::MIN);
        self.until_ms = date.tomorrow().ok().and_then(|next| self.start(next)).unwrap_or(i64::MAX);
        self.day =
            Day { number: (date - EPOCH).get_days(), month: i32::from(date.year()) * 12 + i32::from(date.month()) - 1 };
    }

    /// The first instant of a date, milliseconds since 1970.
    fn start(&self, date: Date) -> Option<i64> {
        let midnight = date.to_zoned_datetime(self.zone.clone()).ok()?;
        Some(midnight.start_of_day().ok()?.timestamp().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 7] = [
        "UTC",
        "Europe/Berlin",
        "America/Los_Angeles",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "America/St_Johns",
    ];

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("the zone is compiled in")
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn a_day_begins_at_the_sites_midnight() {
        let mut berlin = Days::new(zone("Europe/Berlin"));
        let day = |number| Day { number, month: 2026 * 12 + 9 };
        assert_eq!(berlin.of(ms("2026-10-24T21:59:59.999Z")), day(20_750), "the 24th's last millisecond, summer time");
        assert_eq!(berlin.of(ms("2026-10-24T22:00:00Z")), day(20_751));
        assert_eq!(berlin.of(ms("2026-10-25T22:59:59.999Z")), day(20_751), "a day of 25 hours");
        assert_eq!(berlin.of(ms("2026-10-25T23:00:00Z")), day(20_752));
    }

    #[test]
    fn a_day_whose_midnight_does_not_exist_begins_after_the_gap() {
        let mut sao_paulo = Days::new(zone("America/Sao_Paulo"));
        let before = sao_paulo.of(ms("2018-11-04T02:59:59.999Z")).number;
        assert_eq!(sao_paulo.of(ms("2018-11-04T03:00:00Z")).number, before + 1, "clocks went from 24:00 to 01:00");
    }

    #[test]
    fn what_no_calendar_reaches_has_the_nearest_day() {
        let mut days = Days::new(TimeZone::UTC);
        assert!(days.of(i64::MIN).number < days.of(0).number);
        assert!(days.of(i64::MAX).number > days.of(0).number);
    }

    proptest! {
        #[test]
        fn a_day_does_not_depend_on_what_was_asked_before(
            zone_at in 0..ZONES.len(),
            asked in prop::collection::vec(0..4_000_000_000_000_i64, 1..40),
        ) {
            let mut days = Days::new(zone(ZONES[zone_at]));
            for ts_ms in asked {
                let fresh = Days::new(zone(ZONES[zone_at])).of(ts_ms);
                prop_assert_eq!(days.of(ts_ms), fresh, "at {}", ts_ms);
            }
        }

        #[test]
        fn later_is_never_an_earlier_day(zone_at in 0..ZONES.len(), ts_ms in 0..4_000_000_000_000_i64, later in 0..200_000_000_i64) {
            let mut days = Days::new(zone(ZONES[zone_at]));
            let (day, next) = (days.of(ts_ms).number, days.of(ts_ms + later).number);
            prop_assert!(next >= day && i64::from(next - day) <= later / 82_800_000 + 2, "{} days after {}", next - day, day);
        }
    }
}
