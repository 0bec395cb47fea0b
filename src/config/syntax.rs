//! What TOML itself could not read, in words; and which lines of the file are therefore left alone.

use std::collections::BTreeSet;

use super::problem::Problem;
use super::source::Source;

/// Says what TOML could not read, once a line. The broken lines; none where the rest of the file cannot be trusted.
pub(super) fn report(
    source: &Source,
    errors: &[toml::de::Error],
    problems: &mut Vec<Problem>,
) -> Option<BTreeSet<u32>> {
    // What was opened and never closed swallows all that follows: only its end is worth a word.
    if errors.iter().any(|error| error.message().starts_with("unclosed array")) {
        let start = errors.iter().filter_map(toml::de::Error::span).map(|span| span.start).min().unwrap_or(0);
        problems.push(Problem::new(
            source.at(start),
            "a list that begins above is not closed; write `]` behind its last value",
        ));
        return None;
    }
    let mut broken = BTreeSet::new();
    for error in errors {
        let span = error.span().unwrap_or_default();
        if broken.insert(source.line(span.start)) {
            let written = source.text.get(span.clone()).unwrap_or_default();
            problems.push(Problem::new(source.at(span.start), message(error.message(), written)));
        }
    }
    Some(broken)
}

fn message(said: &str, written: &str) -> String {
    let written = written.trim();
    if said.starts_with("duplicate key") {
        return match written {
            "tag" => {
                "`tag` stands twice; TOML gives a key one value: write `tag = true` or [[site.tag]] tables, not both"
                    .into()
            }
            _ => format!("`{written}` stands twice; keep one of them"),
        };
    }
    if said.starts_with("string values must be quoted") {
        return match written {
            "" => "the value is missing; write it behind the `=`".into(),
            _ => format!("a text stands in quotes; write \"{}\"", written.trim_matches(['"', '\''])),
        };
    }
    if let Some(quote) = unclosed(said) {
        return format!("a text is not closed; write {quote} behind it");
    }
    if said.starts_with("carriage return must be followed by") {
        return "a line ends in a carriage return alone, which TOML does not know; end lines as Unix or Windows does"
            .into();
    }
    said.replacen(", expected ", "; expected ", 1)
}

/// The quote that a text lacks at its end.
fn unclosed(said: &str) -> Option<&str> {
    let quote = said.split_once(" string, expected `")?.1.strip_suffix('`')?;
    quote.chars().all(|c| matches!(c, '"' | '\'')).then_some(quote)
}
