//! The pages and the cases of encodings: the project's own small ones, and, where a corpus lies under `INLAY_CORPUS`, many real
//! ones.

use std::fs;
use std::path::{Path, PathBuf};

/// One page.
pub struct Page {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Whole pages.
pub fn pages() -> Vec<Page> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let mut files = files(&own);
    assert!(!files.is_empty(), "the project's own pages are there");
    files.extend(corpus().map(|corpus| self::files(&corpus.join("pages"))).unwrap_or_default());
    files.into_iter().map(|file| Page { name: name(&file), bytes: fs::read(file).expect("a page") }).collect()
}

/// The cases of encodings, each the `#data` of a case in html5lib's format.
pub fn encodings() -> Vec<Page> {
    let mut cases = Vec::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/encodings.dat");
    let real = corpus().map(|corpus| files(&corpus.join("encoding"))).unwrap_or_default();
    for file in [own].into_iter().chain(real) {
        let bytes = fs::read(&file).expect("cases");
        for (number, data) in split(&bytes, b"#data\n").into_iter().skip(1).enumerate() {
            let case = split(data, b"\n#encoding\n").swap_remove(0);
            cases.push(Page { name: format!("{} case {number}", name(&file)), bytes: case.to_vec() });
        }
        assert!(!cases.is_empty(), "{} has cases", file.display());
    }
    cases
}

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let corpus = std::env::var_os("INLAY_CORPUS").map_or_else(beside, PathBuf::from);
    corpus.is_dir().then_some(corpus)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).map(|dir| dir.filter_map(|entry| Some(entry.ok()?.path())).collect()).unwrap_or_default();
    files.sort();
    files
}

fn name(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn split<'b>(bytes: &'b [u8], mark: &[u8]) -> Vec<&'b [u8]> {
    let (mut parts, mut from) = (Vec::new(), 0);
    while let Some(at) = bytes[from..].windows(mark.len()).position(|window| window == mark) {
        parts.push(&bytes[from..from + at]);
        from += at + mark.len();
    }
    parts.push(&bytes[from..]);
    parts
}
