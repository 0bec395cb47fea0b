//! The bytes of an owner's snippet, from the file itself or from a file of their own.
//!
//! Whether the markup is complete is not known here: `app::check` asks `inject`.

use std::path::Path;

use crate::config::source::read_at_most;

/// The largest snippet, in bytes: each page bears it.
const MAX_SNIPPET_BYTES: u64 = 64 * 1024;

/// A snippet that stands in the configuration; `Err` is the sentence for the owner.
pub(super) fn inline(html: &str) -> Result<Vec<u8>, String> {
    checked(html.as_bytes().to_vec()).map_err(|(what, instead)| format!("the snippet {what}; {instead}"))
}

/// The byte of `text` at which the snippet's first stands, where all of them stand there as they are, without escapes.
/// `offset`: that of its value, which is in quotes.
pub(super) fn begin(text: &str, offset: usize, html: &[u8]) -> Option<usize> {
    // One quote or three, and a line break behind three.
    let begins = [1, 3, 4, 5].into_iter().map(|quotes| offset + quotes);
    begins.into_iter().find(|begin| text.as_bytes().get(*begin..).is_some_and(|rest| rest.starts_with(html)))
}

/// A snippet in a file of its own; `Err` is the sentence for the owner.
pub(super) fn stored(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let bytes = read_at_most(path, MAX_SNIPPET_BYTES).map_err(|error| {
        format!("the snippet's file {name} cannot be read: {error}; write the path of a file of at most 64 KiB")
    })?;
    checked(bytes).map_err(|(what, instead)| format!("the snippet in {name} {what}; {instead}"))
}

/// Pages come in any charset, and only ASCII means the same in all that are tagged.
fn checked(html: Vec<u8>) -> Result<Vec<u8>, (String, String)> {
    if html.trim_ascii().is_empty() {
        return Err(("is empty".into(), "write what is to be placed, or take the snippet out".into()));
    }
    let Some(offset) = html.iter().position(|byte| !byte.is_ascii()) else { return Ok(html) };
    let rest = String::from_utf8_lossy(html.get(offset..).unwrap_or_default());
    Err(match rest.chars().next() {
        Some(c) if c != char::REPLACEMENT_CHARACTER => (
            format!("has `{c}` at byte {offset}, which is not ASCII"),
            format!("write &#x{:X}; in text and attributes, {} in scripts", u32::from(c), script_escape(c)),
        ),
        _ => {
            let byte = html.get(offset).copied().unwrap_or_default();
            (format!("has the byte 0x{byte:02X} at byte {offset}, which is not ASCII"), "write ASCII alone".into())
        }
    })
}

/// UTF-16 units: every script engine reads `\uXXXX`.
fn script_escape(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_beyond_ascii_is_named_with_its_byte_and_its_escapes() {
        let message = inline("<p>Grüße").expect_err("ü is not ASCII");
        assert_eq!(
            message,
            "the snippet has `ü` at byte 5, which is not ASCII; write &#xFC; in text and attributes, \\u00FC in scripts"
        );
        assert!(inline("<p>🙂").expect_err("not ASCII").ends_with("\\uD83D\\uDE42 in scripts"));
    }

    #[test]
    fn a_snippet_of_nothing_is_refused() {
        assert!(inline(" \n").expect_err("empty").contains("is empty"));
    }

    #[test]
    fn a_file_that_is_missing_or_too_large_is_said() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("a.html");
        assert!(stored(&file).expect_err("missing").contains("cannot be read: No such file"));
        std::fs::write(&file, "a".repeat(70_000)).expect("writable");
        assert!(stored(&file).expect_err("large").contains("larger than 65536 bytes"));
        std::fs::write(&file, b"<p>\xff").expect("writable");
        assert!(stored(&file).expect_err("not text").contains("0xFF at byte 3"));
    }
}
