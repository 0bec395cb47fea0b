//! Threads that give way: pages, and the commits of what they record, come first.

/// Nineteen is the lowest; at ten a thread gets a tenth of what one that serves pages gets, where both want the same core.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Has the calling thread give way to others from now on. Where the system does not let it, it runs as they do.
pub(super) fn give_way() {
    // On Linux the niceness is a thread's own; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}
