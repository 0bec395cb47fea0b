//! What may stand in a configuration file: `config/schema.json`, which is made from the types in `file`, read as questions.
//!
//! One source for the check at run time and for editors; a test holds it against the types.

use std::sync::LazyLock;

use serde_json::Value;

/// The title of the file's own keys, those above the first table.
pub(super) const TOP: &str = "the top of the file";

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../config/schema.json"))
        .expect("a test writes config/schema.json and reads it back")
});

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node(&'static Value);

/// The kinds of values that a configuration has.
#[derive(Debug)]
pub(super) enum Kind {
    /// Any text, or one of these words where there are any.
    Text(Vec<&'static str>),
    /// A whole number from the first to the second.
    Number(i64, i64),
    /// `true` or `false`.
    Switch,
    /// A list, or an array of tables, of these.
    List(Node),
    /// A table.
    Table,
    /// A table whose keys are the owner's, of these.
    Texts(Node),
    /// One of several, told apart by their TOML types.
    Either(Vec<Node>),
}

/// A table of the file that a key may stand in.
#[derive(Debug)]
pub(super) struct Section {
    /// As it is written: `[server]`, `[[site]]`; [`TOP`] for the root.
    pub(super) title: String,
    node: Node,
}

impl Node {
    /// The whole file.
    pub(super) fn file() -> Node {
        Node(&SCHEMA)
    }

    /// A table's key.
    pub(super) fn key(self, key: &str) -> Option<Node> {
        self.0.get("properties")?.get(key).map(|node| Node(node).followed())
    }

    /// A table's keys.
    pub(super) fn keys(self) -> impl Iterator<Item = &'static str> {
        self.0.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.as_str())
    }

    /// The keys that a table must have.
    pub(super) fn required(self) -> impl Iterator<Item = &'static str> {
        self.strings("required").into_iter()
    }

    /// The keys of which a table must have exactly one.
    pub(super) fn alternatives(self) -> impl Iterator<Item = &'static str> {
        let shapes = self.0.get("oneOf").and_then(Value::as_array).into_iter().flatten();
        shapes.flat_map(|shape| Node(shape).required())
    }

    /// What the value may be.
    pub(super) fn kind(self) -> Kind {
        if let Some(shapes) = self.0.get("anyOf").and_then(Value::as_array) {
            let shapes: Vec<Node> = shapes.iter().map(|shape| Node(shape).followed()).collect();
            // Words, or an `env:NAME` that is one of them once it is asked for.
            let texts = shapes.iter().map(|shape| match shape.kind() {
                Kind::Text(words) => Some(words),
                _ => None,
            });
            return texts.collect::<Option<Vec<_>>>().map_or(Kind::Either(shapes), |words| Kind::Text(words.concat()));
        }
        match self.0.get("type").and_then(Value::as_str) {
            Some("object") => match self.0.get("additionalProperties") {
                Some(value @ Value::Object(_)) => Kind::Texts(Node(value).followed()),
                _ => Kind::Table,
            },
            Some("array") => Kind::List(self.0.get("items").map_or(self, Node).followed()),
            Some("boolean") => Kind::Switch,
            Some("integer") => Kind::Number(self.bound("minimum", 0), self.bound("maximum", i64::MAX)),
            _ => Kind::Text(self.words()),
        }
    }

    /// The first table in the file's order of nesting that knows the key, where it is written.
    pub(super) fn section_with(key: &str) -> Option<Section> {
        let mut open = vec![Section { title: TOP.into(), node: Node::file() }];
        while let Some(section) = open.pop() {
            if section.node.key(key).is_some() {
                return Some(section);
            }
            open.extend(section.below());
        }
        None
    }

    /// Every key of every table.
    #[cfg(test)]
    pub(super) fn all_keys() -> impl Iterator<Item = &'static str> {
        let tables = SCHEMA.get("$defs").and_then(Value::as_object).into_iter().flatten().map(|(_, table)| Node(table));
        std::iter::once(Node::file()).chain(tables).flat_map(Node::keys)
    }

    fn followed(self) -> Node {
        let target =
            self.0.get("$ref").and_then(Value::as_str).and_then(|path| SCHEMA.pointer(path.trim_start_matches('#')));
        target.map_or(self, Node)
    }

    fn strings(self, name: &str) -> Vec<&'static str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn bound(self, name: &str, otherwise: i64) -> i64 {
        self.0.get(name).and_then(Value::as_i64).unwrap_or(otherwise)
    }

    /// Words stand as `enum`, or as `oneOf` where each has a description of its own.
    fn words(self) -> Vec<&'static str> {
        let described = self.0.get("oneOf").and_then(Value::as_array).into_iter().flatten();
        let described = described.filter_map(|word| word.get("const")).filter_map(Value::as_str);
        self.strings("enum").into_iter().chain(described).collect()
    }
}

