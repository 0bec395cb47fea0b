//! `file` by itself: what is in the folder after each step, and after what others do to it.

use std::fs;
use std::io::Read;
use std::path::Path;
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
    sink.resume("", &Unfinished::default()).expect("the folder is made");
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

fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
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

#[test]
fn a_file_that_was_exchanged_gets_what_comes() {
    let (dir, mut sink) = begun(false);
    deliver(&mut sink, 1, NOON, "one\n").expect("delivered");
    let path = dir.path().join("events").join("archive-20261123T120000Z-000000000001.ndjson");
    // As an editor does, or whoever copies a folder back.
    fs::rename(&path, dir.path().join("before")).expect("moved");
    fs::copy(dir.path().join("before"), &path).expect("copied");
    deliver(&mut sink, 2, NOON, "two\n").expect("delivered");
    assert_eq!(fs::read_to_string(&path).expect("the file"), "one\ntwo\n", "and not the one that nobody finds");
}

#[test]
fn a_file_that_was_moved_or_cut_is_left_and_the_batch_goes_into_a_new_one() {
    let name = "archive-20261123T120000Z-000000000001.ndjson";
    let spoils: [fn(&Path); 2] = [
        |path| fs::remove_file(path).expect("removed"),
        |path| OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(2)).expect("cut"),
    ];
    for spoil in spoils {
        let (dir, mut sink) = begun(false);
        deliver(&mut sink, 1, NOON, "one\n").expect("delivered");
        spoil(&dir.path().join("events").join(name));
        let fault = deliver(&mut sink, 2, NOON, "two\n").expect_err("the file is not as it was left");
        assert!(matches!(fault, Fault::Again { .. }), "{fault:?}");
        deliver(&mut sink, 2, NOON, "two\n").expect("delivered");
        let found = found(dir.path());
        let last = ("archive-20261123T120000Z-000000000002.ndjson", "two\n");
        assert_eq!(pairs(&found).last(), Some(&last), "{found:?}");
    }
}

#[test]
fn a_folder_that_was_removed_is_made_again() {
    let (dir, mut sink) = begun(true);
    deliver(&mut sink, 1, NOON, "one\n").expect("delivered");
    fs::remove_dir_all(dir.path().join("events")).expect("removed");
    deliver(&mut sink, 2, NOON, "two\n").expect_err("the file is gone");
    deliver(&mut sink, 2, NOON, "two\n").expect("delivered");
    assert_eq!(pairs(&found(dir.path())), [("archive-20261123T120000Z-000000000002.ndjson", "two\n")]);
    let mut other = FileSink::new("archive", &config(dir.path(), true));
    assert!(
        other.resume("", &Unfinished::default()).expect_err("the lock is held there too").contains("another process")
    );
}

#[test]
fn one_process_writes_a_sinks_files_and_other_sinks_share_the_folder() {
    let (dir, first) = begun(false);
    let mut second = FileSink::new("archive", &config(dir.path(), false));
    assert!(second.resume("", &Unfinished::default()).expect_err("it is held").contains("another process"));
    FileSink::new("archive-2", &config(dir.path(), false))
        .resume("", &Unfinished::default())
        .expect("another sink's files are its own");
    drop(first);
    second.resume("", &Unfinished::default()).expect("it was let go of");
}

#[test]
fn a_start_goes_back_to_the_length_that_is_written_down() {
    let (dir, mut sink) = begun(true);
    let state = deliver(&mut sink, 1, NOON, "one\n").expect("delivered");
    deliver(&mut sink, 2, NOON, "two\n").expect("delivered, and not written down");
    drop(sink);
    let mut sink = FileSink::new("archive", &config(dir.path(), true));
    let unfinished = Unfinished { bodies: vec![b"two\n".to_vec()], unknown: false };
    sink.resume(&state, &unfinished).expect("resumed");
    let name = "archive-20261123T120000Z-000000000001.ndjson";
    assert_eq!(pairs(&found(dir.path())), [(name, "one\n")]);
    deliver(&mut sink, 2, NOON, "two\n").expect("delivered again");
    assert_eq!(pairs(&found(dir.path())), [(name, "one\ntwo\n")]);
}

#[test]
fn a_file_that_has_more_than_the_ledger_knows_of_keeps_it_but_for_half_a_line() {
    let (dir, mut sink) = begun(false);
    let state = deliver(&mut sink, 1, NOON, "one\n").expect("delivered");
    deliver(&mut sink, 2, NOON, "two\nthr").expect("delivered, and then a backup of the ledger is put back");
    drop(sink);
    let mut sink = FileSink::new("archive", &config(dir.path(), false));
    let unfinished = Unfinished { bodies: vec![b"other\n".to_vec()], unknown: false };
    sink.resume(&state, &unfinished).expect("resumed");
    deliver(&mut sink, 2, NOON, "other\n").expect("delivered");
    let (old, new) = ("archive-20261123T120000Z-000000000001.ndjson", "archive-20261123T120000Z-000000000002.ndjson");
    assert_eq!(pairs(&found(dir.path())), [(old, "one\ntwo\n"), (new, "other\n")]);
}

#[test]
fn files_have_no_rights_for_others() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, mut sink) = begun(true);
    deliver(&mut sink, 1, NOON, "one\n").expect("delivered");
    assert!(sink.idle(NOON + 60_000).is_some(), "it is due");
    sink.prepared();
    sink.wait_for_closing();
    deliver(&mut sink, 2, NOON + 60_000, "two\n").expect("delivered");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    assert_eq!(mode(&dir.path().join("events")) & 0o027, 0, "the folder");
    for (name, _) in found(dir.path()) {
        let mode = mode(&dir.path().join("events").join(&name));
        assert_eq!((mode & 0o137, mode & 0o600), (0, 0o600), "{name} has {mode:o}");
    }
}
