//! `Forwarded` (RFC 7239) as its grammar has it: elements parted by commas, pairs by semicolons, neither where they stand in
//! quotes. A client that writes a comma or an open quote into its own element must not make another one of it.

use std::borrow::Cow;

/// What one hop wrote.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) node: Option<Cow<'a, str>>,
    pub(super) proto: Option<Cow<'a, str>>,
    pub(super) host: Option<Cow<'a, str>>,
}

/// A line's last elements, the last first. `None` stands for what breaks the grammar: nothing left of it can be believed, and
/// where a quote is left open nothing of the line.
pub(super) fn elements(line: &[u8], most: usize) -> impl Iterator<Item = Option<Element<'_>>> {
    let parts = split(line, b',', most).map_or_else(|| vec![None], |parts| parts.into_iter().map(Some).collect());
    parts.into_iter().rev().map(|part: Option<&[u8]>| part.and_then(element))
}

fn element(part: &[u8]) -> Option<Element<'_>> {
    let mut element = Element::default();
    // An element has four known pairs; the last of very many are enough to find one twice or none.
    for pair in split(part, b';', 16)? {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair.get(..at)?.trim_ascii(), value(pair.get(at + 1..)?.trim_ascii())?);
        let slot = match name {
            name if name.eq_ignore_ascii_case(b"for") => &mut element.node,
            name if name.eq_ignore_ascii_case(b"proto") => &mut element.proto,
            name if name.eq_ignore_ascii_case(b"host") => &mut element.host,
            _ => continue,
        };
        // Each at most once (section 4).
        if slot.replace(value).is_some() {
            return None;
        }
    }
    Some(element)
}

/// A token, or a quoted string without its quotes and escapes.
fn value(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let Some(quoted) = text.strip_prefix('"') else {
        return (!text.contains('"')).then_some(Cow::Borrowed(text));
    };
    let quoted = quoted.strip_suffix('"')?;
    if !quoted.contains(['"', '\\']) {
        return Some(Cow::Borrowed(quoted));
    }
    let (mut plain, mut chars) = (String::new(), quoted.chars());
    while let Some(next) = chars.next() {
        match next {
            '\\' => plain.push(chars.next()?),
            '"' => return None,
            other => plain.push(other),
        }
    }
    Some(Cow::Owned(plain))
}

/// The last `most` parts between separators that stand outside of quotes; `None` where a quote is left open.
fn split(bytes: &[u8], separator: u8, most: usize) -> Option<Vec<&[u8]>> {
    let (mut parts, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    let mut keep = |part| {
        if parts.len() == most {
            parts.remove(0);
        }
        parts.push(part);
    };
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if *byte == separator && !quoted => {
                keep(bytes.get(begin..at)?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    keep(bytes.get(begin..)?);
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(line: &str) -> Vec<Option<String>> {
        elements(line.as_bytes(), 3).map(|element| element?.node.map(Cow::into_owned)).collect()
    }

    #[test]
    fn quotes_hide_commas_and_semicolons() {
        let some = |nodes: &[&str]| nodes.iter().map(|node| Some((*node).to_owned())).collect::<Vec<_>>();
        assert_eq!(nodes("for=1.1.1.1, FOR = \"[::1]:80\" ; proto=https"), some(&["[::1]:80", "1.1.1.1"]));
        assert_eq!(nodes(r#"for="_a,for=6.6.6.6""#), some(&["_a,for=6.6.6.6"]));
        assert_eq!(nodes(r#"for="a\",for=6.6.6.6;\\""#), some(&[r#"a",for=6.6.6.6;\"#]));
        assert_eq!(nodes("for=1, for=2, for=3, for=4"), some(&["4", "3", "2"]), "no more than were asked for");
    }

    #[test]
    fn what_breaks_the_grammar_is_no_element() {
        for line in
            ["for=\"a", "for=\"a\\\"", "for=a\"b\"", "for=\"a\"b\"", "for=1;for=2", "for", "", "for=\"a, for=1.2.3.4"]
        {
            assert_eq!(elements(line.as_bytes(), 3).next(), Some(None), "{line}");
        }
    }
}
