//! `sites = "sites.d/*.toml"`: which files are meant.

use std::fs;
use std::path::{Path, PathBuf};

use super::glob::Glob;

/// The files that the pattern names, in the order of their names; a relative pattern starts in `start`. Wildcards stand in the file name alone, and leave names
/// that begin with a dot out, as shells do. `Err` is the sentence for the owner.
pub(super) fn files(start: &Path, written: &str) -> Result<Vec<PathBuf>, String> {
    let (folder, pattern) = written.rsplit_once('/').map_or(("", written), |(folder, pattern)| (folder, pattern));
    if folder.contains(['*', '?']) || pattern.is_empty() || pattern.contains("**") {
        return Err(format!("`{written}` has a wildcard outside the file name or no file name; write sites.d/*.toml"));
    }
    if !pattern.contains(['*', '?']) {
        return Ok(vec![start.join(written)]);
    }
    let glob = Glob::new(pattern)?;
    let absolute = if written.starts_with('/') { "/" } else { "" };
    let folder = start.join(format!("{absolute}{}", folder.trim_start_matches('/')));
    let names = names(&folder).map_err(|error| {
        format!("the folder {} of `sites` cannot be read: {error}; make it, or write another", folder.display())
    })?;
    let mut files: Vec<_> = names.into_iter().filter(|name| !name.starts_with('.') && glob.matches(name)).collect();
    files.sort();
    Ok(files.into_iter().map(|name| folder.join(name)).collect())
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::read_dir(here)?.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned())).collect()
}
