//! An event as the JSON that every sink gets: one object without line breaks, absent fields left out.
//!
//! Written straight into the buffer of a batch: no text is made on the way.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::Offset;

use super::{Event, Kind, SCHEMA_VERSION, Source};

const ROOM: &str = "a Vec takes every write";

impl Event<'_> {
    /// Appends the event as one JSON object, in UTF-8 and without a line's end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write!(out, "{{\"v\":{SCHEMA_VERSION},\"id\":\"").expect(ROOM);
        out.extend_from_slice(&self.id.text());
        out.extend_from_slice(b"\",\"ts\":\"");
        time(out, self.ts_ms);
        out.push(b'"');
        text(out, "site", self.site);
        text(out, "kind", self.kind.word());
        text(out, "source", self.source.word());
        out.extend_from_slice(b",\"view_id\":\"");
        out.extend_from_slice(&self.view_id.text());
        out.push(b'"');
        text(out, "host", &self.host);
        text(out, "path", &self.path);
        write!(out, ",\"status\":{}", self.status).expect(ROOM);
        if self.origin_ms.is_finite() {
            write!(out, ",\"origin_ms\":{}", self.origin_ms).expect(ROOM);
        }
        text(out, "referrer", &self.referrer);
        text(out, "referrer_host", &self.referrer_host);
        text(out, "utm_source", &self.utm.source);
        text(out, "utm_medium", &self.utm.medium);
        text(out, "utm_campaign", &self.utm.campaign);
        text(out, "utm_term", &self.utm.term);
        text(out, "utm_content", &self.utm.content);
        text(out, "language", &self.language);
        text(out, "bot", &self.bot);
        out.push(b'}');
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

/// `,"key":"value"`, or nothing where there is no value.
fn text(out: &mut Vec<u8>, key: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":\"");
    let mut plain = value.as_bytes();
    while let Some(at) = plain.iter().position(|byte| needs_escape(*byte))
        && let Some((head, [special, rest @ ..])) = plain.split_at_checked(at)
    {
        out.extend_from_slice(head);
        escape(out, *special);
        plain = rest;
    }
    out.extend_from_slice(plain);
    out.push(b'"');
}

/// What RFC 8259 section 7 does not allow in a string, and DEL, which terminals do not show.
fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f)
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        _ => write!(out, "\\u{byte:04x}").expect(ROOM),
    }
}

/// RFC 3339 in UTC with milliseconds; times before 1970 and beyond the year 9999 become the nearest.
fn time(out: &mut Vec<u8>, ts_ms: i64) {
    let at = Timestamp::from_millisecond(ts_ms.max(0)).unwrap_or(Timestamp::MAX);
    let at = Offset::UTC.to_datetime(at);
    let mut number = |value: i32, digits: u32, end: u8| {
        let digit = |place| b'0' + (value / 10_i32.pow(place) % 10) as u8;
        out.extend((0..digits).rev().map(digit));
        out.push(end);
    };
    number(i32::from(at.year()), 4, b'-');
    number(i32::from(at.month()), 2, b'-');
    number(i32::from(at.day()), 2, b'T');
    number(i32::from(at.hour()), 2, b':');
    number(i32::from(at.minute()), 2, b':');
    number(i32::from(at.second()), 2, b'.');
    number(i32::from(at.millisecond()), 3, b'Z');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventId, Utm, ViewId};
    use proptest::prelude::*;
    use serde_json::Value;

    fn event() -> Event<'static> {
        Event {
            id: EventId::v7(1_795_443_125_123, 0),
            ts_ms: 1_795_443_125_123,
            site: "shop",
            kind: Kind::View,
            source: Source::Proxy,
            view_id: ViewId([0x6f; 16]),
            host: "shop.example.com".into(),
            path: "/p/42".into(),
            status: 200,
            origin_ms: 38.2,
            referrer: "".into(),
            referrer_host: "".into(),
            utm: Utm::default(),
            language: "en".into(),
            bot: "".into(),
        }
    }

    fn json(event: &Event<'_>) -> String {
        let mut out = Vec::new();
        event.write_json(&mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn an_event_is_one_object_without_its_absent_fields() {
        let expected = r#"{"v":1,"id":"01a208bf-eb83-7000-8000-000000000000","ts":"2026-11-23T14:12:05.123Z","site":"shop","kind":"view","source":"proxy","view_id":"6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f","host":"shop.example.com","path":"/p/42","status":200,"origin_ms":38.2,"language":"en"}"#;
        assert_eq!(json(&event()), expected, "the order is fixed");
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

    #[test]
    fn a_time_that_is_no_number_is_left_out() {
        let json = json(&Event { origin_ms: f32::NAN, ..event() });
        assert!(!json.contains("origin_ms"), "JSON has no word for it: {json}");
    }

    proptest! {
        #[test]
        fn any_texts_come_back_from_the_json(texts in prop::collection::vec(any::<Vec<u8>>(), 11), ts_ms: i64, origin_ms: f32) {
            let texts: Vec<String> = texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
            let eleven: &[String; 11] = texts.as_slice().try_into().expect("eleven texts");
            let [site, host, path, referrer, referrer_host, source, medium, campaign, term, content, bot] = eleven;
            let utm = Utm {
                source: source.into(),
                medium: medium.into(),
                campaign: campaign.into(),
                term: term.into(),
                content: content.into(),
            };
            let (host, path, bot) = (host.into(), path.into(), bot.into());
            let (referrer, referrer_host) = (referrer.into(), referrer_host.into());
            let json = json(&Event { ts_ms, site, host, path, origin_ms, referrer, referrer_host, utm, bot, ..event() });
            prop_assert!(!json.contains('\n'), "one line: {json}");
            let value: Value = serde_json::from_str(&json).expect("valid JSON");
            let keys = [
                "site", "host", "path", "referrer", "referrer_host", "utm_source", "utm_medium", "utm_campaign", "utm_term",
                "utm_content", "bot",
            ];
            for (key, text) in keys.into_iter().zip(&texts) {
                let found = value.get(key).map(|value| value.as_str().expect("a text"));
                prop_assert_eq!(found, Some(text.as_str()).filter(|text| !text.is_empty()), "{}", key);
            }
        }
    }
}
