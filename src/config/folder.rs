//! Whether a folder can be used, the ledger's or a sink's: found out before anything is started, by trying.
//!
//! A path that is no folder's is a mistake. One that cannot be written for now is none: rights and disks change while a site has
//! to be served, so that is only warned of.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

/// The longest path of the folder, in bytes: a socket's whole path is bounded by the system, and commands come over one in the
/// folder, which is made under the longer of its two names.
pub(crate) const LONGEST: usize = SOCKET_PATH - "/inlay.sock.new".len();
const SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// What is wrong with the folder, for the owner. One that does not exist must be one that can be made.
pub(super) fn problem(folder: &Path) -> Option<String> {
    if folder.as_os_str().is_empty() {
        return Some("the folder of the ledger has no name; write data = \"data\"".into());
    }
    let name = folder.display();
    let length = folder.as_os_str().len();
    if length > LONGEST {
        return Some(format!(
            "the path of the folder {name} has {length} bytes, too many for the socket that commands use; write one of at most {LONGEST}"
        ));
    }
    mistake(folder)
}

/// What no right and no room could mend, for the owner.
pub(super) fn mistake(folder: &Path) -> Option<String> {
    let error = writable(folder).err().filter(is_mistake)?;
    Some(format!("the folder {} cannot be written: {error}; write another folder", folder.display()))
}

/// What keeps the folder from being written for now, in words.
pub(super) fn unwritable(folder: &Path) -> Option<String> {
    let error = writable(folder).err().filter(|error| !is_mistake(error))?;
    Some(format!("the folder {} cannot be written: {error}", folder.display()))
}

/// What keeps the ledger's folder from being written for now, for the owner.
pub(super) fn warning(folder: &Path) -> Option<String> {
    let words = unwritable(folder)?;
    Some(format!("{words}; pages are served, and nothing is recorded until the user who runs Inlay can write there"))
}

/// The one name of a folder, whatever links and dots it was called with; what of it does not exist yet is taken as it is.
pub(super) fn resolved(folder: &Path) -> PathBuf {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut known = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => _ = known.pop(),
            part => known.push(part),
        }
        // A link leads elsewhere before `..` leads up again.
        if let Ok(real) = known.canonicalize() {
            known = real;
        }
    }
    known
}

/// Whether no right and no room could mend it.
fn is_mistake(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput)
}

/// Rights, owners and read-only file systems all speak when a file is made; nothing else asks them all. The name is nobody's to
/// guess and the file must be new, so that nothing which lies there is followed or emptied.
fn writable(folder: &Path) -> io::Result<()> {
    let nearest = folder.ancestors().find(|ancestor| is_there(ancestor)).unwrap_or(folder);
    // The parent of a relative name is the empty path: the folder we are in.
    let nearest = if nearest.as_os_str().is_empty() { Path::new(".") } else { nearest };
    let probe = nearest.join(format!(".inlay-writable-{:032x}", rand::random::<u128>()));
    File::create_new(&probe)?;
    fs::remove_file(&probe)
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
    fn a_path_too_long_for_a_socket_is_said_before_anything_starts() {
        let place = tempfile::tempdir().expect("a folder");
        let room = LONGEST - place.path().as_os_str().len() - 1;
        assert_eq!(problem(&place.path().join("a".repeat(room))), None, "just short enough");
        let message = problem(&place.path().join("a".repeat(room + 1))).expect("too long");
        assert!(message.contains(&format!("has {} bytes", LONGEST + 1)), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn what_lies_in_the_folder_is_neither_followed_nor_emptied() {
        let place = tempfile::tempdir().expect("a folder");
        let kept = place.path().join("kept");
        fs::write(&kept, "words").expect("writable");
        let trap = place.path().join(format!(".inlay-writable-{}", std::process::id()));
        std::os::unix::fs::symlink(&kept, &trap).expect("a link");
        assert_eq!(problem(place.path()), None);
        assert_eq!(fs::read_to_string(&kept).expect("readable"), "words");
        assert!(trap.symlink_metadata().is_ok(), "the link is not ours to remove");
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
