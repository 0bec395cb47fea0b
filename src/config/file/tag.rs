//! `[[site.tag]]` as it stands in the file.

use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

use super::list;
use crate::config::marked::{Marked, Texts};
use crate::config::tag::{Place, Purpose, Via};

/// What `tag` may be in a file: TOML gives one key one value, so that a site has the switch or the tables.
#[derive(Debug)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[cfg_attr(test, serde(untagged))]
pub(in crate::config) enum Tag {
    /// Whether pages are tagged at all.
    Switch(bool),
    /// The owner's snippets, placed besides Inlay's own script.
    Snippets(Vec<Marked<Snippet>>),
}

/// A snippet of the owner's. Exactly one of `html` and `file` says what is placed.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[cfg_attr(test, schemars(extend("required" = ["id"], "oneOf" = [{ "required": ["html"] }, { "required": ["file"] }])))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Snippet {
    /// Its name in messages.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) id: Option<Marked<String>>,
    /// What is placed: complete markup in ASCII.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) html: Option<Marked<String>>,
    /// A file that holds it.
    #[cfg_attr(test, schemars(with = "String"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) file: Option<Marked<String>>,
    /// Where in the page.
    pub(in crate::config) place: Place,
    /// The paths on whose pages it is placed, among those that are tagged.
    pub(in crate::config) paths: Marked<Vec<Marked<String>>>,
    /// The paths among them on whose pages it is not placed.
    pub(in crate::config) not_paths: Vec<Marked<String>>,
    /// Who places it: its bytes in the page, or Inlay's script in the browser.
    pub(in crate::config) via: Via,
    /// What else a page must have.
    pub(in crate::config) when: When,
    /// In how many of a hundred views it is placed.
    #[cfg_attr(test, schemars(range(min = 0, max = 100)))]
    pub(in crate::config) percent: u8,
    /// What it is for.
    pub(in crate::config) purpose: Purpose,
    /// What it needs of a page's policies.
    pub(in crate::config) needs: Needs,
}

/// What else a page must have for the snippet; everything that is named must hold. `*` is any value.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct When {
    /// Parameters of the query with their values, such as `{ preview = "1" }`.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub(in crate::config) query: Texts,
    /// Cookies with their values, such as `{ plan = "pro" }`.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub(in crate::config) cookie: Texts,
    /// The answer's status is one of these: 200, 404, 410; none: any of them.
    #[cfg_attr(test, schemars(with = "Vec<u16>", inner(range(min = 100, max = 599))))]
    pub(in crate::config) status: Vec<Marked<u16>>,
}

/// What the snippet needs of a page's policies (`Content-Security-Policy`): lists of sources, such as
/// `["https://chat.example.net"]`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Needs {
    /// Scripts that it loads.
    pub(in crate::config) script: Vec<Marked<String>>,
    /// What it fetches, and where it reports to.
    pub(in crate::config) connect: Vec<Marked<String>>,
    /// Images.
    pub(in crate::config) image: Vec<Marked<String>>,
    /// Frames.
    pub(in crate::config) frame: Vec<Marked<String>>,
    /// Style sheets.
    pub(in crate::config) style: Vec<Marked<String>>,
    /// Workers.
    pub(in crate::config) worker: Vec<Marked<String>>,
}

impl Default for Snippet {
    fn default() -> Self {
        Snippet {
            id: None,
            html: None,
            file: None,
            place: Place::HeadEnd,
            via: Via::Page,
            paths: list("/**"),
            not_paths: Vec::new(),
            when: When::default(),
            percent: 100,
            purpose: Purpose::Marketing,
            needs: Needs::default(),
        }
    }
}
