//! Where our own tag stands: directly behind `<head ...>`; in a page without one, before the first element that is not `html`.

use encoding_rs::WINDOWS_1252;
use lol_html::HandlerResult;
use lol_html::send::{Element, ElementContentHandlers, Settings};

use super::{EVERY, Left, Places, selector};
use crate::config::Place;
use crate::inject::Reason;
use crate::inject::rewriter::markup::is_amp;

impl Places {
    /// A parser for a body's beginning, from the offset `from` on: before it stands no element but `html`.
    pub(in super::super) fn opening(from: u64) -> Places {
        Places::new(from, "", |found| {
            let found = found.clone();
            let elements = move |element: &mut Element<'_, '_>| -> HandlerResult {
                let name = element.tag_name();
                if name == "html" {
                    let is_amp = |attribute: String| is_amp(&WINDOWS_1252.encode(&attribute).0);
                    let amp = element.attributes().iter().any(|attribute| is_amp(attribute.name()));
                    return if amp { found.leave(Left::Not(Reason::Amp)) } else { Ok(()) };
                }
                if let Some((start, end)) = found.offsets(&element.source_location()) {
                    found.note(Place::HeadStart, if name == "head" { end } else { start });
                }
                found.leave(Left::There)
            };
            let elements = ElementContentHandlers::default().element(elements);
            Settings::new_send().append_element_content_handler((selector(&EVERY), elements))
        })
    }
}
