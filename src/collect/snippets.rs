//! The owner's snippets that the script places (`via = "script"`), as the script reads them: one JSON array.
//!
//! ```json
//! [{"at":"body-end","is":[{"tag":"script","set":{"src":"https://chat.example.net/w.js","async":""}}],
//!   "on":["/help/**"],"off":[],"query":[["preview","1"]],"cookie":[["plan",null]],"percent":20}]
//! ```
//!
//! What a snippet does not restrict is left out. `null` is any value.

use serde_json::{Map, Value, json};

use crate::config::{Condition, OwnerTag, Site, Via};
use crate::inject::snippet;

/// The array for a site, where it has such snippets.
pub(super) fn placed_by_script(site: &Site) -> Option<String> {
    let of_script = site.tags.iter().filter(|tag| site.tag && tag.via == Via::Script && tag.percent > 0);
    let snippets: Vec<Value> = of_script.filter_map(written).collect();
    if snippets.is_empty() {
        return None;
    }
    let text = Value::Array(snippets).to_string();
    // Inside a script of a page's these would end something; here they are the same text to every reader of JSON.
    Some(text.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

/// One snippet; `None` for one that a script cannot place, which the configuration's check refuses.
fn written(tag: &OwnerTag) -> Option<Value> {
    let elements = snippet::elements(&tag.html).ok()?;
    let is: Vec<Value> = elements
        .into_iter()
        .map(|element| {
            let set: Map<String, Value> =
                element.attributes.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            json!({ "tag": element.name, "set": set })
        })
        .collect();
    let [on, off] = tag.paths.written();
    let mut snippet = Map::from_iter([("at".to_owned(), json!(tag.place.word())), ("is".to_owned(), json!(is))]);
    let mut put = |key: &str, value: Value, restricts: bool| {
        if restricts {
            snippet.insert(key.to_owned(), value);
        }
    };
    put("on", json!(on), on != ["/**"]);
    put("off", json!(off), !off.is_empty());
    put("query", conditions(&tag.when.query), !tag.when.query.is_empty());
    put("cookie", conditions(&tag.when.cookie), !tag.when.cookie.is_empty());
    put("percent", json!(tag.percent), tag.percent < 100);
    Some(Value::Object(snippet))
}

fn conditions(conditions: &[Condition]) -> Value {
    conditions.iter().map(|condition| json!([condition.name, condition.value])).collect()
}
