//! The prologue machine: an exact reader of how most pages begin, in place of a parser (12,000
//! instructions a page become nearly none). It knows a BOM, white space, comments of every kind, one doctype, `<html ...>` and
//! `<head ...>`, none of which leaves the tokenizer's data state, and answers what the beginning of a body tells: its encoding,
//! if it is a document, if it is AMP. At the first token that it does not know it gives up, and lol_html reads on from there.
//!
//! What it has read it never reads again. So a comment may be as long as it likes, and is sent as it comes.

use super::Reason;
use super::length::Blank;
use super::markup::{Attributes, Next, comment_end, comment_len, is_amp, is_space, opens_document};

/// How many bytes an element's name may have that is known here, and more.
const NAME: usize = 16;

/// Reads a page's beginning.
#[derive(Debug)]
pub(super) struct Prologue {
    /// The offset of the first byte that is not read yet.
    at: u64,
    within: Within,
    /// Whether the first token has still to show that this is a document.
    ask: bool,
    doctype: bool,
    html: bool,
}

/// What the next byte stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Data,
    /// Behind `<!--`.
    Comment,
    /// Behind `<?`, `</` or `<!`, where the tokenizer makes a comment of what follows up to the next `>`.
    Bogus,
}

/// What is known so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Nothing yet. Up to the offset `safe` nothing can be placed any more.
    More { safe: u64 },
    /// The offset behind `<head ...>`.
    Place(u64),
    /// A UTF-16 BOM.
    Utf16(Blank),
    /// The page is not to be tagged.
    Not(Reason),
    /// Not a prologue that is known here; it was one up to [`Prologue::at`].
    Unsure,
}

impl Prologue {
    /// `ask`: whether the body is asked if it is a document.
    pub(super) fn new(ask: bool) -> Prologue {
        Prologue { at: 0, within: Within::Data, ask, doctype: false, html: false }
    }

    /// The offset in the body from which on it is still to be read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Reads on; `rest` is the body from [`Prologue::at`] on, as far as it has come.
    pub(super) fn read(&mut self, mut rest: &[u8]) -> Read {
        if self.at == 0 {
            match bom(rest) {
                Ok(len) => self.take(&mut rest, len),
                Err(read) => return read,
            }
        }
        loop {
            match self.token(rest) {
                Ok(len) => self.take(&mut rest, len),
                Err(read) => return read,
            }
        }
    }

    fn take(&mut self, rest: &mut &[u8], len: usize) {
        self.at += len as u64;
        *rest = rest.get(len..).unwrap_or_default();
    }

    /// How many bytes are read next.
    fn token(&mut self, rest: &[u8]) -> Result<usize, Read> {
        let end = self.at + rest.len() as u64;
        match (self.within, rest) {
            (Within::Comment, _) => match comment_end(rest) {
                Some(found) => {
                    self.within = Within::Data;
                    Ok(found.end)
                }
                None => {
                    // Its end may have begun.
                    self.at += rest.len().saturating_sub(3) as u64;
                    Err(Read::More { safe: end })
                }
            },
            (Within::Bogus, []) => Err(Read::More { safe: end }),
            (Within::Bogus, _) => {
                let found = memchr::memchr(b'>', rest);
                self.within = if found.is_some() { Within::Data } else { Within::Bogus };
                Ok(found.map_or(rest.len(), |at| at + 1))
            }
            (Within::Data, [] | [b'<'] | [b'<', b'/']) => Err(Read::More { safe: self.at }),
            (Within::Data, [byte, ..]) if is_space(*byte) => Ok(1),
            (Within::Data, [b'<', b'!', behind @ ..]) => self.declaration(rest, behind),
            (Within::Data, [b'<', letter, ..]) if letter.is_ascii_alphabetic() => self.start_tag(rest),
            (Within::Data, [b'<', b'?', ..]) => self.bogus(),
            (Within::Data, [b'<', b'/', byte, ..]) if !byte.is_ascii_alphabetic() => self.bogus(),
            (Within::Data, _) => Err(self.unless_asked()),
        }
    }

