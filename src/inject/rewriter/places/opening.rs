//! Where our own tag stands: directly behind `<head ...>`; in a page without one, before the first element that is not `html`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use encoding_rs::WINDOWS_1252;
use lol_html::HandlerResult;
use lol_html::html_content::{Doctype, TextChunk};
use lol_html::send::{DocumentContentHandlers, Element, ElementContentHandlers, Settings};

use super::{EVERY, Found, Left, Places, selector};
use crate::config::Place;
use crate::inject::Reason;
use crate::inject::rewriter::markup::{is_amp, is_space, opens_document};

impl Places {
    /// A parser for a body's beginning. `ask`: whether its first token has to show that it is a document.
    pub(in super::super) fn opening(ask: bool) -> Places {
        Places::new(0, "", |found| {
            let asks = Arc::new(AtomicBool::new(ask));
            let settings =
                Settings::new_send().append_element_content_handler((selector(&EVERY), elements(found, &asks)));
            if ask { settings.append_document_content_handler(first_tokens(found, &asks)) } else { settings }
        })
    }
}

fn elements(found: &Arc<Found>, asks: &Arc<AtomicBool>) -> ElementContentHandlers<'static> {
    let (found, asks) = (found.clone(), asks.clone());
    ElementContentHandlers::default().element(move |element: &mut Element<'_, '_>| -> HandlerResult {
        let name = element.tag_name();
        if asks.swap(false, Relaxed) && !opens_document(name.as_bytes()) {
            return found.leave(Left::Not(Reason::NotDocument));
        }
        if name == "html" {
            let amp = element.attributes().iter().any(|attribute| is_amp(&WINDOWS_1252.encode(&attribute.name()).0));
            return if amp { found.leave(Left::Not(Reason::Amp)) } else { Ok(()) };
        }
        if let Some((start, end)) = found.offsets(&element.source_location()) {
            found.note(Place::HeadStart, if name == "head" { end } else { start });
        }
        found.leave(Left::There)
    })
}

/// The tokens other than elements that answer if this is a document.
fn first_tokens(found: &Arc<Found>, asks: &Arc<AtomicBool>) -> DocumentContentHandlers<'static> {
    let (found, asks_doctype, asks_text) = (found.clone(), asks.clone(), asks.clone());
    DocumentContentHandlers::default()
        .doctype(move |_: &mut Doctype<'_>| -> HandlerResult {
            asks_doctype.store(false, Relaxed);
            Ok(())
        })
        .text(move |text: &mut TextChunk<'_>| -> HandlerResult {
            let blank = text.as_str().bytes().all(is_space);
            if blank || !asks_text.load(Relaxed) { Ok(()) } else { found.leave(Left::Not(Reason::NotDocument)) }
        })
}
