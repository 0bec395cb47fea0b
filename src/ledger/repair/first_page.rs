//! Damage in the pages that say which tables there are, the first among them. Every ledger of a version begins with the same tables
//! at the same pages, so a copy of the file gets those pages of a new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rusqlite::Connection;

use super::RepairError;
use crate::ledger::home::begin::remove_all;
use crate::ledger::home::check::open_damaged;
use crate::ledger::home::watch::{LOG, beside};

/// What the copy's name ends with.
const COPY: &str = ".copy";
/// A page's bytes, in every ledger.
const PAGE: usize = 4096;
/// The header's.
const HEADER: usize = 100;

/// Opens a damaged file for reading; `new` is a ledger that has just begun. Returns too whether it is a copy with another first
/// page, which [`remove_copy`] removes.
pub(super) fn open(file: &Path, new: &Path) -> Result<(Connection, bool), RepairError> {
    let io = |said| RepairError::Io { file: file.to_owned(), said };
    fs::metadata(file).map_err(io)?;
    if let Some(conn) = readable(file) {
        return Ok((conn, false));
    }
    let mut first = [0; PAGE];
    File::open(new).and_then(|mut new| new.read_exact(&mut first)).map_err(io)?;
    let pages = schema_pages(new).map_err(|said| RepairError::Sqlite { file: new.to_owned(), said })?;
    for (header_only, pages) in [(true, &[][..]), (false, &pages)] {
        let least = pages.iter().max().copied().unwrap_or(1);
        let copy = make_copy(file, &mut first, header_only, least).map_err(io)?;
        pages.iter().try_for_each(|page| copy_page(new, &copy, *page)).map_err(io)?;
        if let Some(conn) = readable(&copy) {
            return Ok((conn, true));
        }
    }
    remove_copy(file);
    Err(io(io::Error::other("nothing in it is a ledger's")))
}

/// Removes the copy, if there is one.
pub(super) fn remove_copy(file: &Path) {
    // What stays is removed by the next repair.
    let _ = remove_all(&beside(file, COPY));
}

/// Whether its tables are known.
fn readable(file: &Path) -> Option<Connection> {
    let conn = open_damaged(file).ok()?;
    let known = conn.table_exists(None::<&str>, "events").unwrap_or(false);
    let known = known && conn.prepare("SELECT * FROM events").is_ok();
    known.then_some(conn)
}

/// A copy of a file and its log, with the first page of a new ledger, or with its header, which says that the file has at least
/// so many pages.
fn make_copy(file: &Path, first: &mut [u8; PAGE], header_only: bool, least: u64) -> io::Result<std::path::PathBuf> {
    let copy = beside(file, COPY);
    remove_all(&copy)?;
    let [log, _] = LOG.map(|end| (beside(file, end), beside(&copy, end)));
    for (from, to) in [(file.to_owned(), copy.clone()), log] {
        if from.exists() {
            let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
            io::copy(&mut File::open(from)?, &mut to)?;
        }
    }
    let pages = (fs::metadata(&copy)?.len() / PAGE as u64).max(least);
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    // The file format's fields: it has a log; so many pages; no free ones.
    let fields: [(usize, &[u8]); 3] = [(18, &[2, 2]), (28, &pages.to_be_bytes()), (32, &[0; 8])];
    for (at, bytes) in fields {
        if let Some(field) = first.get_mut(at..at + bytes.len()) {
            field.copy_from_slice(bytes);
        }
    }
    let copied = OpenOptions::new().write(true).open(&copy)?;
    let part = if header_only { first.get(..HEADER) } else { None };
    copied.write_all_at(part.unwrap_or(first), 0)?;
    Ok(copy)
}

/// Where a ledger says which tables it has, behind its first page.
fn schema_pages(new: &Path) -> rusqlite::Result<Vec<u64>> {
    let conn = Connection::open(new)?;
    let sql = "SELECT pageno FROM dbstat WHERE name = 'sqlite_schema' AND pageno > 1";
    let pages = conn.prepare(sql)?.query_map([], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(pages.into_iter().map(i64::cast_unsigned).collect())
}

fn copy_page(from: &Path, to: &Path, page: u64) -> io::Result<()> {
    let mut bytes = [0; PAGE];
    let at = (page - 1) * PAGE as u64;
    File::open(from)?.read_exact_at(&mut bytes, at)?;
    OpenOptions::new().write(true).open(to)?.write_all_at(&bytes, at)
}
