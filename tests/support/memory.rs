//! Resident memory of the binary under test.

use std::time::Duration;

/// Resident memory of a process in bytes.
pub fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line on memory");
    let kib: usize = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib * 1024
}

/// The most memory that is seen while `work` runs.
pub fn most_resident<T>(pid: u32, work: impl FnOnce() -> T + Send) -> (T, usize)
where
    T: Send,
{
    std::thread::scope(|scope| {
        let running = scope.spawn(work);
        let mut most = resident(pid);
        while !running.is_finished() {
            most = most.max(resident(pid));
            std::thread::sleep(Duration::from_millis(5));
        }
        (running.join().expect("the work is done"), most)
    })
}
