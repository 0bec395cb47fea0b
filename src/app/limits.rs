//! The limit on the size of files (`ulimit -f`, systemd's `LimitFSIZE=`): by default a write beyond it ends the process, with every
//! page in hand. Once somebody takes the signal the write fails instead, as on a full disk.

use tokio::signal::unix::{SignalKind, signal};

/// SIGXFSZ, where it has this number: Linux but for MIPS, macOS, the BSDs.
const FILE_TOO_LARGE: i32 = 25;

/// From now on the limit is an error of the write that goes beyond it.
pub(super) fn fail_instead_of_ending() {
    if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
        return;
    }
    // Who takes a signal once takes it for good; nobody needs to wait for it. Where there is no runtime to be had, the program
    // will hardly start anyway, and the signal keeps its default.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    let _within = runtime.enter();
    if let Err(error) = signal(SignalKind::from_raw(FILE_TOO_LARGE)) {
        tracing::warn!(%error, "a limit on the size of files would end the process");
    }
}
