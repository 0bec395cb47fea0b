//! What the program said to the ledger when it started, to be said again to each file that takes the place of another.

use rusqlite::Connection;

use super::scripts::{self, Script};
use super::since;

/// What was said; `None` while it was not.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Said {
    /// The current scripts.
    pub(in crate::ledger) scripts: Option<Vec<Script>>,
    /// The sites that say `gpc_json`.
    pub(in crate::ledger) gpc_json: Option<Vec<String>>,
}

impl Said {
    /// Says it again.
    pub(in crate::ledger) fn again(&self, conn: &mut Connection, now_ms: i64) -> rusqlite::Result<()> {
        if let Some(current) = &self.scripts {
            scripts::renew(conn, current, now_ms)?;
        }
        if let Some(sites) = &self.gpc_json {
            since::renew(conn, sites, now_ms)?;
        }
        Ok(())
    }
}
