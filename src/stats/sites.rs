//! The sites that a ledger knows, with the zones that their days are days of.

use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::error::{Error, Hint};

/// A site of the ledger.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) id: i64,
    pub(super) zone: TimeZone,
}

/// The site of that name, or all of them.
pub(super) fn asked(conn: &Connection, name: Option<&str>) -> Result<Vec<Site>, Error> {
    let named = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let Some(name) = name else {
        let mut all = conn.prepare("SELECT id, name, timezone FROM sites ORDER BY id")?;
        return all.query_map((), named)?.map(|row| site(row?)).collect();
    };
    let mut one = conn.prepare("SELECT id, name, timezone FROM sites WHERE name = ?1")?;
    match one.query_row([name], named).optional()? {
        Some(row) => Ok(vec![site(row)?]),
        None => Err(unknown(conn, name)?),
    }
}

/// Fails where the ledger has no site of this name; the error says which ones it has.
pub fn know_site(conn: &Connection, name: &str) -> Result<(), Error> {
    asked(conn, Some(name)).map(drop).map_err(|error| error.met_on(conn))
}

fn site((id, name, zone): (i64, String, String)) -> Result<Site, Error> {
    match TimeZone::get(&zone) {
        Ok(zone) => Ok(Site { id, zone }),
        Err(source) => Err(Error::Zone { site: name, zone, source }),
    }
}

fn unknown(conn: &Connection, asked: &str) -> Result<Error, Error> {
    let mut names = conn.prepare("SELECT name FROM sites ORDER BY name")?;
    let known: Vec<String> = names.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let near = |name: &&String| strsim::damerau_levenshtein(&name.to_lowercase(), &asked.to_lowercase());
    let nearest = known.iter().min_by_key(near).filter(|name| near(name) <= asked.chars().count().div_ceil(3)).cloned();
    Ok(Error::UnknownSite { asked: asked.to_owned(), hint: Hint { nearest, known } })
}
