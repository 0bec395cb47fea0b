//! As much of HTML's tokenizer as a comment or a plain start tag needs, over bytes that may end anywhere. Whatever is not
//! plain is said to be odd and left to the full parser; nothing here guesses.

use std::ops::Range;

/// What comes next in a start tag, behind its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'b> {
    /// `name`, `name=value`, `name="value"`: name and value as they stand there.
    Attribute { name: &'b [u8], value: &'b [u8] },
    /// `>`; the offset behind it.
    End(usize),
    /// The bytes end first.
    More,
    /// Markup that the tokenizer repairs, or a `/`.
    Odd,
}

/// Whether our own script follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Follows {
    Ours,
    Other,
    /// The bytes end before it is clear.
    Unsure,
}

/// The attributes of a start tag, one after the other.
#[derive(Debug)]
pub(super) struct Attributes<'b> {
    bytes: &'b [u8],
    at: usize,
}

/// White space as HTML has it.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

impl<'b> Attributes<'b> {
    /// `at`: the offset in `bytes` behind the tag's name.
    pub(super) fn new(bytes: &'b [u8], at: usize) -> Attributes<'b> {
        Attributes { bytes, at }
    }

    pub(super) fn next(&mut self) -> Next<'b> {
        self.skip_spaces();
        match self.bytes.get(self.at) {
            None => return Next::More,
            Some(b'>') => return Next::End(self.at + 1),
            Some(_) => {}
        }
        let name = self.take_while(|byte| !is_space(byte) && !matches!(byte, b'/' | b'>' | b'='));
        if name.is_empty() || name.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'<' | 0)) {
            return Next::Odd;
        }
        self.skip_spaces();
        match self.bytes.get(self.at) {
            None => Next::More,
            Some(b'=') => {
                self.at += 1;
                self.skip_spaces();
                self.value(name)
            }
            Some(_) => Next::Attribute { name, value: &[] },
        }
    }

    fn value(&mut self, name: &'b [u8]) -> Next<'b> {
        let value = match self.bytes.get(self.at) {
            None => return Next::More,
            Some(&quote @ (b'"' | b'\'')) => {
                self.at += 1;
                let value = self.take_while(|byte| byte != quote);
                self.at += 1;
                value
            }
            Some(_) => {
                let value = self.take_while(|byte| !is_space(byte) && byte != b'>');
                if value.is_empty() || value.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'<' | b'=' | b'`' | 0)) {
                    return Next::Odd;
                }
                value
            }
        };
        match self.bytes.get(self.at) {
            None => Next::More,
            Some(&byte) if is_space(byte) || byte == b'>' => Next::Attribute { name, value },
            Some(_) => Next::Odd,
        }
    }

    fn skip_spaces(&mut self) {
        self.take_while(is_space);
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'b [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }
}

/// Where the first end of a comment is in `text`, which stands in one behind its `<!--`.
pub(super) fn comment_end(text: &[u8]) -> Option<Range<usize>> {
    memchr::memchr_iter(b'-', text).find_map(|at| match text.get(at..).unwrap_or_default() {
        [b'-', b'-', b'>', ..] => Some(at..at + 3),
        [b'-', b'-', b'!', b'>', ..] => Some(at..at + 4),
        _ => None,
    })
}

/// How long the comment is with whose `<!--` the bytes begin, if it ends in them.
pub(super) fn comment_len(bytes: &[u8]) -> Option<usize> {
    match bytes.get(4..)? {
        [b'>', ..] => Some(5),
        [b'-', b'>', ..] => Some(6),
        text => comment_end(text).map(|found| 4 + found.end),
    }
}

/// What stands behind white space and comments; `None` where the bytes end before that.
fn behind_blanks(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let blanks = bytes.iter().position(|byte| !is_space(*byte))?;
        bytes = bytes.get(blanks..)?;
        if !bytes.starts_with(b"<!--") {
            return (!b"<!--".starts_with(bytes)).then_some(bytes);
        }
        bytes = bytes.get(comment_len(bytes)?..)?;
    }
}

/// Whether `bytes` begin, behind white space and comments, with a script whose address begins with `own_src`.
pub(super) fn own_script(bytes: &[u8], own_src: &[u8]) -> Follows {
    const SCRIPT: &[u8] = b"<script";
    let Some(bytes) = behind_blanks(bytes) else { return Follows::Unsure };
    let known = bytes.len().min(SCRIPT.len());
    if !bytes.iter().zip(SCRIPT).all(|(byte, wanted)| byte.to_ascii_lowercase() == *wanted) {
        return Follows::Other;
    }
    match bytes.get(known) {
        None => return Follows::Unsure,
        Some(byte) if !is_space(*byte) => return Follows::Other,
        Some(_) => {}
    }
    let mut attributes = Attributes::new(bytes, known);
    loop {
        match attributes.next() {
            Next::Attribute { name, value } if name.eq_ignore_ascii_case(b"src") => {
                return if value.starts_with(own_src) { Follows::Ours } else { Follows::Other };
            }
            Next::Attribute { .. } => {}
            Next::More => return Follows::Unsure,
            Next::End(_) | Next::Odd => return Follows::Other,
        }
    }
}

/// Whether an attribute of `<html>` says that the document is AMP, in which our script would be invalid: `amp`,
/// `⚡`, and both with `4ads` or `4email` behind.
pub(super) fn is_amp(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let kind = name.strip_suffix(b"4ads").or_else(|| name.strip_suffix(b"4email")).unwrap_or(&name);
    let kind = kind.strip_suffix("\u{fe0f}".as_bytes()).unwrap_or(kind);
    kind == b"amp" || kind == "⚡".as_bytes()
}

/// Whether a page's first element shows that it is a document.
pub(super) fn opens_document(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 7] = [b"html", b"head", b"title", b"meta", b"link", b"base", b"body"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}
