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
mod validator;

pub use body::{Body, Broken, Codings};
pub use eligible::{Decision, Verdict, eligible, may_renew_untagged};
pub use headers::{HeaderEdit, Length, NO_VIEW, SERVER_TIMING, X_INLAY, keep_from_caches, prepare};
pub use reason::{Outcome, Reason};
pub use request::RequestFacts;
pub use rewriter::Rewriter;
pub use site::{Expectation, Site};
pub use tags::{MAX_SNIPPETS, Plan, Tags};
