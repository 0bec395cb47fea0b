//! Rows in pages that nothing leads to any more: the file is read page by page, and what looks like rows of a table is taken.
//!
//! This is done where a table's upper pages are damaged: the tables begin in the first pages of the file, so a little damage there
//! would cost everything. Read are pages of rows as SQLite's file format has them (sqlite.org/fileformat2.html, 1.6 and 2.1); a row
//! that does not fit into its page is left out. Pages in the log are taken too: what is in both is one row.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use rusqlite::types::Value;

use crate::ledger::home::watch::{LOG, beside};

/// A page's bytes.
const PAGE: usize = 4096;
/// The log's header, and that of each page in it.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The first bytes of pages that hold rows: of tables by number, of tables by other columns.
const BY_NUMBER: u8 = 0x0d;
const BY_COLUMNS: u8 = 0x0a;
/// A page that leads to others of a table by other columns has rows too: between each two of them one.
const BETWEEN: u8 = 0x02;
/// What stands before each row of it: the page that it leads to.
const LEADS_TO: usize = 4;
/// Longer rows go on in other pages: the payload that is within one, at most.
const WITHIN_BY_NUMBER: u64 = 4061;
const WITHIN_BY_COLUMNS: u64 = 1002;

/// A row as it stands in a page: its number, where its table has such, and its columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) number: Option<i64>,
    pub(super) columns: Vec<Value>,
}

/// Hands over every row that stands in a page of the file, or of its log.
pub(super) fn scan(file: &Path, take: &mut dyn FnMut(Found) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let failed = |error: io::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    for (path, before_all, before_each) in [(file.to_owned(), 0, 0), (beside(file, LOG[0]), LOG_HEADER, FRAME_HEADER)] {
        let Ok(opened) = File::open(path) else { continue };
        let mut reader = BufReader::with_capacity(1 << 20, opened);
        let mut skipped = vec![0; before_all];
        if !filled(&mut reader, &mut skipped).map_err(failed)? {
            continue;
        }
        let mut page = vec![0; before_each + PAGE];
        while filled(&mut reader, &mut page).map_err(failed)? {
            for row in rows(page.get(before_each..).unwrap_or_default()) {
                take(row)?;
            }
        }
    }
    Ok(())
}

/// Fills the buffer; false at the end.
fn filled(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        done => done.map(|()| true),
    }
}

/// The rows of a page; none where it is no page of rows.
fn rows(page: &[u8]) -> Vec<Found> {
    let kind = page.first().copied().unwrap_or_default();
    let (header, before) = match kind {
        BY_NUMBER | BY_COLUMNS => (8, 0),
        BETWEEN => (12, LEADS_TO),
        _ => return Vec::new(),
    };
    let count = page.get(3..5).map_or(0, |bytes| number(bytes) as usize);
    let pointers = page.get(header..header + 2 * count).unwrap_or_default();
    pointers.chunks(2).filter_map(|at| row(page.get(number(at) as usize + before..)?, kind)).collect()
}

fn row(mut bytes: &[u8], kind: u8) -> Option<Found> {
    let length = varint(&mut bytes)?;
    let (number, within) = match kind {
        BY_NUMBER => (Some(varint(&mut bytes)?.cast_signed()), WITHIN_BY_NUMBER),
        _ => (None, WITHIN_BY_COLUMNS),
    };
    if length > within {
        return None;
    }
    let record = bytes.get(..usize::try_from(length).ok()?)?;
    let mut head = record;
    let head_length = usize::try_from(varint(&mut head)?).ok()?;
    let head_taken = record.len() - head.len();
    let mut head = record.get(head_taken..head_length)?;
    let mut body = record.get(head_length..)?;
    let mut columns = Vec::new();
    while !head.is_empty() {
        let kind = varint(&mut head)?;
        columns.push(value(kind, &mut body)?);
    }
    body.is_empty().then_some(Found { number, columns })
}

/// A column's value by the number of its type.
fn value(kind: u64, body: &mut &[u8]) -> Option<Value> {
    let length = match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return None,
        longer => (longer - 12) / 2,
    };
    let (bytes, rest) = body.split_at_checked(usize::try_from(length).ok()?)?;
    *body = rest;
    Some(match kind {
        0 => Value::Null,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        1..=6 => Value::Integer(signed(bytes)),
        7 => Value::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
        longer if longer % 2 == 0 => Value::Blob(bytes.to_vec()),
        _ => Value::Text(String::from_utf8(bytes.to_vec()).ok()?),
    })
}

/// Seven bits a byte, the greater first; the ninth byte has eight.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    for at in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if at == 8 {
            return Some(n << 8 | u64::from(*byte));
        }
        n = n << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(n)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    (number(bytes) << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::counts::dimension::Dimension;
    use crate::ledger::tests::repair::{filled as a_ledger, pages_of};

    #[test]
    fn rows_that_stand_between_pages_are_found_too() {
        let dir = tempfile::tempdir().expect("a folder");
        a_ledger(dir.path());
        let root = pages_of(dir.path(), "counts")[0];
        let bytes = std::fs::read(dir.path().join("ledger.db")).expect("the file");
        let page = &bytes[(root - 1) * PAGE..root * PAGE];
        assert_eq!(page[0], BETWEEN, "the table has more than one page");
        let found = rows(page);
        assert_eq!(found.len() as u64, number(&page[3..5]), "each row of it");
        for Found { number, columns } in found {
            assert!(number.is_none() && columns.len() == 5, "a count has five columns: {columns:?}");
            assert!(matches!(columns[1], Value::Integer(n) if (0..Dimension::ALL.len() as i64).contains(&n)));
        }
    }
}
