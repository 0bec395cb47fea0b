//! The endpoints under a site's prefix: the script, and the visitor's own page with its two buttons.
//!
//! Speaks `http` types and bytes and knows no server: `proxy` routes a path with [`route`] and sends on what [`Site::answer`]
//! makes of a request. A [`Site`] is made once a site, when the configuration is read; an answer needs no lock and no wait.
//! Bodies of requests are of no account here: none is read.

mod accept;
mod authority;
mod gpc;
mod privacy;
mod reply;
mod route;
mod script;
mod sender;
mod site;
mod snippets;

pub use accept::wants_json;
pub use gpc::{GPC_JSON_PATH, gpc_json};
pub use reply::not_found;
pub use route::{Route, route};
pub use script::Script;
pub use site::{Downstream, Site};

#[cfg(test)]
mod tests;
