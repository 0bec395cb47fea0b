//! Where a command finds the ledger: `--data DIR`, or the configuration that names it.

use std::path::PathBuf;

use crate::config;

/// The flags of every command that works on a ledger.
#[derive(Debug, clap::Args)]
pub(super) struct Folder {
    /// The folder of the ledger; "data" where neither flag is given
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The configuration that names the folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Folder {
    /// The folder of the ledger. Fails with what is wrong with the configuration.
    pub(super) fn path(&self) -> Result<PathBuf, config::Problems> {
        match (&self.data, &self.config) {
            (Some(data), _) => Ok(data.clone()),
            (None, Some(file)) => config::load(file, &|name| std::env::var(name).ok()).map(|config| config.server.data),
            (None, None) => Ok(PathBuf::from("data")),
        }
    }
}
