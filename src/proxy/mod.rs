//! The visitors' side, on pingora: the only room, with `app`, that knows its types.
//!
//! [`Tagged`] adds tagging to any `ProxyHttp`; [`Plain`] is the proxy that the binary wraps in it. One file a phase.

mod counters;
mod forwarded;
mod plain;
mod serve;
mod site_table;
mod tagged;

pub use counters::{Counters, OriginFault};
pub use plain::{Origins, Plain, Resolver};
pub use serve::{Answer, Body, Handler, Served};
pub use tagged::{Tagged, Tagging, TaggingParts};
