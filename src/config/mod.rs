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
mod part;
mod paths;
mod problem;
mod resolve;
mod schema;
mod sink;
mod site;
mod sites;
mod source;
mod syntax;
mod tag;
#[cfg(test)]
mod tests;
mod types;
mod walk;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use flags::{Flags, for_origin};
#[cfg(test)]
pub(crate) use folder::LONGEST as LONGEST_FOLDER;
pub use paths::Paths;
pub use problem::{At, Position, Problem, Problems};
pub use sink::{Backend, BatchLimits, Begin, EventKind, Fields, FileSink, HttpSink, Rotation, Sink};
pub use tag::{Condition, Needs, OwnerTag, Place, Purpose, Via, When};
pub use types::{
    Admin, Compress, Config, Csp, Honor, Host, HostSent, Identity, InFront, LogFormat, Mode, Net, Origin, Privacy,
    Server, Site,
};

/// What a room that knows more finds wrong with a site's snippets, each problem at its snippet's place.
pub type SnippetCheck<'a> = &'a dyn Fn(&[OwnerTag]) -> Vec<Problem>;

/// What rooms that know more have to say of a configuration.
#[derive(Clone, Copy)]
pub struct Checks<'a> {
    /// Asked about the snippets that are good so far, even where the file has other problems.
    pub snippets: SnippetCheck<'a>,
    /// The names of all fields that an event can have; without them every name passes.
    pub event_fields: Option<&'a [&'a str]>,
}

/// Nobody knows more.
impl Default for Checks<'_> {
    fn default() -> Self {
        Checks { snippets: &|_| Vec::new(), event_fields: None }
    }
}

/// What `env:NAME` is asked from.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Reads, checks and resolves a configuration file with all that it names. `env` is asked for `env:NAME`.
///
/// The folder of the ledger is tried, not made. Every problem is found in one go.
pub fn load(path: &Path, env: Env<'_>) -> Result<Config, Problems> {
    load_with(path, env, Checks::default())
}

/// [`load`] with what other rooms know.
pub fn load_with(path: &Path, env: Env<'_>, checks: Checks<'_>) -> Result<Config, Problems> {
    files::load(path, env, checks)
}

/// What keeps the folder of the ledger from being written for now, in words. It keeps nobody from starting.
pub fn folder_warning(folder: &Path) -> Option<String> {
    folder::warning(folder)
}

/// The folder of the ledger that a configuration file names, and nothing else of it: for commands that read a ledger, to which
/// the sites and the rights on the folder are no matter.
pub fn data_folder(path: &Path, env: Env<'_>) -> Result<PathBuf, Problems> {
    files::data_folder(path, env)
}

/// The names of the sinks of a configuration file with the words of their kinds, and nothing else of it: for commands that tell
/// of sinks without a running process, to which what secrets are in the environment is no matter.
pub fn sink_names(path: &Path, env: Env<'_>) -> Result<Vec<(String, &'static str)>, Problems> {
    files::sink_names(path, env)
}
