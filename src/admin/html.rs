//! Text and numbers as they may stand in the owner's page. Everything that came from outside goes through [`esc`].

use std::fmt::{self, Display, Formatter, Write};

/// A text that stands in HTML or in a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'a>(&'a str);

/// A number with its thousands apart: `1,234,567`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grouped(pub(super) u64);

/// A number for an axis, three digits or so: `950`, `1.5k`, `20M`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short(pub(super) u64);

/// Escapes a text; control characters, which no page may hold, become U+FFFD.
pub(super) fn esc(text: &str) -> Escaped<'_> {
    Escaped(text)
}

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                c if c.is_control() => out.write_char(char::REPLACEMENT_CHARACTER)?,
                c => out.write_char(c)?,
            }
        }
        Ok(())
    }
}

impl Display for Grouped {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                out.write_char(',')?;
            }
            out.write_char(digit)?;
        }
        Ok(())
    }
}

impl Display for Short {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] =
            [(1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")];
        let Some((size, unit)) = UNITS.into_iter().find(|(size, _)| self.0 >= *size) else {
            return write!(out, "{}", self.0);
        };
        let (whole, tenth) = (self.0 / size, self.0 % size / (size / 10));
        match tenth {
            0 => write!(out, "{}{unit}", Grouped(whole)),
            tenth => write!(out, "{}.{tenth}{unit}", Grouped(whole)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_escaped_text_holds_no_markup_and_no_control_character(text in any::<String>()) {
            let out = esc(&text).to_string();
            prop_assert!(!out.contains(['<', '>', '"', '\'']), "markup in {out:?}");
            prop_assert!(!out.contains(char::is_control), "control character in {out:?}");
        }

        #[test]
        fn a_grouped_number_without_its_commas_is_the_number(n in any::<u64>()) {
            prop_assert_eq!(Grouped(n).to_string().replace(',', ""), n.to_string());
        }
    }

    #[test]
    fn an_ampersand_is_escaped_once() {
        assert_eq!(esc("a&b <i>'\"").to_string(), "a&amp;b &lt;i&gt;&#39;&quot;");
    }

    #[test]
    fn thousands_stand_apart() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(Grouped(n).to_string(), text);
        }
    }

    #[test]
    fn numbers_of_an_axis_are_short() {
        let cases =
            [(0, "0"), (999, "999"), (1_000, "1k"), (1_500, "1.5k"), (20_000_000, "20M"), (u64::MAX, "18,446,744T")];
        for (n, text) in cases {
            assert_eq!(Short(n).to_string(), text);
        }
    }
}