impl Section {
    fn below(&self) -> Vec<Section> {
        let keys = self.node.keys().filter_map(|key| Some((key, self.node.key(key)?)));
        keys.filter_map(|(key, node)| match node.kind() {
            Kind::Table => Some(Section { title: child(&self.title, key, false), node }),
            Kind::List(node) if matches!(node.kind(), Kind::Table) => {
                Some(Section { title: child(&self.title, key, true), node })
            }
            Kind::Either(shapes) => shapes.into_iter().find_map(|shape| match shape.kind() {
                Kind::List(node) => Some(Section { title: child(&self.title, key, true), node }),
                _ => None,
            }),
            _ => None,
        })
        .collect()
    }
}

/// The title of a table in a table: `[[site]]` and `privacy` make `[site.privacy]`.
pub(super) fn child(title: &str, key: &str, many: bool) -> String {
    let path = match title.trim_matches(['[', ']']) {
        parent if parent.len() < title.len() => format!("{parent}.{key}"),
        _ => key.to_owned(),
    };
    if many { format!("[[{path}]]") } else { format!("[{path}]") }
}

/// Lets an editor's schema take `env:NAME` where one of a closed list of words is wanted.
#[cfg(test)]
pub(super) fn or_env(schema: &mut schemars::Schema) {
    let Some(words) = schema.remove("oneOf") else { return };
    let env = "The value of an environment variable: one of these words.";
    let env = serde_json::json!({ "description": env, "type": "string", "pattern": "^env:." });
    schema.insert("anyOf".into(), serde_json::json!([{ "oneOf": words }, env]));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::file::File;

    /// Set to write the schema anew after the types have changed.
    const WRITE: &str = "INLAY_WRITE_SCHEMA";

    #[test]
    fn the_schema_in_the_tree_is_made_from_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/schema.json");
        let made = serde_json::to_string_pretty(&schemars::schema_for!(File)).expect("a schema is JSON") + "\n";
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(path, &made).expect("the schema can be written");
        }
        let stored = std::fs::read_to_string(path).unwrap_or_default();
        assert!(stored == made, "config/schema.json is not what the types say; run the tests with {WRITE}=1 once");
    }

    /// What an editor says of a document, as far as our schema's words go.
    fn takes(schema: &Value, value: &Value) -> bool {
        let of = |key: &str| schema.get(key).and_then(Value::as_array);
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            return super::SCHEMA.pointer(path.trim_start_matches('#')).is_some_and(|target| takes(target, value));
        }
        let typed = match schema.get("type").and_then(Value::as_str) {
            Some("string") => value.is_string(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            Some("boolean") => value.is_boolean(),
            _ => true,
        };
        let pattern = schema.get("pattern").and_then(Value::as_str).map(|pattern| {
            let start = pattern.trim_start_matches('^').trim_end_matches('.');
            value.as_str().is_some_and(|text| text.starts_with(start) && text.len() > start.len())
        });
        let keys =
            schema.get("properties").and_then(Value::as_object).zip(value.as_object()).is_none_or(|(keys, found)| {
                found.iter().all(|(key, value)| keys.get(key).is_some_and(|schema| takes(schema, value)))
            });
        let items = schema.get("items").zip(value.as_array());
        typed
            && keys
            && pattern.unwrap_or(true)
            && schema.get("const").is_none_or(|word| word == value)
            && of("anyOf").is_none_or(|shapes| shapes.iter().any(|shape| takes(shape, value)))
            && (value.is_object() || of("oneOf").is_none_or(|shapes| shapes.iter().any(|shape| takes(shape, value))))
            && items.is_none_or(|(schema, found)| found.iter().all(|value| takes(schema, value)))
    }

    #[test]
    fn an_editor_takes_a_word_of_a_closed_list_from_the_environment_and_no_other_word() {
        let document = |word: &str| {
            json!({
                "server": { "log": word },
                "site": [{
                    "name": "shop", "hosts": ["*"], "origin": "http://127.0.0.1:1", "in_front": word,
                    "privacy": { "identity": word, "honor": [word] },
                    "tag": [{ "id": "a", "html": "b", "place": word }],
                }],
            })
        };
        assert!(takes(&super::SCHEMA, &document("env:WORD")));
        assert!(!takes(&super::SCHEMA, &document("env:")) && !takes(&super::SCHEMA, &document("cach")));
        let right =
            json!({ "server": { "log": "json" }, "site": [{ "in_front": "none", "privacy": { "honor": ["gpc"] } }] });
        assert!(takes(&super::SCHEMA, &right));
    }
}
