//! Where the body ends: before the first `</body>` or `</html>` that is markup and stands in no `<template>`, else where the
//! page ends.

use std::sync::{Arc, LazyLock};

use lol_html::html_content::EndTag;
use lol_html::send::{Element, ElementContentHandlers, Settings};
use lol_html::{HandlerResult, Selector};

use super::{Found, Left, Places, charset, selector};
use crate::config::Place;
use crate::inject::Reason;

static ROOTS: LazyLock<Selector> = LazyLock::new(|| "html, body, template".parse().expect("a selector"));
static META: LazyLock<Selector> = LazyLock::new(|| "meta".parse().expect("a selector"));

impl Places {
    /// A parser that begins in the body, at the offset `from`.
    pub(in super::super) fn body(from: u64) -> Places {
        Places::new(from, "<html><body>", |found| {
            let (roots, metas) = (found.clone(), found.clone());
            let roots = ElementContentHandlers::default().element(move |element: &mut Element<'_, '_>| {
                match element.tag_name().as_str() {
                    "template" => roots.open_template(element),
                    _ => watch_end(&roots, element),
                }
                Ok(())
            });
            let metas = ElementContentHandlers::default().element(move |element: &mut Element<'_, '_>| {
                if charset::is_iso_2022_jp(element) { metas.leave(Left::Not(Reason::Charset)) } else { Ok(()) }
            });
            Settings::new_send()
                .append_element_content_handler((selector(&ROOTS), roots))
                .append_element_content_handler((selector(&META), metas))
        })
    }

    /// Whether a tag behind the body's last byte, at the offset `end`, would be one: nothing is left open that hides it.
    pub(in super::super) fn ends_in_body(&mut self, end: u64) -> bool {
        self.takes_at_end("</body>", Place::BodyEnd, end)
    }
}

fn watch_end(found: &Arc<Found>, element: &mut Element<'_, '_>) {
    let Some(handlers) = element.end_tag_handlers() else { return };
    let found = found.clone();
    handlers.push(Box::new(move |tag: &mut EndTag<'_>| end_tag(&found, tag)));
}

fn end_tag(found: &Found, tag: &EndTag<'_>) -> HandlerResult {
    // A template's end tag closes what is open in it, also a `<body>`.
    if found.is_in_template() || tag.name() == "template" {
        return Ok(());
    }
    let Some((start, _)) = found.offsets(&tag.source_location()) else { return Ok(()) };
    found.note(Place::BodyEnd, start);
    found.leave(Left::There)
}
