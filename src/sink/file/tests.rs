//! `file` by itself: what is in the folder after each step, and after what others do to it.

use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use tempfile::TempDir;

use super::*;
use crate::config::Rotation;

impl FileSink {
    /// Waits until no file is being closed any more.
    pub(in crate::sink) fn wait_for_closing(&mut self) {
        self.closing.wait();
    }
}

/// 2026-11-23T12:00:00Z.
const NOON: i64 = 1_795_435_200_000;

fn config(dir: &Path, gzip: bool) -> config::FileSink {
    let rotation = Rotation { bytes: 1000, after: Duration::from_secs(60) };
    config::FileSink { folder: dir.join("events"), rotation, gzip }
}

/// A sink that has begun anew, in a folder of its own.
fn begun(gzip: bool) -> (TempDir, FileSink) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut sink = FileSink::new("archive", &config(dir.path(), gzip));
    sink.resume("").expect("the folder is made");
    (dir, sink)
}

/// Delivers a batch as the shipper does. Returns the state to be written down.
fn deliver(sink: &mut FileSink, seq: i64, now_ms: i64, body: &str) -> Result<String, Fault> {
    sink.prepare(seq, now_ms).expect("it gets ready");
    sink.prepared();
    match sink.deliver(&Sending { key: "", body: body.as_bytes(), now_s: 0 }) {
        Delivery::Accepted => Ok(sink.state().expect("a state")),
        Delivery::Failed(fault) => Err(fault),
    }
}

/// Names and contents of what is in the folder, but for the lock.
fn found(dir: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(dir.join("events")).expect("the folder").map(|entry| entry.expect("an entry"));
    let mut found: Vec<_> = entries
        .filter(|entry| !entry.file_name().to_string_lossy().ends_with(".lock"))
        .map(|entry| {
            let (name, bytes) =
                (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file"));
            let mut text = String::new();
            match name.ends_with(".gz") {
                true => drop(GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip")),
                false => text = String::from_utf8(bytes).expect("text"),
            }
            (name, text)
        })
        .collect();
    found.sort();
    found
}

fn pairs<'a>(found: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
    found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// What an attempt that failed in the middle leaves behind.
fn leave_half(dir: &Path, name: &str) {
    let mut file = OpenOptions::new().append(true).open(dir.join("events").join(name)).expect("the file");
    file.write_all(b"half\nha").expect("written");
}

#[test]
fn what_a_failed_attempt_left_is_not_in_a_file_that_is_left_for_the_next_one() {
    for gzip in [false, true] {
        let (dir, mut sink) = begun(gzip);
        deliver(&mut sink, 1, NOON, "one\n").expect("delivered");
        leave_half(dir.path(), "archive-20261123T120000Z-000000000001.ndjson");
        deliver(&mut sink, 2, NOON + 60_000, "two\n").expect("delivered into the next file");
        leave_half(dir.path(), "archive-20261123T120100Z-000000000002.ndjson");
        assert!(sink.idle(NOON + 120_000).is_some(), "in a quiet time it is left too");
        sink.prepared();
        sink.wait_for_closing();
        let end = if gzip { ".gz" } else { "" };
        let first = format!("archive-20261123T120000Z-000000000001.ndjson{end}");
        let second = format!("archive-20261123T120100Z-000000000002.ndjson{end}");
        assert_eq!(pairs(&found(dir.path())), [(&*first, "one\n"), (&*second, "two\n")]);
    }
}
