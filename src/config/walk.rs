//! Step one: every key and value of a file held against the schema, every problem said, and what is left read by serde.
//!
//! Serde alone stops at the first problem and knows no nearest key. What is refused here is taken out of the document, so
//! that the rest can still be read and checked, and nothing is said twice.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use super::file::File;
use super::part::{Part, leave_data, leave_sinks};
use super::problem::Problem;
use super::schema::{Kind, Node, TOP, child};
use super::source::Source;
use super::{Env, syntax, words};

/// Reads a file. What could not be read of it has its default in the result, and its problem in `problems`.
pub(super) fn read(source: &Source, part: Part, env: Env<'_>, problems: &mut Vec<Problem>) -> File {
    let (mut document, errors) = DeTable::parse_recoverable(&source.text);
    let Some(broken) = syntax::report(source, &errors, problems) else { return File::default() };
    let mut walk = Walk { source, env, problems, broken };
    match part {
        Part::Data => leave_data(document.get_mut()),
        Part::Sinks => leave_sinks(document.get_mut()),
        Part::Main | Part::Sites => {}
    }
    if part == Part::Sites {
        walk.leave_sites(document.get_mut());
    }
    if part == Part::Main && walk.lacks_sites(document.get_ref()) {
        walk.say(0, NO_SITE);
    }
    walk.table(document.get_mut(), Node::file(), TOP, 0);
    File::deserialize(toml::Deserializer::from(document)).unwrap_or_else(|error| {
        problems.push(Problem::new(source.at(error.span().map_or(0, |span| span.start)), error.message()));
        File::default()
    })
}

/// Said where there is nothing to serve.
pub(super) const NO_SITE: &str = "there is no site; write a [[site]] with name, hosts and origin";

struct Walk<'a> {
    source: &'a Source,
    env: Env<'a>,
    problems: &'a mut Vec<Problem>,
    /// The lines that TOML could not read: more said about them would be a guess.
    broken: BTreeSet<u32>,
}

