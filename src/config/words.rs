//! The sentences about keys and values that cannot stand as they are: what is wrong, and what to write instead.

use toml::de::DeValue;

use super::schema::{Kind, Node, TOP, child};

/// The version that brings what design and documents already name.
const LATER: &str = "comes with a later version (0.2)";

/// Values that are known to come: the title of the table, the key, the value.
const LATER_VALUES: [(&str, &str, &[&str]); 3] = [
    ("[site.privacy]", "identity", &["cookie"]),
    ("[[sink]]", "kind", &["clickhouse", "kafka", "s3", "postgres", "nats"]),
    ("[[sink]]", "events", &["engage", "event", "click", "impression", "conversion"]),
];

/// Something that this version does not have yet.
pub(super) fn later(what: &str, instead: &str) -> String {
    format!("{what} {LATER}; {instead}")
}

/// A key that the table does not know.
pub(super) fn unknown_key(key: &str, title: &str, table: Node) -> String {
    let stands = |title: &str| if title == TOP { format!("at {title}") } else { format!("in {title}") };
    let instead = match (meant(key, table), Node::section_with(key)) {
        (Some(known), _) => format!("write `{known}`"),
        (None, Some(section)) => format!("it belongs {}", stands(&section.title)),
        (None, None) => format!("the keys here are {}", list(table.keys())),
    };
    format!("unknown key `{key}` {}; {instead}", stands(title))
}

/// The known key that an unknown one was probably meant to be.
pub(super) fn meant(key: &str, table: Node) -> Option<&'static str> {
    let near = nearest(key, table.keys())?;
    // A key of another table is that key, unless one letter makes it one of this: `path` in [[site]] is `paths`.
    let one_off = strsim::damerau_levenshtein(key, near) == 1;
    (one_off || Node::section_with(key).is_none()).then_some(near)
}

/// A key that is not there and has no default.
pub(super) fn missing_key(key: &str, title: &str) -> String {
    let example = match key {
        "name" if title == "[[sink]]" => r#"name = "archive""#,
        "kind" => r#"kind = "file""#,
        "name" => r#"name = "shop""#,
        "hosts" => r#"hosts = ["shop.example.com"], or ["*"] for every host"#,
        "origin" => r#"origin = "http://127.0.0.1:3000""#,
        "id" => r#"id = "chat""#,
        _ => key,
    };
    format!("{title} has no `{key}`; write {example}")
}

/// A key that stands in a sink of a kind which does not have it.
pub(super) fn of_another_kind<'w>(key: &str, kinds: impl Iterator<Item = &'w str>, kind: &str) -> String {
    let kinds = list(kinds);
    format!(
        "`{key}` belongs to kind = {kinds}, and this sink is of kind `{kind}`; take it out, or write the other kind"
    )
}

/// A key that the kind of a sink needs.
pub(super) fn missing_of_kind(key: &str, kind: &str, example: &str) -> String {
    format!("[[sink]] of kind `{kind}` has no `{key}`; write {example}")
}

/// The name of a site that is none.
pub(super) fn unknown_site(name: &str, known: &[&str]) -> String {
    let instead =
        nearest(name, known.iter().copied()).map_or_else(|| list(known.iter().copied()), |near| format!("`{near}`"));
    format!("no site has the name `{name}`; write {instead}")
}

/// A name that no field of an event has.
pub(super) fn unknown_field(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("an event has no field `{name}`; write `{near}`"),
        None => format!("an event has no field `{name}`; its fields are {}", list(known.iter().copied())),
    }
}

/// A pattern of `sites` that names nothing.
pub(super) fn no_file(pattern: &str) -> String {
    format!(
        "`{pattern}` matches no file, so that no site comes from there; put a file with a [[site]] there, or write another pattern"
    )
}

/// More than one key out of a choice.
pub(super) fn both<'w>(title: &str, keys: impl Iterator<Item = &'w str>) -> String {
    format!("{title} has more than one of the keys that exclude each other; write {} alone", list(keys))
}

/// No key out of a choice.
pub(super) fn neither<'w>(title: &str, keys: impl Iterator<Item = &'w str>) -> String {
    format!("{title} has nothing to place; write {}", list(keys))
}

/// A value that is not one of the key's words.
pub(super) fn unknown_word(key: &str, title: &str, value: &str, words: &[&str]) -> String {
    let is_later =
        |(in_title, of_key, values): &(_, _, &[&str])| (*in_title, *of_key) == (title, key) && values.contains(&value);
    if LATER_VALUES.iter().any(is_later) {
        return later(&format!("`{key} = \"{value}\"`"), &format!("write {}", list(words.iter().copied())));
    }
    let instead =
        nearest(value, words.iter().copied()).map_or_else(|| list(words.iter().copied()), |word| format!("`{word}`"));
    format!("`{value}` is no value of `{key}`; write {instead}")
}

