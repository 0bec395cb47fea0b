//! Where a command finds the ledger: `--data DIR`, or the configuration that names it.

use std::path::{Path, PathBuf};

use crate::config;
use crate::ledger::{self, ReadError};

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

/// A ledger would be begun where nobody said that one is wanted; the running proxy's is probably another.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no ledger in {}, and no other was named: say which with --data DIR or --config FILE, as the proxy was started", dir.display()
)]
pub(super) struct NotNamed {
    dir: PathBuf,
}

impl Folder {
    /// The folder of the ledger. Fails with what is wrong with the part of the configuration that says so.
    pub(super) fn path(&self) -> Result<PathBuf, config::Problems> {
        match (&self.data, &self.config) {
            (Some(data), _) => Ok(data.clone()),
            (None, Some(file)) => config::data_folder(file, &|name| std::env::var_os(name)),
            (None, None) => Ok(PathBuf::from("data")),
        }
    }

    /// The sinks that the configuration names, with their kinds; `None` where no configuration was named.
    pub(super) fn sink_names(&self) -> Result<Option<Vec<(String, &'static str)>>, config::Problems> {
        let names = self.config.as_ref().map(|file| config::sink_names(file, &|name| std::env::var_os(name)));
        names.transpose()
    }

    /// [`Folder::path`] for a command that begins a ledger where there is none: that one has to be named.
    pub(super) fn path_to_begin(&self) -> anyhow::Result<PathBuf> {
        let dir = self.path()?;
        if !self.is_named() && matches!(ledger::read(&dir), Err(ReadError::None { .. })) {
            return Err(NotNamed { dir: whole(&dir) }.into());
        }
        Ok(dir)
    }

    /// Whether one of the flags was given.
    pub(super) fn is_named(&self) -> bool {
        self.data.is_some() || self.config.is_some()
    }
}

/// The path from the root on, as another command can be given it, wherever that is started.
pub(super) fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A path as a word of a shell's command line.
pub(super) fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:=".contains(c);
    if text.chars().all(plain) && !text.is_empty() { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_or_quotes_is_one_word_of_a_shell() {
        assert_eq!(shell_word(Path::new("/var/lib/inlay")), "/var/lib/inlay");
        assert_eq!(shell_word(Path::new("/a b/it's")), "'/a b/it'\\''s'");
    }

    #[test]
    fn a_file_with_problems_elsewhere_still_says_where_the_ledger_lies() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("inlay.toml");
        let text = "[server]\nlisten = ['x']\ndata = 'file/below'\n[[site]]\norigin = 'env:INLAY_TEST_UNSET'\n";
        std::fs::write(&file, text).expect("writable");
        std::fs::write(place.path().join("file"), "").expect("writable");
        let folder = Folder { data: None, config: Some(file) };
        assert_eq!(folder.path().expect("only `data` is read"), place.path().join("file/below"));
    }
}
