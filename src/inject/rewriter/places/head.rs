//! Where the head ends and where the body starts, as the tree construction of HTML has it: the head ends before `</head>`,
//! else before the first text or element that cannot stand in it; the body starts behind `<body ...>`, else before its first
//! content. What stands in a `<template>` is in neither. A page with `<frameset>` has no body.
//!
//! Two things that browsers repair are not seen. `</br>` makes a `<br>` and ends the head, but has no element whose end tag it
//! could be: the head ends at what follows it. A reference for white space (`&#32;`) is a text here, and white space in the
//! head there: the head ends before it, and what follows is the body's.

use std::sync::Arc;

use lol_html::HandlerResult;
use lol_html::html_content::{EndTag, TextChunk, TextType};
use lol_html::send::{DocumentContentHandlers, Element, ElementContentHandlers, Settings};

use super::{EVERY, Found, Left, Places, charset, selector};
use crate::config::Place;
use crate::inject::Reason;
use crate::inject::rewriter::markup::is_space;

/// What may stand in a head, and what goes into it even behind `</head>`. `noscript` is raw text where scripts run.
const HEAD_CONTENT: [&str; 10] =
    ["base", "basefont", "bgsound", "link", "meta", "title", "noframes", "style", "script", "noscript"];

impl Places {
    /// A parser that begins in the head, at the offset `from`, and leaves at `last`, or at the body's start.
    pub(in super::super) fn head(from: u64, last: Place) -> Places {
        Places::new(from, "<html><body><head>", |found| {
            let (tags, texts) = (found.clone(), found.clone());
            let elements = ElementContentHandlers::default()
                .element(move |element: &mut Element<'_, '_>| start_tag(&tags, element, last));
            let texts = DocumentContentHandlers::default().text(move |chunk: &mut TextChunk<'_>| text(&texts, chunk));
            Settings::new_send()
                .append_element_content_handler((selector(&EVERY), elements))
                .append_document_content_handler(texts)
        })
    }

    /// Whether the body ends, at the offset `end`, in its head or before its own first content: then every place is there.
    pub(in super::super) fn ends_in_head(&mut self, end: u64) -> bool {
        self.takes_at_end("<p>", Place::BodyStart, end)
    }
}

fn start_tag(found: &Arc<Found>, element: &mut Element<'_, '_>, last: Place) -> HandlerResult {
    let name = element.tag_name();
    if matches!(name.as_str(), "html" | "head" | "body") {
        watch_end(found, element, last);
    }
    let Some((start, end)) = found.offsets(&element.source_location()) else { return Ok(()) };
    // A browser that guesses the encoding knows nothing of templates.
    if name == "meta" && charset::is_iso_2022_jp(element) {
        return found.leave(Left::Not(Reason::Charset));
    }
    if name == "template" {
        found.open_template(element);
        return Ok(());
    }
    if found.is_in_template() || matches!(name.as_str(), "html" | "head") {
        return Ok(());
    }
    let closed = found.head_end.get().is_some();
    if HEAD_CONTENT.contains(&name.as_str()) && !(closed && name == "noscript") {
        return Ok(());
    }
    found.note(Place::HeadEnd, start);
    match name.as_str() {
        "frameset" => found.leave(Left::Nowhere),
        "body" => body_starts(found, start, end),
        _ => body_starts(found, start, start),
    }
}

/// Asks to be told of the element's end tag. `</html>` and `</body>` end the head too.
fn watch_end(found: &Arc<Found>, element: &mut Element<'_, '_>, last: Place) {
    let Some(handlers) = element.end_tag_handlers() else { return };
    let found = found.clone();
    handlers.push(Box::new(move |tag: &mut EndTag<'_>| end_tag(&found, tag, last)));
}

fn end_tag(found: &Arc<Found>, tag: &EndTag<'_>, last: Place) -> HandlerResult {
    let Some((start, _)) = found.offsets(&tag.source_location()) else { return Ok(()) };
    match tag.name().as_str() {
        _ if found.is_in_template() => Ok(()),
        "head" => {
            found.note(Place::HeadEnd, start);
            if last == Place::HeadEnd { found.leave(Left::There) } else { Ok(()) }
        }
        "body" | "html" => body_starts(found, start, start),
        // It closes a `<head>` or `<body>` that stands in a template.
        _ => Ok(()),
    }
}

/// The head is over at the offset `head_end` at last, and the body's place is `at`.
fn body_starts(found: &Found, head_end: u64, at: u64) -> HandlerResult {
    found.note(Place::HeadEnd, head_end);
    found.note(Place::BodyStart, at);
    found.leave(Left::There)
}

fn text(found: &Arc<Found>, chunk: &TextChunk<'_>) -> HandlerResult {
    if chunk.text_type() != TextType::Data || found.is_in_template() {
        return Ok(());
    }
    let Some(blanks) = chunk.as_str().chars().position(|letter| !u8::try_from(letter).is_ok_and(is_space)) else {
        return Ok(());
    };
    match found.offsets(&chunk.source_location()) {
        Some((start, _)) => body_starts(found, start + blanks as u64, start + blanks as u64),
        None => Ok(()),
    }
}
