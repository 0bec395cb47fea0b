//! A file of the configuration: its text, and where in it a byte stands.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::{At, Position, Problem};

/// The largest configuration file that is read, in bytes; a mistaken name (`/dev/zero`) must not fill the memory.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Source {
    /// As the owner named it.
    name: Arc<str>,
    /// Relative paths in it start here.
    folder: PathBuf,
    /// The byte at which each line begins.
    lines: Vec<usize>,
    pub(super) text: String,
}

impl Source {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Source, Problem> {
        let name = path.display().to_string();
        let bytes = read_at_most(path, MAX_FILE_BYTES)
            .map_err(|error| Problem::new(At::whole(name.as_str()), format!("cannot be read: {error}")))?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        String::from_utf8(bytes).map(|text| Source::new(&name, folder.clone(), text)).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default()).into_owned();
            let at = Source::new(&name, folder, text).at(valid);
            Problem::new(at, "this is not UTF-8; save the file as UTF-8")
        })
    }

    fn new(name: &str, folder: PathBuf, text: String) -> Source {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Source { name: name.into(), folder, lines, text }
    }

    /// Where the byte stands.
    pub(super) fn at(&self, offset: usize) -> At {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or(0);
        // A byte order mark is no character that an editor counts.
        let before = self.text.get(start..offset).unwrap_or_default().trim_start_matches('\u{feff}');
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let position = Position { line: count(line), column: count(before.chars().count() + 1) };
        At { source: self.name.clone(), position: Some(position) }
    }

    /// The line of the byte, from 1.
    pub(super) fn line(&self, offset: usize) -> u32 {
        self.at(offset).position.map_or(0, |position| position.line)
    }

    /// Where relative paths of this file start.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The file's bytes; an error where there are more than `limit`.
pub(super) fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(len) if len <= limit => Ok(bytes),
        _ => Err(io::Error::other(format!("it is larger than {limit} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(text: &str, offset: usize) -> Option<(u32, u32)> {
        let at = Source::new("inlay.toml", PathBuf::new(), text.to_owned()).at(offset);
        at.position.map(|position| (position.line, position.column))
    }

    #[test]
    fn columns_count_characters_from_one() {
        let text = "a\nüx = 1\n";
        assert_eq!(position(text, 0), Some((1, 1)));
        assert_eq!(position(text, "a\nü".len()), Some((2, 2)), "ü is one character of two bytes");
        assert_eq!(position(text, text.len()), Some((3, 1)));
        assert_eq!(position("\u{feff}a", 3), Some((1, 1)), "a byte order mark is not counted");
    }

    #[test]
    fn an_offset_beyond_the_text_or_inside_a_character_does_not_panic() {
        position("ü", 1);
        position("ü", 100);
        position("", 1);
    }
}
