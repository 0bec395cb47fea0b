//! Hours and days as the bars of a graph: what each is called in full, and which have a name below them.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::graph::{Bar, Graph};
use crate::stats::{Period, Report};

/// Views by hour, with the hours of the site's clock.
pub(super) fn by_hour(report: &Report, timezone: &TimeZone) -> Graph {
    let bars = report.hours.iter().map(|hour| hour_bar(hour, timezone)).collect();
    let title = if report.days.len() == 1 { "Views by hour" } else { "Views by hour, the last 48 hours" };
    Graph { id: "hours", title, period: "Hour", bars }
}

/// Views by day.
pub(super) fn by_day(report: &Report) -> Graph {
    let count = report.days.len();
    let bars = report.days.iter().map(|day| Bar {
        name: day.at.strftime("%a %-d %b %Y").to_string(),
        tick: day_tick(day.at, count),
        views: day.views,
        bots: day.bots,
    });
    Graph { id: "days", title: "Views by day", period: "Day", bars: bars.collect() }
}

fn hour_bar(hour: &Period<i64>, timezone: &TimeZone) -> Bar {
    let begins = hour.at.checked_mul(3_600).and_then(|second| Timestamp::from_second(second).ok());
    let local = begins.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(timezone.clone());
    let tick = match local.hour() {
        0 => Some(local.strftime("%a %-d %b").to_string()),
        12 => Some(local.strftime("%H:%M").to_string()),
        _ => None,
    };
    Bar { name: local.strftime("%a %-d %b, %H:%M").to_string(), tick, views: hour.views, bots: hour.bots }
}

/// About six names fit below a graph on a phone.
fn day_tick(day: Date, of: usize) -> Option<String> {
    let (named, format) = match of {
        0..=7 => (true, "%a %-d"),
        8..=31 => (day.weekday() == Weekday::Monday, "%-d %b"),
        32..=92 => (day.day() == 1 || day.day() == 15, "%-d %b"),
        _ => (day.day() == 1 && day.month() % 2 == 1, "%b"),
    };
    named.then(|| day.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn at_most_seven_names_stand_below_any_number_of_days() {
        let start: Date = "2026-01-30".parse().expect("a date");
        for count in [1usize, 7, 30, 31, 90, 365] {
            let days = (0..count).map(|n| start.saturating_add((n as i64).days()));
            let names = days.filter_map(|day| day_tick(day, count)).count();
            assert!((1..=7).contains(&names), "{names} names for {count} days");
        }
    }

    #[test]
    fn hours_are_those_of_the_sites_clock() {
        let timezone = TimeZone::get("Asia/Kolkata").expect("the zone is compiled in");
        let bar = hour_bar(&Period { at: 0, views: 1, bots: 0 }, &timezone);
        assert_eq!(bar.name, "Thu 1 Jan, 05:30");
    }

    #[test]
    fn an_hour_beyond_the_calendar_is_no_panic() {
        hour_bar(&Period { at: i64::MAX, views: 1, bots: 0 }, &TimeZone::UTC);
    }
}