impl Walk<'_> {
    /// Says it, unless the line is broken anyway.
    fn say(&mut self, offset: usize, message: impl Into<String>) {
        if !self.broken.contains(&self.source.line(offset)) {
            self.problems.push(Problem::new(self.source.at(offset), message));
        }
    }

    /// Whether nothing in the file could be meant as a site, not even a mistyped key.
    fn lacks_sites(&self, document: &DeTable<'_>) -> bool {
        let known = |key: &str| Node::file().key(key).is_some();
        let sites = |key: &str| matches!(key, "site" | "sites");
        self.broken.is_empty() && document.keys().map(|key| key.get_ref().as_ref()).all(|key| known(key) && !sites(key))
    }

    /// A file of sites holds nothing but sites.
    fn leave_sites(&mut self, document: &mut DeTable<'_>) {
        for (key, value) in std::mem::take(document) {
            let name = key.get_ref().as_ref();
            if name == "site" || Node::file().key(name).is_none() {
                document.insert(key, value);
            } else {
                let message = format!("`{name}` belongs in the main file; a file of `sites` holds [[site]] alone");
                self.say(key.span().start, message);
            }
        }
    }

    fn table(&mut self, table: &mut DeTable<'_>, node: Node, title: &str, offset: usize) {
        // In a broken file what seems to be missing may stand in a broken line.
        if self.broken.is_empty() {
            self.complete(table, node, title, offset);
        }
        for (key, mut value) in std::mem::take(table) {
            let name = key.get_ref().as_ref();
            match node.key(name) {
                Some(node) if self.value(&mut value, node, name, title) => {
                    table.insert(key, value);
                }
                Some(_) => {}
                None => self.say(key.span().start, words::unknown_key(name, title, node)),
            }
        }
    }

    /// Says which keys are missing.
    fn complete(&mut self, table: &DeTable<'_>, node: Node, title: &str, offset: usize) {
        // A key that is there, mistyped, is said to be that.
        let unknown = table.keys().map(|key| key.get_ref().as_ref()).filter(|key| node.key(key).is_none());
        let meant: Vec<&str> = unknown.filter_map(|key| words::meant(key, node)).collect();
        for key in node.required().filter(|key| !table.contains_key(*key) && !meant.contains(key)) {
            self.say(offset, words::missing_key(key, title));
        }
        let mut chosen = node.alternatives().filter_map(|key| table.get_key_value(key));
        match (chosen.next(), chosen.next()) {
            (Some(_), Some((second, _))) => self.say(second.span().start, words::both(title, node.alternatives())),
            (None, _) if node.alternatives().any(|key| meant.contains(&key)) => {}
            (None, _) if node.alternatives().next().is_some() => {
                self.say(offset, words::neither(title, node.alternatives()));
            }
            _ => {}
        }
    }

    /// Whether the value can stay.
    fn value(&mut self, value: &mut Spanned<DeValue<'_>>, node: Node, key: &str, title: &str) -> bool {
        let span = value.span();
        let kind = match node.kind() {
            Kind::Either(shapes) => {
                match shapes.iter().map(|shape| shape.kind()).find(|kind| fits(kind, value.get_ref())) {
                    Some(kind) => kind,
                    None => Kind::Either(shapes),
                }
            }
            kind => kind,
        };
        match (&kind, value.get_mut()) {
            (Kind::Text(words), DeValue::String(text)) => self.text(text, words, key, title, span.start),
            (Kind::Number(min, max), DeValue::Integer(number)) => self.number(number, (*min, *max), key, span),
            (Kind::Switch, DeValue::Boolean(_)) => true,
            (Kind::List(node), DeValue::Array(elements)) => self.list(elements, *node, key, title),
            (Kind::Table, DeValue::Table(table)) => {
                self.table(table, node, &child(title, key, false), span.start);
                true
            }
            (Kind::Texts(node), DeValue::Table(table)) => {
                self.texts(table, *node, &child(title, key, false));
                true
            }
            (kind, found) => {
                let written = self.source.text.get(span.clone()).unwrap_or_default();
                let message = words::wrong_type(key, title, kind, found, written);
                self.say(span.start, message);
                false
            }
        }
    }

    /// A table whose keys are the owner's, without its bad values.
    fn texts(&mut self, table: &mut DeTable<'_>, node: Node, title: &str) {
        for (key, mut value) in std::mem::take(table) {
            if self.value(&mut value, node, key.get_ref(), title) {
                table.insert(key, value);
            }
        }
    }

    fn text(&mut self, text: &mut Cow<'_, str>, words: &[&str], key: &str, title: &str, offset: usize) -> bool {
        if let Some(name) = text.strip_prefix("env:") {
            let value = match (self.env)(name).map(OsString::into_string) {
                Some(Ok(value)) if !value.is_empty() => Ok(value),
                Some(Ok(_)) => Err("empty"),
                Some(Err(_)) => Err("not UTF-8"),
                None => Err("not set"),
            };
            match value {
                Ok(value) => *text = Cow::Owned(value),
                Err(state) => {
                    self.say(offset, words::no_variable(name, state));
                    return false;
                }
            }
        }
        let known = words.is_empty() || words.contains(&text.as_ref());
        if !known {
            self.say(offset, words::unknown_word(key, title, text, words));
        }
        known
    }

    fn number(&mut self, number: &DeInteger<'_>, (min, max): (i64, i64), key: &str, span: Range<usize>) -> bool {
        let inside =
            i64::from_str_radix(number.as_str(), number.radix()).is_ok_and(|number| (min..=max).contains(&number));
        if !inside {
            let written = self.source.text.get(span.clone()).unwrap_or_default();
            self.say(span.start, words::out_of_range(key, written, min, max));
        }
        inside
    }

    /// A list without its bad elements; one that has nothing else goes as a whole, so that it does not count as empty.
    fn list(&mut self, elements: &mut DeArray<'_>, node: Node, key: &str, title: &str) -> bool {
        let was_empty = elements.is_empty();
        let mut kept = DeArray::new();
        for mut element in std::mem::replace(elements, DeArray::new()) {
            let span = element.span();
            let stays = match element.get_mut() {
                DeValue::Table(table) if matches!(node.kind(), Kind::Table) => {
                    self.table(table, node, &child(title, key, true), span.start);
                    true
                }
                found if !fits(&node.kind(), found) => {
                    let written = self.source.text.get(span.clone()).unwrap_or_default();
                    let message = words::wrong_item(key, title, &node.kind(), found, written);
                    self.say(span.start, message);
                    false
                }
                _ => self.value(&mut element, node, key, title),
            };
            if stays {
                kept.push(element);
            }
        }
        *elements = kept;
        was_empty || !elements.is_empty()
    }
}

fn fits(kind: &Kind, value: &DeValue<'_>) -> bool {
    match kind {
        Kind::Switch => value.is_bool(),
        Kind::List(_) => value.is_array(),
        Kind::Table | Kind::Texts(_) => value.is_table(),
        Kind::Text(_) => value.is_str(),
        Kind::Number(..) => value.is_integer(),
        Kind::Either(_) => false,
    }
}
