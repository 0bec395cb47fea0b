//! One process a ledger: the lock file, which says who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::watch::{Identity, is_missing};

/// The lock, held as long as this lives. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(in crate::ledger) struct Lock {
    file: File,
}

/// Why the lock was not taken.
#[derive(Debug)]
pub(in crate::ledger) enum NotTaken {
    /// Another process has it: what it wrote about itself.
    Held(String),
    /// The file cannot be opened or locked.
    Io(io::Error),
}

/// A holder's words are cut at so many bytes.
const HOLDER_MAX: u64 = 300;

impl Lock {
    /// Takes the lock and writes `holder` into its file, for those who come after.
    pub(in crate::ledger) fn take(path: &Path, holder: &str) -> Result<Lock, NotTaken> {
        let mut file = options().open(path).map_err(NotTaken::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(NotTaken::Held(read_holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(NotTaken::Io(error)),
        }
        // That it names its holder is a courtesy. It is held also where a full disk has no room for the words.
        let _ = write_holder(&mut file, holder);
        Ok(Lock { file })
    }

    /// Whether this is the lock that others meet: its file still has its name. Where that cannot be looked at, because the
    /// folder's rights forbid it, all is as it was.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        match (self.file.metadata(), Identity::of(path)) {
            (Ok(own), Ok(found)) => Identity::told(&own) == found,
            (_, Err(error)) => !is_missing(&error),
            (Err(_), Ok(_)) => false,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file stays: were it removed, two processes could hold the lock of two files of one name. That it names nobody
        // any more is a courtesy, so a failure is none.
        let _ = self.file.set_len(0);
        // Closing the file would not do: a child process that is just being started holds a copy of it until it runs its
        // program, and the lock with it.
        let _ = self.file.unlock();
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn write_holder(file: &mut File, holder: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.as_bytes())
}

fn read_holder(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = file.take(HOLDER_MAX).read_to_end(&mut bytes);
    let words = String::from_utf8_lossy(&bytes).trim().replace(char::is_control, " ");
    if read.is_err() || words.is_empty() { "a process that did not say its name".into() } else { words }
}
