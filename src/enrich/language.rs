//! The language that a visitor wants first, out of `Accept-Language` (RFC 9110 section 12.5.4): no region, no second choice,
//! because the whole list tells visitors apart.

use std::borrow::Cow;

/// The primary subtag (RFC 5646 section 2.2.1) of the most wanted valid tag, lower case; empty where there is none.
pub(crate) fn first(languages: &[u8]) -> Cow<'_, str> {
    let mut best: (u16, &str) = (0, "");
    for item in languages.split(|byte| *byte == b',') {
        let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let Some(primary) = parts.next().and_then(primary) else { continue };
        let quality = parts
            .find_map(|part| part.strip_prefix(b"q=").or(part.strip_prefix(b"Q=")))
            .map_or(Some(1000), thousandths);
        if let Some(quality) = quality
            && quality > best.0
        {
            best = (quality, primary);
        }
        if best.0 == 1000 {
            break;
        }
    }
    match best.1.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(best.1.to_ascii_lowercase()),
        false => Cow::Borrowed(best.1),
    }
}

fn primary(tag: &[u8]) -> Option<&str> {
    let subtag = tag.split(|byte| *byte == b'-').next()?;
    let valid = (2..=8).contains(&subtag.len()) && subtag.iter().all(u8::is_ascii_alphabetic);
    std::str::from_utf8(subtag).ok().filter(|_| valid)
}

/// A quality value of RFC 9110 section 12.4.2 in thousandths.
fn thousandths(raw: &[u8]) -> Option<u16> {
    let (whole, fraction) = match raw {
        [whole] | [whole, b'.'] => (whole, &b""[..]),
        [whole, b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return None,
    };
    let digits = [Some(whole), fraction.first(), fraction.get(1), fraction.get(2)];
    let mut value = 0;
    for digit in digits {
        let digit = digit.map_or(Some(0), |byte| char::from(*byte).to_digit(10))?;
        value = value * 10 + u16::try_from(digit).ok()?;
    }
    (value <= 1000).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_most_wanted_language_counts_and_the_first_of_equals() {
        for (header, expected) in [
            ("en-US,en;q=0.9", "en"),
            ("DE-at", "de"),
            ("fr;q=0.5, de;q=0.8, en;q=0.8", "de"),
            ("*, es;q=0.3", "es"),
            ("nl;q=0, pt;q=0.001", "pt"),
            ("gsw-CH, de", "gsw"),
            ("x-private, i-klingon, en", "en"),
            ("e, abcdefghi, 12, d\u{e4}, it", "it"),
            ("en;q=abc, fi;q=0.2", "fi"),
            ("sv;q=1.5, da;q=1.000", "da"),
            ("ja ; q=0.9", "ja"),
            ("", ""),
            (",,;q=1", ""),
        ] {
            assert_eq!(first(header.as_bytes()), expected, "{header}");
        }
    }

    #[test]
    fn a_lower_case_language_is_borrowed() {
        assert!(matches!(first(b"en-US,en;q=0.5"), Cow::Borrowed("en")), "no copy");
    }

    proptest! {
        #[test]
        fn a_language_is_nothing_or_two_to_eight_lower_case_letters(header: Vec<u8>) {
            let language = first(&header);
            let valid = (2..=8).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
            prop_assert!(language.is_empty() || valid, "{language:?}");
        }
    }
}
