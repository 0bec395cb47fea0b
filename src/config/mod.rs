//! The configuration: what `inlay.toml` says, checked as a whole, and then immutable.
//!
//! Two steps: `file` holds the types that serde reads, [`Config`] is what the rest of the program sees and cannot be wrong.
//! Everybody gets it as `Arc<Config>`; there are no globals.

mod claims;
mod file;
mod files;
mod flags;
mod folder;
mod glob;
mod host;
mod marked;
mod net;
mod paths;
mod problem;
mod resolve;
mod schema;
mod site;
mod sites;
mod snippet;
mod source;
mod syntax;
#[cfg(test)]
mod tests;
mod types;
mod walk;
mod words;

use std::path::Path;

pub use flags::{Flags, for_origin};
pub use paths::Paths;
pub use problem::{At, Position, Problem, Problems};
pub use types::{
    Admin, Config, Honor, Host, HostSent, Identity, InFront, LogFormat, Net, Origin, OwnerTag, Place, Privacy, Server,
    Site,
};

/// What a room that knows more finds wrong with a site's snippets, each problem at its snippet's place.
pub type SnippetCheck<'a> = &'a dyn Fn(&[OwnerTag]) -> Vec<Problem>;

/// Reads, checks and resolves a configuration file with all that it names. `env` is asked for `env:NAME`.
///
/// The folder of the ledger is tried, not made. Every problem is found in one go.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, Problems> {
    load_with(path, env, &|_| Vec::new())
}

/// [`load`], and `snippets` is asked too: about the snippets that are good so far, even where the file has other problems.
pub fn load_with(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    snippets: SnippetCheck<'_>,
) -> Result<Config, Problems> {
    files::load(path, env, snippets)
}
