//! A ledger of each version of the schema is kept, and taken to the present one with every row that it has.
//!
//! `INLAY_WRITE_LEDGER=1 cargo test --lib ledger::tests::versions` writes that of the present version anew. A version that was
//! released is never written again.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rusqlite::types::Value;

use super::home::schema::{VERSION, lacking};
use super::*;

fn kept(version: i64) -> PathBuf {
    PathBuf::from(format!("{}/tests/data/ledger-v{version}.db", env!("CARGO_MANIFEST_DIR")))
}

/// A ledger of the present version with rows in every table.
fn write(to: &Path) {
    let dir = tempfile::tempdir().expect("a folder");
    let sites = [site("shop", "UTC"), site("blog", "Asia/Tokyo")];
    let ledger = open(dir.path(), &sites, at(NOON)).expect("opens");
    for name in ["laptop", "phone"] {
        ledger.tokens().create(name).expect("made");
    }
    ledger.tokens().revoke("phone").expect("revoked");
    ledger.scripts(vec![Script { hash8: "0a1b2c3d".into(), body: b"script".to_vec() }]).expect("kept");
    ledger.gpc_json_since(vec!["shop".into()]).expect("written");
    for n in 0..20 {
        let target = format!("/page/{n}?utm_source=nl&utm_campaign=may");
        let view = Exchange { ts_ms: NOON - n * 600_000, referrer: b"https://news.example/a", ..exchange(&target) };
        let bot = Exchange { user_agent: b"Googlebot/2.1", ..view };
        offer(&ledger, &Hit { site: (n % 2) as usize, ..page(if n % 5 == 0 { bot } else { view }) });
    }
    wait("the rows", || ledger.health().rows() == 20);
    let more =
        "INSERT INTO sinks(name, cursor, sites, kinds, created, paused, replay, state, delivered, given_up, stopped)
            VALUES('archive', 7, '[1, 2]', '[0]', 1, 1, 3, '{}', 4, 2, 'why');
        INSERT INTO batches(sink, first_seq, last_seq, key, digest, events, alive, skipped, created, attempts, retry_at)
            VALUES(1, 8, 12, 'key', zeroblob(32), 5, 9, 0, 3, 2, 6);
        INSERT INTO dead_letters(seq, sink, died, status, answer, retry) VALUES(5, 1, 4, 400, 'no', 1);";
    ledger.errands.run(move |conn| conn.execute_batch(more)).expect("written");
    ledger.close();
    fs::create_dir_all(to.parent().expect("a folder")).expect("there is a folder");
    fs::copy(dir.path().join("ledger.db"), to).expect("kept");
}

type Rows = Vec<Vec<(String, Value)>>;

/// Every row of every table, by table, columns by name; of the columns that `like` has, where it is given.
fn rows(conn: &Connection, like: Option<&BTreeMap<String, Rows>>) -> BTreeMap<String, Rows> {
    let tables =
        texts(conn, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND 1 = ?1", 1);
    let wanted = |table: &String, column: &str| {
        let Some(like) = like else { return true };
        like.get(table).and_then(|rows| rows.first()).is_some_and(|row| row.iter().any(|(name, _)| name == column))
    };
    let of = |table: String| {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).expect("a table");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let read = statement.query_map([], |row| {
            let wanted = columns.iter().enumerate().filter(|(_, column)| wanted(&table, column));
            wanted.map(|(at, column)| Ok((column.clone(), row.get(at)?))).collect::<Result<Vec<_>, _>>()
        });
        let rows = read.expect("reads").collect::<Result<Rows, _>>().expect("rows");
        drop(statement);
        (table, rows)
    };
    tables.into_iter().map(of).collect()
}

#[test]
fn a_ledger_of_each_version_is_taken_to_the_present_one_with_every_row() {
    for version in 1..=VERSION {
        let dir = tempfile::tempdir().expect("a folder");
        fs::copy(kept(version), dir.path().join("ledger.db")).expect("a ledger of each version is kept");
        let before = rows(&raw(dir.path()), None);
        for (table, rows) in &before {
            assert!(!rows.is_empty(), "version {version} has no row in `{table}`: nothing would be tried");
        }
        open(dir.path(), &[], at(NOON)).expect("an older ledger opens").close();
        let conn = raw(dir.path());
        assert_eq!(number(&conn, "PRAGMA user_version"), VERSION);
        assert_eq!(rows(&conn, Some(&before)), before, "version {version}");
        assert_eq!(inspect(dir.path()).expect("looked through").findings, Vec::<String>::new(), "version {version}");
        let ledger = opened(dir.path());
        offer(&ledger, &page(exchange("/after")));
        assert_eq!(ledger.close().rows, 1, "it is recorded on");
    }
}

#[test]
fn a_ledger_of_the_present_version_is_kept() {
    let file = kept(VERSION);
    if std::env::var_os("INLAY_WRITE_LEDGER").is_some() {
        write(&file);
    }
    let again = "write it with: INLAY_WRITE_LEDGER=1 cargo test --lib ledger::tests::versions";
    let dir = tempfile::tempdir().expect("a folder");
    fs::copy(&file, dir.path().join("ledger.db")).unwrap_or_else(|_| panic!("there is no {}: {again}", file.display()));
    let conn = raw(dir.path());
    assert_eq!(number(&conn, "PRAGMA user_version"), VERSION);
    assert_eq!(lacking(&conn).expect("its tables"), None, "the schema has changed: {again}");
}
