//! The event model: what is recorded of one hit, as every sink will get it.
//!
//! Knows nothing of HTTP or storage. `enrich` makes events, `ledger` keeps them.

mod csv;
mod fields;
#[cfg(test)]
mod golden;
mod id;
mod json;
pub(crate) mod query;
#[cfg(test)]
mod sample;
mod shape;
pub(crate) mod url;

use std::borrow::Cow;

use crate::config::EventKind;

pub use fields::FIELDS;
use id::hex;
pub use id::{EventId, EventIds, ViewId};
pub use shape::Shape;

/// The version of the event's JSON; it grows with every field that changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One page shown to one visitor.
    View,
}

impl From<EventKind> for Kind {
    fn from(kind: EventKind) -> Kind {
        match kind {
            EventKind::View => Kind::View,
        }
    }
}

/// Who saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The proxy, from the exchange itself.
    Proxy,
}

/// One recorded hit. Empty texts and `None` are left out of its JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// UUIDv7, the idempotency key.
    pub id: EventId,
    /// When the request arrived, milliseconds since 1970.
    pub ts_ms: i64,
    /// The site's name.
    pub site: &'a str,
    /// What happened.
    pub kind: Kind,
    /// Who saw it.
    pub source: Source,
    /// The view it belongs to.
    pub view_id: Option<ViewId>,
    /// The host that was asked, lower case, without port.
    pub host: Cow<'a, str>,
    /// Raw path, at most 1,024 bytes, with the site's kept query keys.
    pub path: Cow<'a, str>,
    /// Status of the answer.
    pub status: Option<u16>,
    /// Milliseconds from the request sent to the origin to its answer's header.
    pub origin_ms: Option<f32>,
    /// The referring page without its query.
    pub referrer: Cow<'a, str>,
    /// Its host, where it is not one of the site's own.
    pub referrer_host: Cow<'a, str>,
    /// Campaign parameters.
    pub utm: Utm<'a>,
    /// The visitor's first language, such as `en`.
    pub language: Cow<'a, str>,
    /// The name of a declared bot; empty for people.
    pub bot: Cow<'a, str>,
}

/// The five campaign parameters of a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Utm<'a> {
    /// `utm_source`.
    pub source: Cow<'a, str>,
    /// `utm_medium`.
    pub medium: Cow<'a, str>,
    /// `utm_campaign`.
    pub campaign: Cow<'a, str>,
    /// `utm_term`.
    pub term: Cow<'a, str>,
    /// `utm_content`.
    pub content: Cow<'a, str>,
}
