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

/// A name as a JSON string, with what stands before it and its colon: `,"host":`.
pub(super) type Key = Box<[u8]>;

impl Shape {
    /// The shape that the owner wants. `v` and `id` are always whole. Names that no field has mean nothing, and a field that is
    /// to be hashed without a key is left out: both are what the configuration's check refuses.
    pub fn new(fields: &Fields) -> Shape {
        let secret = fields.key.as_ref().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
        let has = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
        let rule = |name: &&str| {
            if matches!(*name, "v" | "id") {
                return Rule::Plain(key(name, name));
            }
            let left_out = has(&fields.drop, name) || !fields.keep.is_empty() && !has(&fields.keep, name);
            let called = key(name, fields.rename.get(*name).map_or(*name, String::as_str));
            match (left_out, has(&fields.hash, name), &secret) {
                (false, false, _) => Rule::Plain(called),
                (false, true, Some(secret)) => Rule::Hash(called, secret.clone()),
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

/// The key of a field, under a name that the owner chose or its own. `v` is always first and opens the object.
fn key(field: &str, name: &str) -> Key {
    let mut key = Vec::with_capacity(name.len() + 4);
    key.push(if field == "v" { b'{' } else { b',' });
    json::string(&mut key, name);
    key.push(b':');
    key.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::super::sample::{any_sample, any_text, event};
    use super::super::{Event, hex};
    use super::*;

    /// What is wanted for a field: whether it is left out, whether it is hashed, and the beginning of its new name.
    type Wish = (bool, bool, Option<String>);

    fn shaped(event: &Event<'_>, fields: &Fields) -> String {
        let mut out = Vec::new();
        event.write_shaped(&Shape::new(fields), &mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn object(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).expect("a JSON object")
    }

    /// HMAC-SHA256 as hex digits.
    fn hash(key: &str, text: &str) -> String {
        let sum = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), text.as_bytes());
        sum.as_ref().iter().copied().flat_map(hex).map(char::from).collect()
    }

    /// The field's text, told from the event and not from what was written.
    fn plain(event: &Event<'_>, name: &str, written: &Value) -> String {
        match (name, written) {
            ("origin_ms", _) => event.origin_ms.expect("it was written").to_string(),
            (_, Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        }
    }

    #[test]
    fn a_hash_is_that_of_rfc_4231_test_case_2() {
        let fields = Fields { hash: vec!["host".into()], key: Some("Jefe".into()), ..Fields::default() };
        let event = Event { host: "what do ya want for nothing?".into(), ..event() };
        assert_eq!(
            object(&shaped(&event, &fields))["host"],
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn fields_keep_their_order_under_their_new_names() {
        let rename = [("path", "page"), ("ts", "@timestamp")].map(|(from, to)| (from.to_owned(), to.to_owned()));
        let keep = ["path", "status", "ts"].map(String::from).into();
        let json = shaped(&event(), &Fields { keep, rename: rename.into(), ..Fields::default() });
        let expected = r#"{"v":1,"id":"01a208bf-eb83-7000-8000-000000000000","@timestamp":"2026-11-23T14:12:05.123Z","page":"/p/42","status":200}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn version_and_id_stay_and_nothing_is_sent_plain_for_want_of_a_key() {
        let names = || vec!["v".to_owned(), "id".to_owned(), "host".to_owned()];
        let whole = object(&shaped(&event(), &Fields::default()));
        let hashed = object(&shaped(&event(), &Fields { hash: names(), ..Fields::default() }));
        let dropped = object(&shaped(&event(), &Fields { drop: names(), ..Fields::default() }));
        for shape in [&hashed, &dropped] {
            assert_eq!((&shape["v"], &shape["id"], shape.get("host")), (&whole["v"], &whole["id"], None));
            assert_eq!(shape.len(), whole.len() - 1, "the rest is whole");
        }
    }

    #[test]
    fn a_shape_does_not_show_its_key() {
        let fields = Fields { hash: vec!["host".into()], key: Some("SECRET".into()), ..Fields::default() };
        assert!(!format!("{:?}", Shape::new(&fields)).contains("SECRET"));
    }

    proptest! {
        #[test]
        fn any_texts_come_back_through_any_shape(
            sample in any_sample(),
            wishes in prop::collection::vec((any::<bool>(), any::<bool>(), prop::option::of(any_text())), FIELDS.len() - 2),
            by_keep: bool,
            key in any_text(),
        ) {
            let wishes: Vec<(&str, &Wish)> = FIELDS[2..].iter().copied().zip(&wishes).collect();
            let named = |wanted: fn(&Wish) -> bool| {
                wishes.iter().filter(move |(_, wish)| wanted(wish)).map(|(name, _)| (*name).to_owned())
            };
            // Behind any text the place makes a name that no other field has.
            let new_name = |name: &str, (_, _, new): &Wish| match new {
                Some(new) => format!("{new} {}", FIELDS.iter().position(|field| *field == name).expect("a field")),
                None => name.to_owned(),
            };
            let (kept, dropped) = (named(|wish| !wish.0).chain(["id".to_owned()]), named(|wish| wish.0));
            let fields = Fields {
                keep: if by_keep { kept.collect() } else { Vec::new() },
                drop: if by_keep { Vec::new() } else { dropped.collect() },
                rename: wishes.iter().map(|(name, wish)| ((*name).to_owned(), new_name(name, wish))).collect(),
                hash: named(|wish| wish.1).collect(),
                key: Some(key.clone()),
            };
            let event = sample.event();
            let mut whole = Vec::new();
            event.write_json(&mut whole);
            let mut left = object(std::str::from_utf8(&whole).expect("UTF-8"));
            let mut expected: Map<String, Value> =
                ["v", "id"].into_iter().map(|name| (name.to_owned(), left.remove(name).expect("always"))).collect();
            for (name, wish) in &wishes {
                match left.remove(*name) {
                    Some(_) if wish.0 => {}
                    Some(value) if wish.1 => {
                        expected.insert(new_name(name, wish), hash(&key, &plain(&event, name, &value)).into());
                    }
                    Some(value) => {
                        expected.insert(new_name(name, wish), value);
                    }
                    None => {}
                }
            }
            let json = shaped(&event, &fields);
            prop_assert!(!json.contains('\n'), "one line: {json}");
            prop_assert_eq!(object(&json), expected);
        }
    }
}
