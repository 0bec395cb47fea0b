//! Places that need the full parser. One lol_html a question: where is our own place (`opening`), where does the head end and
//! the body start (`head`), where does the body end (`body`). Its handlers note offsets and leave by an error; what it writes
//! is only counted, to know which bytes no place can come before any more.
//!
//! Bytes are read as windows-1252, whatever the page's encoding is: every byte is one character then, so that counts and
//! offsets are those of the bytes, and no encoding in question makes other bytes of HTML's ASCII.
//!
//! A comment that is long is not the parser's to keep: it gets the beginning and the end, and the rest passes it by.

mod body;
mod charset;
mod head;
mod opening;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, OnceLock};

use lol_html::html_content::{EndTag, SourceLocation};
use lol_html::send::{Element, HtmlRewriter, Settings};
use lol_html::{AsciiCompatibleEncoding, HandlerResult, MemorySettings, OutputSink, Selector};
use sync_wrapper::SyncWrapper;

use super::markup::comment_end;
use super::window::Window;
use crate::config::Place;
use crate::inject::Reason;

/// How many bytes the parser may keep of one body: an incomplete token and the open elements.
const MEMORY: usize = 64 * 1024;

/// How many bytes it gets at once: what it keeps of a token and the next bytes must fit into its memory together.
const PART: usize = 16 * 1024;

/// A token of so many bytes that begins like a comment is one; a shorter one may be text of a script.
const LONG: u64 = 1024;

/// A parser that looks for places. It is left, and dropped, with its first error.
#[derive(Debug)]
pub(super) struct Places {
    /// `None`: it was left.
    parser: Option<SyncWrapper<HtmlRewriter<'static, Count>>>,
    found: Arc<Found>,
    /// The offset of the next byte that the parser gets.
    next: u64,
    /// How many bytes it got, the prefix too.
    given: u64,
    /// Whether `next` is in a comment that passes by.
    comment: bool,
}

/// How a parser took bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    /// It wants more. No place comes before the offset `emitted` any more.
    On { emitted: u64 },
    /// A handler has left it.
    Left(Left),
    /// It has failed: markup that it cannot read, or its memory.
    Failed,
}

/// Why a handler has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// The last place that was looked for is found.
    There,
    /// It will not come.
    Nowhere,
    /// For this reason nothing may be placed from here on.
    Not(Reason),
}

/// What the handlers note. One thread at a time has a body: the atomics are there to be shared by `Send` handlers, not for
/// an order.
#[derive(Debug, Default)]
struct Found {
    /// The offset in the body where the parser began, or went on behind what it did not get.
    from: AtomicU64,
    /// How many bytes it got before that.
    before: AtomicU64,
    emitted: AtomicU64,
    head_start: OnceLock<u64>,
    head_end: OnceLock<u64>,
    body_start: OnceLock<u64>,
    body_end: OnceLock<u64>,
    /// How many `<template>` are open.
    templates: AtomicU32,
    left: OnceLock<Left>,
}

/// The parser's output, counted.
#[derive(Debug)]
struct Count(Arc<Found>);

/// The error that leaves a parser.
#[derive(Debug, thiserror::Error)]
#[error("the place is found")]
struct Leave;

impl Places {
    /// A parser that begins at the offset `from`, after `prefix`, markup that brings it into the state in which it has to
    /// begin there.
    fn new(
        from: u64,
        prefix: &'static str,
        settings: impl FnOnce(&Arc<Found>) -> Settings<'static, 'static>,
    ) -> Places {
        let found = Arc::new(Found { from: from.into(), before: (prefix.len() as u64).into(), ..Found::default() });
        let memory =
            MemorySettings::new().with_preallocated_parsing_buffer_size(0).with_max_allowed_memory_usage(MEMORY);
        let latin1 = AsciiCompatibleEncoding::new(encoding_rs::WINDOWS_1252).expect("windows-1252 has ASCII");
        let settings = settings(&found).with_strict(false).with_encoding(latin1).with_memory_settings(memory);
        let parser = HtmlRewriter::new(settings, Count(found.clone()));
        let parser = Some(SyncWrapper::new(parser));
        let mut places = Places { parser, found, next: from, given: 0, comment: false };
        places.write(prefix.as_bytes());
        places
    }

