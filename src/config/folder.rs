//! Whether the folder of the ledger can be used: found out before anything is started, by trying.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What is wrong with the folder, for the owner. One that does not exist must be one that can be made.
pub(super) fn problem(folder: &Path) -> Option<String> {
    if folder.as_os_str().is_empty() {
        return Some("the folder of the ledger has no name; write data = \"data\"".into());
    }
    let error = writable(folder).err()?;
    Some(format!(
        "the folder {} cannot be written: {error}; give the user who runs Inlay the right to, or write another folder",
        folder.display()
    ))
}

/// Rights, owners and read-only file systems all speak when a file is made; nothing else asks them all.
fn writable(folder: &Path) -> io::Result<()> {
    let nearest = folder.ancestors().find(|ancestor| is_there(ancestor)).unwrap_or(folder);
    // The parent of a relative name is the empty path: the folder we are in.
    let nearest = if nearest.as_os_str().is_empty() { Path::new(".") } else { nearest };
    let probe = nearest.join(format!(".inlay-writable-{}", std::process::id()));
    File::create(&probe)?;
    match fs::remove_file(&probe) {
        // Another thread of ours was faster.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A path below a file is not there, and the file is: its error is the one to show.
fn is_there(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_good_where_it_is_or_can_be_made_and_nothing_stays_behind() {
        let place = tempfile::tempdir().expect("a folder");
        assert_eq!(problem(place.path()), None);
        assert_eq!(problem(&place.path().join("a/b")), None);
        assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 0, "trying leaves nothing");
    }

    #[test]
    fn a_folder_below_a_file_cannot_be_made() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("file");
        fs::write(&file, "").expect("writable");
        for folder in [file.clone(), file.join("data")] {
            let message = problem(&folder).expect("a file is no folder");
            assert!(message.contains("cannot be written: Not a directory"), "{message}");
        }
    }
}
