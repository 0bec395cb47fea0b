//! `[[site.tag]]`: what the owner has placed in pages, where, and when. The checked types; below them step two.

mod resolve;
mod snippet;

use bytes::Bytes;
use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

#[cfg(test)]
use super::schema::or_env;
use super::{At, Paths, Position};

/// A snippet of the owner's.
#[derive(Debug, Clone)]
pub struct OwnerTag {
    /// Its name in messages.
    pub id: String,
    /// What is placed: ASCII, complete markup.
    pub html: Bytes,
    /// Where in a page.
    pub place: Place,
    /// Who places it.
    pub via: Via,
    /// On which pages.
    pub paths: Paths,
    /// What else a page must have to get it.
    pub when: When,
    /// In how many of a hundred views it is placed, drawn view by view.
    pub percent: u8,
    /// What it is for.
    pub purpose: Purpose,
    /// What it needs of a page's policies beyond what its markup shows.
    pub needs: Needs,
    /// Where its first byte stands, for rooms that find fault with it; where it is written with escapes, where its value does.
    pub at: At,
    /// Whether its bytes stand there as they are.
    pub(crate) verbatim: bool,
}

/// A place in a page, in the order in which a page has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Directly behind `<head ...>`.
    HeadStart,
    /// Before `</head>`.
    HeadEnd,
    /// Directly behind `<body ...>`.
    BodyStart,
    /// Before `</body>`.
    BodyEnd,
}

/// Who places a snippet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// It stands in the page's bytes. Shared caches may not keep such a page.
    Page,
    /// Inlay's script makes its elements in the browser, once it has seen that the visitor did not say no. Pages stay the same
    /// for everyone.
    Script,
}

/// What a tag is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema, Serialize), schemars(transform = or_env))]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Counting and understanding visits.
    Measurement,
    /// Something that the visitor uses, such as a chat.
    Functional,
    /// Advertising.
    Marketing,
}

/// What a page must have besides its path; everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// Parameters of the query.
    pub query: Vec<Condition>,
    /// Cookies of the visitor's.
    pub cookie: Vec<Condition>,
    /// The answer's status is one of these; none: any that is tagged.
    pub status: Vec<u16>,
}

/// A query parameter, or a cookie, that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its name.
    pub name: String,
    /// Its value; `None`: any.
    pub value: Option<String>,
}

/// Source expressions (CSP 3, section 2.3.1) that a page's policies must allow for a tag to work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Scripts that it loads.
    pub script: Vec<String>,
    /// What it fetches, and where it reports to.
    pub connect: Vec<String>,
    /// Images.
    pub image: Vec<String>,
    /// Frames.
    pub frame: Vec<String>,
    /// Style sheets.
    pub style: Vec<String>,
    /// Workers.
    pub worker: Vec<String>,
}

impl OwnerTag {
    /// A snippet in every view of these pages.
    pub fn new(id: &str, html: Bytes, place: Place, paths: Paths, at: At) -> OwnerTag {
        OwnerTag {
            id: id.to_owned(),
            html,
            place,
            via: Via::Page,
            paths,
            when: When::default(),
            percent: 100,
            purpose: Purpose::Marketing,
            needs: Needs::default(),
            at,
            verbatim: false,
        }
    }

    /// Where one of its bytes stands in a file; `None` where it is written there with escapes.
    pub fn at_byte(&self, offset: usize) -> Option<At> {
        let Position { line, column } = self.at.position.filter(|_| self.verbatim)?;
        let before = self.html.get(..offset).unwrap_or(&self.html);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let breaks = before.iter().filter(|byte| **byte == b'\n').count();
        // What is placed is ASCII: a byte is a character.
        let position = match before.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => Position { line: line + count(breaks), column: count(before.len() - last) },
            None => Position { line, column: column + count(before.len()) },
        };
        Some(At { position: Some(position), ..self.at.clone() })
    }
}

impl When {
    /// Whether visitors at one address may get different pages by it.
    pub fn differs_by_visitor(&self) -> bool {
        !self.cookie.is_empty()
    }
}

impl Place {
    /// Its word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Place::HeadStart => "head-start",
            Place::HeadEnd => "head-end",
            Place::BodyStart => "body-start",
            Place::BodyEnd => "body-end",
        }
    }
}
