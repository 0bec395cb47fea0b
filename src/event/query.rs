//! The pairs of a query, and what one says once its escapes are undone. Called by `url` and by `enrich`.

use std::borrow::Cow;

/// One `name=value` of a query, raw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair<'a> {
    /// The bytes as they stood between two `&`.
    pub(crate) raw: &'a [u8],
    /// What stands before the first `=`, or all of it.
    pub(crate) name: &'a [u8],
    /// What stands behind it.
    pub(crate) value: &'a [u8],
}

/// The pairs of a raw query (without its `?`), in order.
pub(crate) fn pairs(query: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    query.split(|byte| *byte == b'&').filter(|raw| !raw.is_empty()).map(|raw| {
        let at = raw.iter().position(|byte| *byte == b'=');
        let (name, value) = at.and_then(|at| raw.split_at_checked(at)).unwrap_or((raw, b""));
        Pair { raw, name, value: value.get(1..).unwrap_or(b"") }
    })
}

/// Undoes `%XX` and `+` as forms write them. A `%` that begins no escape stays.
pub(crate) fn decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match (first, behind) {
            (b'%', [high, low, after @ ..]) if let Some(byte) = escape(*high, *low) => {
                out.push(byte);
                rest = after;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*first),
        }
    }
    Cow::Owned(out)
}

/// A value for people: escapes undone, invalid UTF-8 replaced, control characters dropped, blanks around it cut off, at most
/// `limit` bytes long.
pub(crate) fn text(raw: &[u8], limit: usize) -> Cow<'_, str> {
    match decode(raw) {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(char::is_control) => Cow::Borrowed(cut(text, limit)),
            _ => Cow::Owned(cut(&printable(bytes), limit).to_owned()),
        },
        Cow::Owned(bytes) => Cow::Owned(cut(&printable(&bytes), limit).to_owned()),
    }
}

fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect()
}

fn cut(text: &str, limit: usize) -> &str {
    let text = text.trim();
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text).trim_end()
}

fn escape(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pair_ends_at_the_first_equals_sign() {
        let found: Vec<_> = pairs(b"a=1&&b&c=x=y&=z").map(|pair| (pair.name, pair.value)).collect();
        let expected: [(&[u8], &[u8]); 4] = [(b"a", b"1"), (b"b", b""), (b"c", b"x=y"), (b"", b"z")];
        assert_eq!(found, expected, "names and values");
    }

    #[test]
    fn values_are_decoded_as_forms_write_them() {
        for (raw, expected) in [
            ("may", "may"),
            ("a+b%20c", "a b c"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("gr%C3%BCn", "grün"),
            ("%FFx", "\u{fffd}x"),
            ("a%0A%1b[31mb", "a[31mb"),
            ("+%20", ""),
        ] {
            assert_eq!(text(raw.as_bytes(), 255), expected, "{raw}");
        }
    }

    #[test]
    fn a_plain_value_is_borrowed() {
        assert!(matches!(text(b"newsletter", 255), Cow::Borrowed(_)), "no copy without escapes");
    }

    proptest! {
        #[test]
        fn a_value_keeps_its_limit_and_has_no_control_characters(raw: Vec<u8>, limit in 0usize..20) {
            let text = text(&raw, limit);
            prop_assert!(text.len() <= limit, "{} bytes of {limit}", text.len());
            prop_assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
}
