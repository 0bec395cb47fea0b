//! An event as the JSON that every sink gets: one object without line breaks, absent fields left out.
//!
//! Written straight into the buffer of a batch: no text is made on the way.

use std::io::Write;

use ring::hmac;

use super::fields::{KEYS, ROOM, Value};
use super::shape::{Rule, Shape};
use super::{Event, hex};

impl Event<'_> {
    /// Appends the event as one JSON object, in UTF-8 and without a line's end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        for (key, value) in KEYS.iter().zip(self.values()) {
            if !matches!(value, Value::Absent) {
                out.extend_from_slice(key.as_bytes());
                value.write_json(out);
            }
        }
        out.push(b'}');
    }

    /// [`Event::write_json`] in a sink's shape. What is absent stays absent, also where its hash is wanted.
    pub fn write_shaped(&self, shape: &Shape, out: &mut Vec<u8>) {
        for (rule, value) in shape.rules().iter().zip(self.values()) {
            let (Rule::Plain(key) | Rule::Hash(key, _)) = rule else { continue };
            if matches!(value, Value::Absent) {
                continue;
            }
            out.extend_from_slice(key);
            match rule {
                Rule::Hash(_, secret) => hashed(value, secret, out),
                _ => value.write_json(out),
            }
        }
        out.push(b'}');
    }
}

impl Value<'_> {
    fn write_json(self, out: &mut Vec<u8>) {
        match self {
            Value::Text(text) => string(out, text),
            Value::Absent | Value::Number(_) | Value::Decimal(_) => self.write(out),
            Value::Time(_) | Value::Id(_) | Value::View(_) => {
                out.push(b'"');
                self.write(out);
                out.push(b'"');
            }
        }
    }
}

/// HMAC-SHA256 (RFC 2104) of the value's text, as a string of 64 lower-case hex digits.
fn hashed(value: Value<'_>, secret: &hmac::Key, out: &mut Vec<u8>) {
    let mut text = Vec::new();
    value.write(&mut text);
    out.push(b'"');
    out.extend(hmac::sign(secret, &text).as_ref().iter().copied().flat_map(hex));
    out.push(b'"');
}

/// A JSON string.
pub(super) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::sample::{TEXTS, any_sample, event};
    use super::*;

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
    fn a_time_that_is_no_number_is_left_out() {
        let json = json(&Event { origin_ms: Some(f32::NAN), ..event() });
        assert!(!json.contains("origin_ms"), "JSON has no word for it: {json}");
    }

    proptest! {
        #[test]
        fn any_texts_come_back_from_the_json(sample in any_sample()) {
            let json = json(&sample.event());
            prop_assert!(!json.contains('\n'), "one line: {json}");
            let value: Value = serde_json::from_str(&json).expect("valid JSON");
            for (key, text) in TEXTS.into_iter().zip(&sample.texts) {
                let found = value.get(key).map(|value| value.as_str().expect("a text"));
                prop_assert_eq!(found, Some(text.as_str()).filter(|text| !text.is_empty()), "{}", key);
            }
        }

        #[test]
        fn the_whole_shape_is_the_whole_event(sample in any_sample()) {
            let event = sample.event();
            let mut shaped = Vec::new();
            event.write_shaped(&Shape::default(), &mut shaped);
            prop_assert_eq!(String::from_utf8(shaped).expect("UTF-8"), json(&event));
        }
    }
}
