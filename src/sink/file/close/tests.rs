//! Closing, interrupted anywhere: readers see each event once.

use std::io::Read;

use flate2::read::GzDecoder;
use tempfile::TempDir;

use super::*;

const NAME: &str = "archive-20261123T120000Z-000000000001.ndjson";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(dir.path().join(name), text).expect("a file");
    }
    dir
}

fn closing(dir: &TempDir, gzip: bool) -> Closing {
    Closing::new("archive", dir.path().to_owned(), gzip)
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("compressed");
    encoder.finish().expect("compressed")
}

/// All names, in order.
fn names(dir: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).expect("the folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

fn text(dir: &TempDir, name: &str) -> String {
    let bytes = fs::read(dir.path().join(name)).expect("a file");
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
    text
}

#[test]
fn wherever_closing_was_interrupted_the_next_start_ends_it() {
    let (hidden, part, whole) = (hidden(NAME), format!(".{NAME}{UNFINISHED}"), format!("{NAME}.gz"));
    let interrupted: [(&str, &[&str]); 4] = [
        ("before it was hidden", &[NAME]),
        ("hidden", &[&hidden]),
        ("half compressed", &[&hidden, &part]),
        ("compressed, and not removed yet", &[&hidden, &whole]),
    ];
    for (where_, files) in interrupted {
        let dir = folder(&[]);
        for name in files {
            let bytes = if name.ends_with(".gz") { gz("one\n") } else { b"one\n".to_vec() };
            fs::write(dir.path().join(name), bytes).expect("a file");
        }
        let mut closing = closing(&dir, true);
        closing.tidy(None);
        closing.wait();
        assert_eq!(names(&dir), [&*whole], "{where_}");
        assert_eq!(text(&dir, &whole), "one\n", "{where_}");
    }
}

#[test]
fn a_start_leaves_alone_what_is_written_and_what_is_not_its_own() {
    let current = "archive-20261123T130000Z-000000000009.ndjson";
    let others =
        ["archive-2-20261123T120000Z-000000000001.ndjson", "notes.ndjson", ".other-20261123T120000Z-1.ndjson.closing"];
    let mut files = vec![(NAME, ""), (current, ""), ("archive-20261123T121500Z-000000000007.ndjson", "seven\n")];
    files.extend(others.map(|name| (name, "other\n")));
    let dir = folder(&files);
    let mut closing = closing(&dir, true);
    closing.tidy(Some(current));
    closing.wait();
    let mut left = vec![current, "archive-20261123T121500Z-000000000007.ndjson.gz"];
    left.extend(others);
    left.sort_unstable();
    assert_eq!(names(&dir), left, "an empty one that was begun for nothing goes");
}

#[test]
fn without_gzip_closed_files_stay_as_they_are_and_hidden_ones_are_shown() {
    let dir = folder(&[(NAME, "one\n"), (".archive-20261123T110000Z-000000000000.ndjson.closing", "zero\n")]);
    let mut closing = closing(&dir, false);
    closing.tidy(None);
    closing.close(NAME);
    closing.wait();
    assert_eq!(names(&dir), ["archive-20261123T110000Z-000000000000.ndjson.gz", NAME]);
}

#[test]
fn what_cannot_be_compressed_is_shown_as_it_is() {
    let part = format!(".{NAME}{UNFINISHED}");
    let dir = folder(&[(NAME, "one\n")]);
    // There is no room for it, as it were.
    fs::create_dir(dir.path().join(&part)).expect("in the way");
    let mut closing = closing(&dir, true);
    closing.close(NAME);
    closing.wait();
    assert_eq!(names(&dir), [&*part, NAME], "and not hidden until the next start");
    fs::remove_dir(dir.path().join(&part)).expect("out of the way");
    closing.tidy(None);
    closing.wait();
    assert_eq!((names(&dir), text(&dir, &format!("{NAME}.gz"))), (vec![format!("{NAME}.gz")], "one\n".into()));
}
