//! What of an event's JSON one sink gets: fields left out, renamed, or hashed. Made once from `[sink.fields]`, used for each event.

use ring::hmac;

use super::fields::FIELDS;
use super::json;
use crate::config::Fields;

/// The shape of a sink's JSON.
#[derive(Debug, Clone)]
pub struct Shape {
    /// A rule for each of [`FIELDS`].
    rules: Vec<Rule>,
}

/// What becomes of a field.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// It is left out.
    Drop,
    /// It is written behind this key.
    Plain(Key),
    /// The hash of its text is written behind this key.
    Hash(Key, hmac::Key),
}

/// A name as a JSON string with its colon: `"host":`.
pub(super) type Key = Box<[u8]>;

impl Shape {
    /// The shape that the owner wants. `v` and `id` are always whole. Names that no field has mean nothing, and a field that is
    /// to be hashed without a key is left out: both are what the configuration's check refuses.
    pub fn new(fields: &Fields) -> Shape {
        let key = fields.key.as_ref().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
        let has = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
        let rule = |name: &&str| {
            if matches!(*name, "v" | "id") {
                return Rule::Plain(quoted(name));
            }
            let left_out = has(&fields.drop, name) || !fields.keep.is_empty() && !has(&fields.keep, name);
            let called = quoted(fields.rename.get(*name).map_or(*name, String::as_str));
            match (left_out, has(&fields.hash, name), &key) {
                (false, false, _) => Rule::Plain(called),
                (false, true, Some(key)) => Rule::Hash(called, key.clone()),
                _ => Rule::Drop,
            }
        };
        Shape { rules: FIELDS.iter().map(rule).collect() }
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// The whole event.
impl Default for Shape {
    fn default() -> Self {
        Shape::new(&Fields::default())
    }
}

fn quoted(name: &str) -> Key {
    let mut key = Vec::with_capacity(name.len() + 3);
    json::string(&mut key, name);
    key.push(b':');
    key.into()
}
