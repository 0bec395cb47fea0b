//! Tags in pages: which pages, which places, and the rewriter that puts them there.
//!
//! Knows bytes and `http` types only: no events, no storage, no server, not where our script comes from.

mod accept;
mod body;
pub mod codec;
mod csp;
mod eligible;
mod headers;
mod list;
mod media;
mod reason;
mod request;
mod reuse;
mod rewriter;
mod rules;
mod site;
pub mod snippet;
mod tags;

pub use body::{Body, Broken, Codings};
pub use eligible::{Decision, Verdict, eligible};
pub use headers::{HeaderEdit, Length, X_INLAY, prepare};
pub use reason::{Outcome, Reason};
pub use request::RequestFacts;
pub use rewriter::Rewriter;
pub use site::Site;
pub use tags::{MAX_SNIPPETS, Plan, Tags};
