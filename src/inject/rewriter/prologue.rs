//! The prologue machine: an exact reader of how most pages begin, in place of a parser (speed.md section 2: 12,000
//! instructions a page become nearly none). It knows a BOM, white space, comments, one doctype, `<html ...>` and `<head ...>`,
//! none of which leaves the tokenizer's data state, and answers what the beginning of a body tells: its encoding, if it is a
//! document, if it is AMP. Whatever else it meets it gives up, and lol_html reads the same bytes again.

use super::Reason;
use super::length::Blank;
use super::markup::{Attributes, Next, is_amp, is_space, opens_document};

/// Reads a page's beginning.
#[derive(Debug)]
pub(super) struct Prologue {
    /// The offset of the first token that is not read yet.
    at: usize,
    /// Whether the first token has still to show that this is a document.
    ask: bool,
    doctype: bool,
    html: bool,
}

/// What is known so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Nothing yet. Up to the offset `safe` nothing can be placed any more.
    More { safe: usize },
    /// The offset behind `<head ...>`.
    Place(usize),
    /// A UTF-16 BOM.
    Utf16(Blank),
    /// The page is not to be tagged.
    Not(Reason),
    /// Not a prologue that is known here.
    Unsure,
}

impl Prologue {
    /// `ask`: whether the body is asked if it is a document.
    pub(super) fn new(ask: bool) -> Prologue {
        Prologue { at: 0, ask, doctype: false, html: false }
    }

    /// Whether it is still to be asked if the body is a document.
    pub(super) fn asks(&self) -> bool {
        self.ask
    }

    /// Reads on; `body` is the body from its first byte on.
    pub(super) fn read(&mut self, body: &[u8]) -> Read {
        if self.at == 0
            && let Some(read) = self.bom(body)
        {
            return read;
        }
        loop {
            let read = match body.get(self.at..).unwrap_or_default() {
                [] | [b'<'] | [b'<', b'/'] => Err(Read::More { safe: self.at }),
                [byte, ..] if is_space(*byte) => Ok(self.at + 1),
                [b'<', b'!', rest @ ..] => self.declaration(rest, body.len()),
                [b'<', letter, ..] if letter.is_ascii_alphabetic() => self.start_tag(body),
                // A bogus comment: `<?xml ...?>`, `</ ...>`.
                [b'<', b'?', ..] => Err(Read::Unsure),
                [b'<', b'/', byte, ..] if !byte.is_ascii_alphabetic() => Err(Read::Unsure),
                _ => Err(self.unless_asked()),
            };
            match read {
                Ok(next) => self.at = next,
                Err(read) => return read,
            }
        }
    }

    fn bom(&mut self, body: &[u8]) -> Option<Read> {
        const UTF_8: &[u8] = b"\xef\xbb\xbf";
        match body {
            [0xfe, 0xff, ..] => Some(Read::Utf16(Blank::Utf16Be)),
            [0xff, 0xfe, ..] => Some(Read::Utf16(Blank::Utf16Le)),
            [] | [0xfe | 0xff] => Some(Read::More { safe: body.len() }),
            _ if body.starts_with(UTF_8) => {
                self.at = UTF_8.len();
                None
            }
            _ if UTF_8.starts_with(body) => Some(Read::More { safe: body.len() }),
            _ => None,
        }
    }

    /// `rest`: what follows `<!`. Such a token holds no place, so that all of it may leave before it is complete.
    fn declaration(&mut self, rest: &[u8], end: usize) -> Result<usize, Read> {
        const DOCTYPE: &[u8] = b"doctype";
        let more = Read::More { safe: end };
        let behind = |len: usize| end - rest.len() + len;
        if rest.starts_with(b"--") {
            return match comment(rest) {
                Comment::Len(len) => Ok(behind(len)),
                Comment::More => Err(more),
                Comment::Odd => Err(Read::Unsure),
            };
        }
        if b"--".starts_with(rest) {
            return Err(more);
        }
        if !rest.iter().zip(DOCTYPE).all(|(byte, wanted)| byte.to_ascii_lowercase() == *wanted) {
            return Err(Read::Unsure);
        }
        if rest.len() < DOCTYPE.len() {
            return Err(more);
        }
        if self.doctype || self.html {
            return Err(Read::Unsure);
        }
        self.ask = false;
        // Any `>` ends a doctype, quoted or not.
        let len = memchr::memchr(b'>', rest).ok_or(more)?;
        self.doctype = true;
        Ok(behind(len + 1))
    }

    fn start_tag(&mut self, body: &[u8]) -> Result<usize, Read> {
        let start = self.at + 1;
        let rest = body.get(start..).unwrap_or_default();
        let ends_name = |byte: &u8| is_space(*byte) || matches!(byte, b'/' | b'>');
        let len = rest.iter().position(ends_name).ok_or(Read::More { safe: self.at })?;
        let name = rest.get(..len).unwrap_or_default();
        if std::mem::take(&mut self.ask) && !opens_document(name) {
            return Err(Read::Not(Reason::NotDocument));
        }
        let head = name.eq_ignore_ascii_case(b"head");
        if !head && (self.html || !name.eq_ignore_ascii_case(b"html")) {
            return Err(Read::Unsure);
        }
        let mut attributes = Attributes::new(body, start + len);
        loop {
            match attributes.next() {
                Next::Attribute { name, .. } if !head && is_amp(name) => return Err(Read::Not(Reason::Amp)),
                Next::Attribute { .. } => {}
                Next::End(end) if head => return Err(Read::Place(end)),
                Next::End(end) => {
                    self.html = true;
                    return Ok(end);
                }
                // The place of a page whose `<head` or `<html` has begun is behind it.
                Next::More => return Err(Read::More { safe: body.len() }),
                Next::Odd => return Err(Read::Unsure),
            }
        }
    }

    /// A token that no document begins with.
    fn unless_asked(&self) -> Read {
        if self.ask { Read::Not(Reason::NotDocument) } else { Read::Unsure }
    }
}

/// A comment behind its `<!`.
enum Comment {
    /// It ends with its first `-->`: how long it is.
    Len(usize),
    More,
    /// `<!-->`, `<!--->`, or one that `--!>` closes.
    Odd,
}

fn comment(rest: &[u8]) -> Comment {
    let text = rest.get(2..).unwrap_or_default();
    if text.starts_with(b">") || text.starts_with(b"->") {
        return Comment::Odd;
    }
    for at in memchr::memchr_iter(b'-', text) {
        match text.get(at..).unwrap_or_default() {
            [b'-', b'-', b'>', ..] => return Comment::Len(2 + at + 3),
            [b'-', b'-', b'!', b'>', ..] => return Comment::Odd,
            _ => {}
        }
    }
    Comment::More
}