/// A number beyond its bounds; `written` as it stands in the file.
pub(super) fn out_of_range(key: &str, written: &str, min: i64, max: i64) -> String {
    let instead = match written.parse::<i128>() {
        Ok(number) if number < i128::from(min) => format!("{min} or more, at most {max}"),
        _ => format!("{max} or less, at least {min}"),
    };
    format!("`{key} = {written}` is out of range; write {instead}")
}

/// A value of another type than the key's; `written` as it stands in the file.
pub(super) fn wrong_type(key: &str, title: &str, kind: &Kind, found: &DeValue<'_>, written: &str) -> String {
    format!("`{key}` wants {} and got {}; write {}", wanted(kind), got(found), right(key, title, kind, found, written))
}

/// An element of another type than the list's; `written` as it stands in the file.
pub(super) fn wrong_item(key: &str, title: &str, kind: &Kind, found: &DeValue<'_>, written: &str) -> String {
    format!(
        "`{key}` has {} in its list and wants {}; write {}",
        got(found),
        wanted(kind),
        right(key, title, kind, found, written)
    )
}

/// Where the environment has no value for an `env:NAME`.
pub(super) fn no_variable(name: &str, state: &str) -> String {
    format!("the environment variable {name} is {state}; set it, or write the value itself instead of `env:{name}`")
}

/// The known word that was probably meant: a third of its letters may be wrong.
pub(super) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let word = word.to_lowercase();
    let near = known.map(|known| (strsim::damerau_levenshtein(&word, &known.to_lowercase()), known));
    let near = near.filter(|(distance, known)| *distance <= (known.len() / 3).max(1));
    near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// `a`, `b` or `c`.
fn list<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

fn wanted(kind: &Kind) -> String {
    match kind {
        Kind::Text(_) => "a text".into(),
        Kind::Number(..) => "a whole number".into(),
        Kind::Switch => "true or false".into(),
        Kind::List(node) if matches!(node.kind(), Kind::Table) => "tables".into(),
        Kind::List(_) => "a list of texts".into(),
        Kind::Table => "a table".into(),
        Kind::Texts(_) => "a table of texts".into(),
        Kind::Either(shapes) => shapes.iter().map(|shape| wanted(&shape.kind())).collect::<Vec<_>>().join(", or "),
    }
}

fn got(found: &DeValue<'_>) -> &'static str {
    match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Whether what stands there is not to be seen in a message.
fn is_secret(key: &str, title: &str) -> bool {
    matches!(key, "sign" | "hash_key") || title == "[sink.headers]"
}

/// What to write, as far as what stands there shows what was meant.
fn right(key: &str, title: &str, kind: &Kind, found: &DeValue<'_>, written: &str) -> String {
    let plain = !matches!(found, DeValue::Array(_) | DeValue::Table(_));
    match kind {
        Kind::Text(words) if !words.is_empty() => list(words.iter().copied()),
        Kind::Text(_) if plain && is_secret(key, title) => "it in quotes".into(),
        Kind::Text(_) if plain => format!("it in quotes: \"{written}\""),
        Kind::Text(_) if key == "sites" => {
            "[[site]] for a site, and sites = \"sites.d/*.toml\" for files of them".into()
        }
        Kind::Text(_) => "one text in quotes".into(),
        Kind::Number(min, max) => match found.as_str().map(|text| text.trim().parse::<i64>()) {
            Some(Ok(number)) if (*min..=*max).contains(&number) => format!("{key} = {number} without quotes"),
            _ => format!("a whole number from {min} to {max}"),
        },
        Kind::Switch => format!("{key} = true or {key} = false, without quotes"),
        Kind::List(node) => match node.kind() {
            Kind::Table if found.is_table() => format!("{} with two brackets", child(title, key, true)),
            Kind::Table => format!("{} tables", child(title, key, true)),
            _ if found.is_str() => format!("{key} = [{written}]"),
            _ => format!("{key} = [\"...\"]"),
        },
        Kind::Table if found.is_array() => format!("{} with one bracket", child(title, key, false)),
        Kind::Table => format!("a {} table", child(title, key, false)),
        Kind::Texts(_) => format!("{key} = {{ NAME = \"...\" }}"),
        Kind::Either(_) => format!("{key} = true, {key} = false or {}", child(title, key, true)),
    }
}
