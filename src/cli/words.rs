//! Numbers, times and strangers' texts as the commands print them.
//!
//! Paths, hosts and answers of backends come from strangers. What could steer a terminal, or turn its text round, is shown as
//! an escape.

/// `1234567` as `1,234,567`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 event`, `1,204 events`.
pub(super) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// Bytes for people: `0 B`, `412 kB`, `1.2 GB`.
pub(super) fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((size, unit)) = UNITS.into_iter().find(|(size, _)| n >= *size) else { return format!("{n} B") };
    match (n / size, n % size / (size / 10)) {
        (whole @ 0..10, tenth) if size > 1_000 => format!("{whole}.{tenth} {unit}"),
        (whole, _) => format!("{} {unit}", grouped(whole)),
    }
}

/// A value as a terminal may be given it, at most so many characters of it.
pub(super) fn shown(value: &str, most: usize) -> String {
    let mut text = String::with_capacity(value.len());
    for (at, c) in value.chars().enumerate() {
        if at == most {
            text.push('…');
            break;
        }
        if steers(c) { text.extend(c.escape_unicode()) } else { text.push(c) }
    }
    text
}

/// JSON as a terminal may be given it: the same values, with escapes for what could steer it. Such characters stand within
/// strings alone.
pub(super) fn shown_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        // All of them are in the first plane, so that each is one escape.
        if steers(c) { text.push_str(&format!("\\u{:04x}", u32::from(c))) } else { text.push(c) }
    }
    text
}

/// Control characters, Unicode's line and paragraph separators, and what sets the direction of the text behind it.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2Jb\u{9b}c\u{202e}d\r\n\u{7f}é\u{1f600}";

    #[test]
    fn nothing_that_steers_a_terminal_comes_through() {
        let text = shown(HOSTILE, 100);
        assert!(!text.contains(steers) && text.contains("\\u{1b}") && text.ends_with("é\u{1f600}"), "{text}");
        assert_eq!(shown("abcdef", 3), "abc…");
    }

    #[test]
    fn json_for_a_terminal_has_the_same_values() {
        let json = serde_json::to_string(HOSTILE).expect("a text");
        let text = shown_json(&json);
        assert!(!text.contains(steers), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), HOSTILE);
    }

    #[test]
    fn bytes_have_two_digits_or_more_and_their_unit() {
        for (n, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1 kB"),
            (412_345, "412 kB"),
            (1_260_000, "1.2 MB"),
            (12_600_000_000, "12 GB"),
            (u64::MAX, "18,446,744 TB"),
        ] {
            assert_eq!(bytes(n), text, "{n}");
        }
    }
}