    /// Gives the parser what it has not had of the window.
    pub(super) fn feed(&mut self, window: &Window) -> Fed {
        loop {
            if self.comment && !self.pass_comment(window) {
                return Fed::On { emitted: self.next };
            }
            let rest = window.from(self.next);
            let part = rest.get(..PART).unwrap_or(rest);
            self.next += part.len() as u64;
            let fed = self.write(part);
            let Fed::On { emitted } = fed else { return fed };
            if self.next.saturating_sub(emitted) >= LONG && window.from(emitted).starts_with(b"<!--") {
                self.comment = true;
                // Its end may have begun, and does no harm twice.
                self.next -= 3;
            } else if self.next == window.end() {
                return fed;
            }
        }
    }

    /// Passes a comment by up to its end, which is the parser's again; false where that has not come yet. Wherever in the
    /// comment the parser was left, behind a dash or two, a whole end closes it.
    fn pass_comment(&mut self, window: &Window) -> bool {
        let rest = window.from(self.next);
        let end = comment_end(rest);
        self.comment = end.is_none();
        self.next += end.map_or(rest.len().saturating_sub(3), |end| end.start) as u64;
        self.found.from.store(self.next, Relaxed);
        self.found.before.store(self.given, Relaxed);
        !self.comment
    }

    /// The offset of a place that was found.
    pub(super) fn at(&self, place: Place) -> Option<u64> {
        self.found.place(place).get().copied()
    }

    /// Writes `markup` behind the body's last byte, whose offset is `end`: whether the parser takes it for markup there, and no
    /// comment, script or tag is left open.
    fn takes_at_end(&mut self, markup: &str, place: Place, end: u64) -> bool {
        self.write(markup.as_bytes());
        self.at(place) == Some(end)
    }

    fn write(&mut self, bytes: &[u8]) -> Fed {
        let Some(parser) = &mut self.parser else { return Fed::Failed };
        self.given += bytes.len() as u64;
        match parser.get_mut().write(bytes) {
            Ok(()) => Fed::On { emitted: self.found.emitted() },
            Err(_) => {
                // It must not be used again.
                self.parser = None;
                self.found.left.get().map_or(Fed::Failed, |left| Fed::Left(*left))
            }
        }
    }
}

impl Found {
    fn place(&self, place: Place) -> &OnceLock<u64> {
        match place {
            Place::HeadStart => &self.head_start,
            Place::HeadEnd => &self.head_end,
            Place::BodyStart => &self.body_start,
            Place::BodyEnd => &self.body_end,
        }
    }

    /// Notes a place; the first one counts.
    fn note(&self, place: Place, at: u64) {
        let _ = self.place(place).set(at);
    }

    fn leave(&self, left: Left) -> HandlerResult {
        let _ = self.left.set(left);
        Err(Box::new(Leave))
    }

    /// Counts a `<template>` as open up to its end tag. What stands in it is in no place, and end tags of elements around it
    /// mean nothing there; one that the parser closes them by keeps it open, and no place comes any more.
    fn open_template(self: &Arc<Self>, element: &mut Element<'_, '_>) {
        let Some(handlers) = element.end_tag_handlers() else { return };
        self.templates.fetch_add(1, Relaxed);
        let found = self.clone();
        handlers.push(Box::new(move |tag: &mut EndTag<'_>| {
            if tag.name() == "template" {
                found.templates.fetch_sub(1, Relaxed);
            }
            Ok(())
        }));
    }

    fn is_in_template(&self) -> bool {
        self.templates.load(Relaxed) > 0
    }

    /// The offsets in the body of a token's first byte and of the byte behind it; `None` for one of the prefix.
    fn offsets(&self, location: &SourceLocation) -> Option<(u64, u64)> {
        let bytes = location.bytes();
        let start = (bytes.start as u64).checked_sub(self.before.load(Relaxed))? + self.from.load(Relaxed);
        Some((start, start + bytes.len() as u64))
    }

    fn emitted(&self) -> u64 {
        self.emitted.load(Relaxed).saturating_sub(self.before.load(Relaxed)) + self.from.load(Relaxed)
    }
}

impl OutputSink for Count {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.emitted.fetch_add(chunk.len() as u64, Relaxed);
    }
}

/// Selectors are parsed once.
fn selector(selector: &'static LazyLock<Selector>) -> std::borrow::Cow<'static, Selector> {
    std::borrow::Cow::Borrowed(selector)
}

static EVERY: LazyLock<Selector> = LazyLock::new(|| "*".parse().expect("a selector"));
