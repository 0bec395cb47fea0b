//! The elements that keep what follows to themselves as long as they are open, and what stands in them.

/// Elements whose content is of another kind than the page, or is not shown: left open, they would keep the page.
const KEEPERS: [&str; 9] = ["template", "select", "datalist", "svg", "math", "object", "audio", "video", "canvas"];
/// Elements that have no content and no end tag.
const VOID: [&str; 18] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
];
/// Elements of SVG and MathML in which HTML stands again.
const HTML_INSIDE: [&str; 9] = ["foreignobject", "desc", "title", "annotation-xml", "mi", "mo", "mn", "ms", "mtext"];

/// What is open, from the first keeper on, with the byte where it begins. Within a keeper elements have to be closed in their
/// order: the rules by which a browser mends another order can ignore the keeper's end tag.
#[derive(Debug)]
pub(super) struct Nesting {
    open: Vec<(String, usize)>,
    /// Whether a keeper is open around all of it.
    kept: bool,
}

impl Nesting {
    pub(super) fn new(kept: bool) -> Nesting {
        Nesting { open: Vec::new(), kept }
    }

    /// The outermost of what is open and has to be closed.
    pub(super) fn open(&self) -> Option<(&str, usize)> {
        self.open.first().map(|(name, at)| (name.as_str(), *at))
    }

    pub(super) fn start(&mut self, name: String, at: usize, closes_itself: bool) {
        let keeper = KEEPERS.contains(&name.as_str());
        let foreign = matches!(name.as_str(), "svg" | "math") || self.is_foreign() && !keeper;
        let closed = closes_itself && foreign || VOID.contains(&name.as_str());
        if !closed && (keeper || self.kept || !self.open.is_empty()) {
            self.open.push((name, at));
        }
    }

    pub(super) fn end(&mut self, name: &str) -> Result<(), String> {
        match (self.open.pop(), self.open.first()) {
            (None, _) if self.kept => Err(format!("closes {}, which is not open", quoted(name))),
            (None, _) => Ok(()),
            (Some((open, _)), _) if open == name => Ok(()),
            (Some((open, _)), first) => {
                let keeper = first.map_or(open.as_str(), |(first, _)| first.as_str());
                let (open, keeper) = (quoted(&open), quoted(keeper));
                Err(format!("closes {} where {open} is open, within {keeper}: close them in their order", quoted(name)))
            }
        }
    }

    /// Whether `/>` closes an element here.
    fn is_foreign(&self) -> bool {
        let mut names = self.open.iter().rev().map(|(name, _)| name.as_str());
        names
            .find(|name| matches!(*name, "svg" | "math") || HTML_INSIDE.contains(name))
            .is_some_and(|name| matches!(name, "svg" | "math"))
    }
}

/// A tag as it is written.
pub(super) fn quoted(name: &str) -> String {
    format!("<{name}>")
}
