//! Events as CSV (RFC 4180), for spreadsheets: a line of names, a line for each event, the fields in the order of [`FIELDS`].
//!
//! What stands in an event came from strangers, and a spreadsheet takes a text that begins with `=`, `+`, `-` or `@` (or with
//! a tab or a line break, which it skips) for a formula, which may send the sheet elsewhere. Such a text gets a `'` in front,
//! which spreadsheets take for "this is text". So does a text that begins with `'`: whoever reads the file as data takes one
//! `'` off a text that begins with one, and has what was recorded. Quotes alone would not help: a formula in quotes is one.

use super::Event;
use super::fields::{FIELDS, Value};

impl Event<'_> {
    /// Appends the line of names, with its end.
    pub fn write_csv_header(out: &mut Vec<u8>) {
        out.extend_from_slice(FIELDS.join(",").as_bytes());
        out.extend_from_slice(END);
    }

    /// Appends the event as a line, with its end; an absent field is empty. See the rule for texts that look like formulas
    /// above: one `'` in front of a text is not the text's.
    pub fn write_csv(&self, out: &mut Vec<u8>) {
        for (place, value) in self.values().into_iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            match value {
                Value::Text(text) => field(out, text),
                _ => value.write(out),
            }
        }
        out.extend_from_slice(END);
    }
}

/// RFC 4180 section 2.1.
const END: &[u8] = b"\r\n";

/// What may begin a formula (OWASP, "CSV Injection"; the wide forms count in some languages), and the sign that says "text".
const GUARDED: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '\''];

fn field(out: &mut Vec<u8>, text: &str) {
    let guard: &[u8] = if text.starts_with(GUARDED) { b"'" } else { b"" };
    if !text.contains([',', '"', '\r', '\n']) {
        out.extend_from_slice(guard);
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(guard);
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sample::{TEXTS, any_sample, event};
    use super::*;

    fn line(event: &Event<'_>) -> String {
        let mut out = Vec::new();
        event.write_csv(&mut out);
        String::from_utf8(out).expect("CSV of texts is text")
    }

    /// The fields of every line, by RFC 4180 section 2.
    fn read(csv: &str) -> Vec<Vec<String>> {
        let mut lines = vec![vec![String::new()]];
        let mut rest = csv.chars().peekable();
        let mut quoted = false;
        while let Some(c) = rest.next() {
            let fields = lines.last_mut().expect("a line");
            let field = fields.last_mut().expect("a field");
            match c {
                '"' if quoted && rest.peek() == Some(&'"') => field.push(rest.next().expect("it was seen")),
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                '\r' if !quoted && rest.peek() == Some(&'\n') => {
                    rest.next();
                    lines.push(vec![String::new()]);
                }
                c => field.push(c),
            }
        }
        assert_eq!(lines.pop(), Some(vec![String::new()]), "the last line has its end");
        lines
    }

    #[test]
    fn an_event_is_a_line_below_the_names_of_all_fields() {
        let mut out = Vec::new();
        Event::write_csv_header(&mut out);
        event().write_csv(&mut out);
        let expected = "v,id,ts,site,kind,source,view_id,host,path,status,origin_ms,referrer,referrer_host,utm_source,\
             utm_medium,utm_campaign,utm_term,utm_content,language,bot\r\n1,01a208bf-eb83-7000-8000-000000000000,\
             2026-11-23T14:12:05.123Z,shop,view,proxy,6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f,shop.example.com,/p/42,200,38.2,\
             ,,,,,,,en,\r\n";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn what_a_spreadsheet_would_take_for_a_formula_is_marked_as_text() {
        for (text, expected) in [
            ("=HYPERLINK(\"https://evil.example\")", "\"'=HYPERLINK(\"\"https://evil.example\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("＝1", "'＝1"),
            ("'quoted'", "''quoted'"),
            ("a=b", "a=b"),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
        ] {
            let line = line(&Event { bot: text.into(), ..event() });
            assert!(line.ends_with(&format!(",{expected}\r\n")), "{text:?}: {line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_texts_come_back_and_none_begins_like_a_formula(sample in any_sample()) {
            let mut out = Vec::new();
            Event::write_csv_header(&mut out);
            sample.event().write_csv(&mut out);
            let lines = read(std::str::from_utf8(&out).expect("text"));
            let [names, fields] = lines.as_slice() else { panic!("two lines: {lines:?}") };
            prop_assert_eq!((names.len(), fields.len()), (FIELDS.len(), FIELDS.len()));
            for (name, text) in TEXTS.iter().zip(&sample.texts) {
                let place = names.iter().position(|known| known == name).expect("a field");
                let found = fields[place].as_str();
                prop_assert!(!found.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{}: {:?}", name, found);
                prop_assert_eq!(found.strip_prefix('\'').unwrap_or(found), text.as_str(), "{}", name);
            }
        }
    }
}