    fn bogus(&mut self) -> Result<usize, Read> {
        self.within = Within::Bogus;
        Ok(2)
    }

    /// `behind`: what follows `<!`. Such a token holds no place, so that all of it may leave before it is complete.
    fn declaration(&mut self, rest: &[u8], behind: &[u8]) -> Result<usize, Read> {
        const DOCTYPE: &[u8] = b"doctype";
        let more = Read::More { safe: self.at + rest.len() as u64 };
        if behind.starts_with(b"--") {
            return match comment_len(rest) {
                Some(len) => Ok(len),
                // `<!-->` and `<!--->` are whole.
                None if rest.len() < "<!---->".len() => Err(more),
                None => {
                    self.within = Within::Comment;
                    Ok("<!--".len())
                }
            };
        }
        if b"--".starts_with(behind) {
            return Err(more);
        }
        if !behind.iter().zip(DOCTYPE).all(|(byte, wanted)| byte.to_ascii_lowercase() == *wanted) {
            return self.bogus();
        }
        if behind.len() < DOCTYPE.len() {
            return Err(more);
        }
        self.ask = false;
        if self.doctype || self.html {
            return Err(Read::Unsure);
        }
        // Any `>` ends a doctype, quoted or not.
        let len = memchr::memchr(b'>', rest).ok_or(more)?;
        self.doctype = true;
        Ok(len + 1)
    }

    fn start_tag(&mut self, rest: &[u8]) -> Result<usize, Read> {
        let tag = rest.get(1..).unwrap_or_default();
        let ends_name = |byte: &u8| is_space(*byte) || matches!(byte, b'/' | b'>');
        let Some(len) = tag.iter().take(NAME).position(ends_name) else {
            return Err(if tag.len() < NAME { Read::More { safe: self.at } } else { self.unless_asked() });
        };
        let name = tag.get(..len).unwrap_or_default();
        if std::mem::take(&mut self.ask) && !opens_document(name) {
            return Err(Read::Not(Reason::NotDocument));
        }
        let head = name.eq_ignore_ascii_case(b"head");
        if !head && (self.html || !name.eq_ignore_ascii_case(b"html")) {
            return Err(Read::Unsure);
        }
        let mut attributes = Attributes::new(rest, 1 + len);
        loop {
            match attributes.next() {
                Next::Attribute { name, .. } if !head && is_amp(name) => return Err(Read::Not(Reason::Amp)),
                Next::Attribute { .. } => {}
                Next::End(end) if head => return Err(Read::Place(self.at + end as u64)),
                Next::End(end) => {
                    self.html = true;
                    return Ok(end);
                }
                // The place of a page whose `<head` or `<html` has begun is behind it.
                Next::More => return Err(Read::More { safe: self.at + rest.len() as u64 }),
                Next::Odd => return Err(Read::Unsure),
            }
        }
    }

    /// A token that no document begins with: a text, an end tag, an element with some name.
    fn unless_asked(&self) -> Read {
        if self.ask { Read::Not(Reason::NotDocument) } else { Read::Unsure }
    }
}

/// How long the BOM is that a body begins with; what it tells, where it is UTF-16's.
fn bom(body: &[u8]) -> Result<usize, Read> {
    const UTF_8: &[u8] = b"\xef\xbb\xbf";
    match body {
        [0xfe, 0xff, ..] => Err(Read::Utf16(Blank::Utf16Be)),
        [0xff, 0xfe, ..] => Err(Read::Utf16(Blank::Utf16Le)),
        _ if body.starts_with(UTF_8) => Ok(UTF_8.len()),
        [0xfe | 0xff] => Err(Read::More { safe: 1 }),
        _ if UTF_8.starts_with(body) => Err(Read::More { safe: body.len() as u64 }),
        _ => Ok(0),
    }
}
