//! The fields of an event by name and in the order of its JSON: the one list that JSON, shapes and CSV are made from.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::Offset;

use super::{Event, EventId, Kind, SCHEMA_VERSION, Source, ViewId};

pub(super) const ROOM: &str = "a Vec takes every write";

/// The names, and the keys of the same names as they stand in JSON. `v` is first in every event: its key opens the object.
macro_rules! fields {
    ($first:literal, $($name:literal),*) => {
        const COUNT: usize = [$first, $($name),*].len();
        const NAMES: [&str; COUNT] = [$first, $($name),*];
        pub(super) const KEYS: [&str; COUNT] = [concat!("{\"", $first, "\":"), $(concat!(",\"", $name, "\":")),*];
    };
}

fields![
    "v",
    "id",
    "ts",
    "site",
    "kind",
    "source",
    "view_id",
    "host",
    "path",
    "status",
    "origin_ms",
    "referrer",
    "referrer_host",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "language",
    "bot"
];

/// The names of all fields that an event can have, in the order of its JSON.
pub const FIELDS: &[&str] = &NAMES;

/// What an event has for a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'e> {
    /// Nothing: the field is left out.
    Absent,
    Number(u32),
    /// Finite.
    Decimal(f32),
    /// Milliseconds since 1970.
    Time(i64),
    Id(EventId),
    View(ViewId),
    /// Not empty.
    Text(&'e str),
}

impl Event<'_> {
    /// A value for each name, in the order of [`FIELDS`].
    pub(super) fn values(&self) -> [Value<'_>; COUNT] {
        [
            Value::Number(SCHEMA_VERSION),
            Value::Id(self.id),
            Value::Time(self.ts_ms),
            Value::text(self.site),
            Value::text(self.kind.word()),
            Value::text(self.source.word()),
            self.view_id.map_or(Value::Absent, Value::View),
            Value::text(&self.host),
            Value::text(&self.path),
            self.status.map_or(Value::Absent, |status| Value::Number(status.into())),
            // JSON has no word for a number that is none.
            self.origin_ms.filter(|ms| ms.is_finite()).map_or(Value::Absent, Value::Decimal),
            Value::text(&self.referrer),
            Value::text(&self.referrer_host),
            Value::text(&self.utm.source),
            Value::text(&self.utm.medium),
            Value::text(&self.utm.campaign),
            Value::text(&self.utm.term),
            Value::text(&self.utm.content),
            Value::text(&self.language),
            Value::text(&self.bot),
        ]
    }
}

impl<'e> Value<'e> {
    fn text(text: &'e str) -> Value<'e> {
        if text.is_empty() { Value::Absent } else { Value::Text(text) }
    }

    /// Appends the value as plain text: what stands between the quotes of its JSON, before escapes.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Value::Absent => {}
            Value::Number(number) => digits(out, number),
            Value::Decimal(number) => write!(out, "{number}").expect(ROOM),
            Value::Time(ts_ms) => time(out, ts_ms),
            Value::Id(id) => out.extend_from_slice(&id.text()),
            Value::View(id) => out.extend_from_slice(&id.text()),
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

impl Kind {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Kind::View => "view",
        }
    }
}

impl Source {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Source::Proxy => "proxy",
        }
    }
}

fn digits(out: &mut Vec<u8>, number: u32) {
    let mut place = 1;
    while number / place >= 10 {
        place *= 10;
    }
    while place > 0 {
        out.push(b'0' + (number / place % 10) as u8);
        place /= 10;
    }
}

/// RFC 3339 in UTC with milliseconds; times before 1970 and beyond the year 9999 become the nearest.
fn time(out: &mut Vec<u8>, ts_ms: i64) {
    let at = Timestamp::from_millisecond(ts_ms.max(0)).unwrap_or(Timestamp::MAX);
    let at = Offset::UTC.to_datetime(at);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut rest = text.as_mut_slice();
    let mut number = |value: i32, digits: usize| {
        let mut value = value;
        let (own, behind) = std::mem::take(&mut rest).split_at_mut(digits);
        for digit in own.iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
        rest = behind.get_mut(1..).unwrap_or_default();
    };
    number(i32::from(at.year()), 4);
    number(i32::from(at.month()), 2);
    number(i32::from(at.day()), 2);
    number(i32::from(at.hour()), 2);
    number(i32::from(at.minute()), 2);
    number(i32::from(at.second()), 2);
    number(i32::from(at.millisecond()), 3);
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_all_their_digits() {
        for number in [0, 7, 10, 99, 100, 599, 1_000_000_000, u32::MAX] {
            let mut out = Vec::new();
            Value::Number(number).write(&mut out);
            assert_eq!(String::from_utf8_lossy(&out), number.to_string());
        }
    }

    #[test]
    fn times_have_milliseconds_and_four_digit_years_whatever_comes() {
        for (ts_ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (i64::MIN, "1970-01-01T00:00:00.000Z"),
            (i64::MAX, "9999-12-30T22:00:00.999Z"),
        ] {
            let mut out = Vec::new();
            time(&mut out, ts_ms);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{ts_ms}");
        }
    }
}
