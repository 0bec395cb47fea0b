//! The socket, as long as it can be had: opened while the process has the ledger, and again where it lost its name.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::ledger::Health;

/// How often it is looked whether the socket is still there.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// How often it is said that the socket cannot be opened.
const COMPLAIN_AGAIN: Duration = Duration::from_secs(60);

/// The socket, as long as it can be had.
pub(super) struct Door {
    path: PathBuf,
    ledger: Arc<Health>,
    /// With the number of its file.
    listener: Option<(UnixListener, u64)>,
    /// When the log last said that it cannot be opened.
    complained: Option<Instant>,
}

impl Door {
    /// Not open yet. The ledger tells whether this process has it.
    pub(super) fn new(path: PathBuf, ledger: Arc<Health>) -> Door {
        Door { path, ledger, listener: None, complained: None }
    }

    /// Where commands come in, while it is open.
    pub(super) fn listener(&self) -> Option<&UnixListener> {
        self.listener.as_ref().map(|(listener, _)| listener)
    }

    /// Opens the socket where it is not open, or is no longer where it was.
    pub(super) fn keep_open(&mut self) {
        if self.is_open() || !self.ledger.is_open() {
            return;
        }
        self.listener = match bind(&self.path) {
            Ok(listener) => Some(listener),
            Err(error) => {
                self.complain(&error);
                None
            }
        };
    }

    /// Says why it cannot be opened, now and then: it is tried each second.
    fn complain(&mut self, error: &io::Error) {
        if self.complained.is_none_or(|at| at.elapsed() >= COMPLAIN_AGAIN) {
            self.complained = Some(Instant::now());
            tracing::warn!(path = %self.path.display(), %error, "the socket for commands cannot be opened, trying again");
        }
    }

    /// Whether its name leads to it. Where that cannot be looked at, because the folder's rights forbid it, all is as it was.
    fn is_open(&self) -> bool {
        let Some((_, own)) = &self.listener else { return false };
        match fs::symlink_metadata(&self.path) {
            Ok(found) => found.ino() == *own,
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if self.is_open() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Binds under a name of its own and moves it into place once only the owner may open it.
fn bind(path: &Path) -> io::Result<(UnixListener, u64)> {
    let new = path.with_extension("sock.new");
    let _ = fs::remove_file(&new);
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    // So that who waits for a connection looks after the socket now and then.
    SockRef::from(&listener).set_read_timeout(Some(LOOK))?;
    let number = fs::symlink_metadata(&new)?.ino();
    fs::rename(&new, path)?;
    Ok((listener, number))
}
