//! `[sink.fields]`: which fields of an event are sent, and how.
//!
//! What fields an event has is another room's knowledge; where nobody tells, any name passes.

use super::Fields;
use super::resolve::secret;
use crate::config::file;
use crate::config::marked::Marked;
use crate::config::resolve::Resolver;
use crate::config::words;

/// The fields that tell what an event is, and which one: every event has them.
const ALWAYS: [&str; 2] = ["v", "id"];

/// How many bytes a field's new name may have.
const MAX_NAME: usize = 64;

impl Resolver<'_> {
    pub(super) fn fields(&mut self, file: &file::Fields) -> Fields {
        self.known(&file.keep, false);
        self.known(&file.drop, true);
        self.known(&file.hash, true);
        self.known(file.rename.0.iter().map(|(field, _)| field), true);
        if let ([_, ..], [drop, ..]) = (file.keep.as_slice(), file.drop.as_slice()) {
            self.say(drop.offset, "[sink.fields] has `keep` and `drop`; write `keep` alone, or `drop` alone");
        } else {
            self.left_out(file);
        }
        self.renamed(file);
        let key = file.hash_key.as_ref().and_then(|key| self.one(key, |key| secret(key, "hash_key")));
        match (file.hash.first(), &file.hash_key) {
            (Some(hash), None) => {
                self.say(hash.offset, "`hash` has no key; write hash_key = \"env:NAME\" below it");
            }
            (None, Some(key)) => {
                self.warn(key.offset, "`hash_key` has nothing to hash; write the fields that are in `hash`");
            }
            _ => {}
        }
        Fields {
            keep: names(&file.keep),
            drop: names(&file.drop),
            rename: file.rename.0.iter().map(|(field, name)| (field.value.clone(), name.value.clone())).collect(),
            hash: names(&file.hash),
            key,
        }
    }

    /// Says which of the names no event has, and which of them stay as they are.
    fn known<'f>(&mut self, fields: impl IntoIterator<Item = &'f Marked<String>>, is_change: bool) {
        for field in fields {
            let name = field.value.as_str();
            let known = self.checks.event_fields;
            if is_change && ALWAYS.contains(&name) {
                self.say(field.offset, format!("`{name}` is sent with every event, as it is; take it out"));
            } else if known.is_some_and(|known| !known.contains(&name)) {
                self.say(field.offset, words::unknown_field(name, known.unwrap_or_default()));
            }
        }
    }

    /// Says what is done to fields that are not sent.
    fn left_out(&mut self, file: &file::Fields) {
        for (field, what) in changed(file).filter(|(field, _)| is_left_out(file, &field.value)) {
            let instead = if file.keep.is_empty() { "take it out of `drop`" } else { "write it in `keep` too" };
            let name = &field.value;
            self.say(field.offset, format!("`{name}` is in `{what}` and is not sent; {instead}, or take it out here"));
        }
    }

    /// Says which new names are none, or are of two fields.
    fn renamed(&mut self, file: &file::Fields) {
        let renames = &file.rename.0;
        let of_event = self.checks.event_fields.unwrap_or(&ALWAYS);
        let is_renamed = |name: &str| renames.iter().any(|(field, _)| field.value == name);
        let as_they_are = of_event.iter().copied().filter(|name| !is_renamed(name) && !is_left_out(file, name));
        let mut taken: Vec<(&str, &str)> = as_they_are.map(|name| (name, name)).collect();
        for (field, name) in renames {
            let new = name.value.as_str();
            if new.is_empty() || new.len() > MAX_NAME || !new.bytes().all(is_plain) {
                self.say(
                    name.offset,
                    format!("`{new}` is no name of a field; write 1 to {MAX_NAME} letters, digits and signs of ASCII, without blanks and quotes"),
                );
            } else if let Some((other, _)) = taken.iter().find(|(_, its)| *its == new) {
                self.say(name.offset, format!("the field `{other}` is sent under `{new}` too; write another name"));
            }
            taken.push((&field.value, new));
        }
    }
}

/// The fields that something is done to, and what.
fn changed(file: &file::Fields) -> impl Iterator<Item = (&Marked<String>, &'static str)> {
    let renamed = file.rename.0.iter().map(|(field, _)| (field, "rename"));
    renamed.chain(file.hash.iter().map(|field| (field, "hash")))
}

fn is_left_out(file: &file::Fields, name: &str) -> bool {
    let has = |list: &[Marked<String>]| list.iter().any(|field| field.value == name);
    !ALWAYS.contains(&name) && (has(&file.drop) || !file.keep.is_empty() && !has(&file.keep))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'\\')
}

fn names(fields: &[Marked<String>]) -> Vec<String> {
    fields.iter().map(|field| field.value.clone()).collect()
}
