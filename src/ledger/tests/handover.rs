//! The thread of a request calls the system for nothing when it hands a hit over.
//!
//! `strace` watches a process of this test's binary; what it saw between two marks of one thread is counted.

use std::process::Command;

use super::*;

/// Where the watched process has its ledger.
const DIR: &str = "INLAY_TEST_HANDOVER_DIR";
/// Files that are nowhere: to look for one is a mark in the list of system calls.
const BEGIN: &str = "/inlay-test-begin";
const END: &str = "/inlay-test-end";

/// Not a test by itself: the process that is watched.
#[test]
fn the_process_that_is_watched() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let ledger = opened(Path::new(&dir));
    let recorder = ledger.recorder();
    let offering = thread::spawn(move || {
        let target = format!("/page?{}", "x".repeat(300));
        let page = page(exchange(&target));
        let _ = std::fs::metadata(BEGIN);
        let mut queued = 0_u64;
        // More than the lanes hold: the writer takes some of them meanwhile, others are dropped.
        for _ in 0..60_000 {
            queued += u64::from(recorder.offer(&page) == Offered::Queued);
        }
        let _ = std::fs::metadata(END);
        queued
    });
    let queued = offering.join().expect("the thread ends");
    assert_eq!(ledger.close().rows, queued);
}

#[test]
fn handing_a_hit_over_calls_the_system_for_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let calls = dir.path().join("calls");
    let name =
        format!("{}::the_process_that_is_watched", module_path!().split_once("::").expect("a crate and a path").1);
    let mut strace = Command::new("strace");
    strace.arg("-f").arg("-qq").arg("-o").arg(&calls).arg(std::env::current_exe().expect("this test's binary"));
    strace.args(["--exact", &name, "--test-threads=1"]).env(DIR, dir.path().join("data"));
    let ran = strace.output().expect("strace runs (`make need-tests` installs it)");
    assert!(ran.status.success(), "{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));

    let calls = std::fs::read_to_string(calls).expect("the list of calls");
    let marked = |mark: &str| calls.lines().find(|line| line.contains(mark)).expect("the thread made its marks");
    let (begin, end) = (marked(BEGIN), marked(END));
    let thread = begin.split_whitespace().next().expect("each line begins with a thread's number");
    // The first call has an end of its own where another thread's came between.
    let own =
        calls.lines().filter(|line| line.split_whitespace().next() == Some(thread) && !line.contains(" resumed>"));
    let between: Vec<_> = own.skip_while(|line| *line != begin).skip(1).take_while(|line| *line != end).collect();
    assert!(
        between.is_empty(),
        "handing 60,000 hits over took {} system calls: {:#?}",
        between.len(),
        between.get(..20.min(between.len()))
    );
}
