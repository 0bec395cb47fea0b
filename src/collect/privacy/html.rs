//! HTML as it is written: markup as it stands, everything else escaped.

/// A page in the making.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &str) -> &mut Html {
        self.0.push_str(markup);
        self
    }

    /// Text of anybody's, also in an attribute in double quotes.
    pub(super) fn text(&mut self, text: &str) -> &mut Html {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                _ => self.0.push(char),
            }
        }
        self
    }

    /// A text with `{name}` replaced by `value`.
    pub(super) fn fill(&mut self, text: &str, name: &str, value: &str) -> &mut Html {
        self.text(&text.replace(&format!("{{{name}}}"), value))
    }

    /// An element that holds a text.
    pub(super) fn element(&mut self, name: &str, text: &str) -> &mut Html {
        self.raw("<").raw(name).raw(">").text(text).raw("</").raw(name).raw(">\n")
    }

    /// A list, an item a text.
    pub(super) fn list<'t>(&mut self, items: impl IntoIterator<Item = &'t str>) -> &mut Html {
        self.raw("<ul>\n");
        for item in items {
            self.element("li", item);
        }
        self.raw("</ul>\n")
    }

    /// What was written.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
