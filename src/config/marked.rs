//! Values of a file with the places they stand at, for serde; and the one key whose value has two shapes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::file::Tag;

/// A value and the byte at which it stands in its file; defaults stand at the file's start.
#[derive(Debug, Default)]
pub(super) struct Marked<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

impl From<&str> for Marked<String> {
    fn from(value: &str) -> Self {
        Marked { value: value.to_owned(), offset: 0 }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Marked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let offset = spanned.span().start;
        Ok(Marked { value: spanned.into_inner(), offset })
    }
}

/// A table whose keys are the owner's, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<(Marked<String>, Marked<String>)>);

/// By hand: a map would sort them, and a sentence is said at the first that is wrong.
impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;

        impl<'de> Visitor<'de> for Table {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    texts.push(entry);
                }
                // The document hands its keys over in the order of the alphabet.
                texts.sort_by_key(|(key, _): &(Marked<String>, _)| key.offset);
                Ok(Texts(texts))
            }
        }

        deserializer.deserialize_map(Table)
    }
}

/// By hand: serde's untagged enums read a value into a buffer first, and places are lost there.
impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shapes;

        impl<'de> Visitor<'de> for Shapes {
            type Value = Tag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or tables")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Tag, E> {
                Ok(Tag::Switch(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Tag, A::Error> {
                let mut snippets = Vec::new();
                while let Some(snippet) = elements.next_element()? {
                    snippets.push(snippet);
                }
                Ok(Tag::Snippets(snippets))
            }
        }

        deserializer.deserialize_any(Shapes)
    }
}

/// In the schema a marked value is the value: the schema is made by a test, `config/schema.json` is its result.
#[cfg(test)]
mod for_the_schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator};
    use serde::{Serialize, Serializer};

    use super::{Marked, Texts};

    impl<T: JsonSchema> JsonSchema for Marked<T> {
        fn inline_schema() -> bool {
            T::inline_schema()
        }

        fn schema_name() -> Cow<'static, str> {
            T::schema_name()
        }

        fn schema_id() -> Cow<'static, str> {
            T::schema_id()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            T::json_schema(generator)
        }
    }

    impl<T: Serialize> Serialize for Marked<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.value.serialize(serializer)
        }
    }

    impl Serialize for Texts {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(key, value)| (&key.value, &value.value)))
        }
    }
}
