//! Since when a site says in `/.well-known/gpc.json` that it honours Global Privacy Control: a day that outlives restarts.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior};

/// What the names in `state` begin with; the site's follows.
const PREFIX: &str = "gpc_json ";

const KNOWN: &str = "SELECT name FROM state WHERE name >= 'gpc_json ' AND name < 'gpc_json!'";
const FORGET: &str = "DELETE FROM state WHERE name = ?1";
const BEGIN: &str = "INSERT INTO state(name, value) VALUES(?1, ?2) ON CONFLICT DO NOTHING";
const SINCE: &str = "SELECT value FROM state WHERE name = ?1";

/// These sites say it now, and no others. Returns since when each of them has, milliseconds since 1970: a site that stopped
/// saying it begins anew.
pub(in crate::ledger) fn renew(conn: &mut Connection, sites: &[String], now_ms: i64) -> rusqlite::Result<Vec<i64>> {
    let names: Vec<String> = sites.iter().map(|site| format!("{PREFIX}{site}")).collect();
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let known: HashSet<String> = tx.prepare(KNOWN)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for gone in known.iter().filter(|name| !names.contains(name)) {
        tx.execute(FORGET, [gone])?;
    }
    let mut since = Vec::with_capacity(names.len());
    for name in &names {
        tx.execute(BEGIN, (name, now_ms))?;
        since.push(tx.query_row(SINCE, [name], |row| row.get(0))?);
    }
    tx.commit()?;
    Ok(since)
}
