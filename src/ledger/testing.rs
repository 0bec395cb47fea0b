//! What the tests of other rooms need of a ledger: rows of any age at once, a pass of expiry when they say so, a moment in
//! which nothing is written, and one in which nothing can be.

use std::sync::Arc;

use rusqlite::Connection;

use super::Ledger;
use super::rows::Rows;
use super::rows::expire::Expiry;
use crate::config::Site;
use crate::event::{Event, EventId, Kind, Source, Utm};

/// A view that is to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewRow {
    /// The site's place in the configuration.
    pub(crate) site: usize,
    /// Milliseconds since 1970.
    pub(crate) ts_ms: i64,
    pub(crate) path: String,
}

/// A site that keeps its rows for so many days.
pub(crate) fn site_keeping(name: &str, days: u32) -> Arc<Site> {
    let mut site = Site::clone(&super::tests::site(name, "UTC"));
    site.privacy.retention_days = days;
    Arc::new(site)
}

impl Ledger {
    /// Commits rows, and returns the seq of the last one. The writer does it as it does hits, but for counts, which nobody here
    /// asks for; and at once.
    pub(crate) fn append(&self, rows: Vec<NewRow>) -> i64 {
        let append = move |conn: &mut Connection| {
            let tx = conn.transaction()?;
            let last: i64 = tx.query_row("SELECT value FROM state WHERE name = 'last_seq'", [], |row| row.get(0))?;
            let mut appended = Rows::after(&tx, last)?;
            for row in &rows {
                appended.append(row.site as i64 + 1, &event(row))?;
            }
            let last = appended.finish(&tx)?.last_seq;
            tx.execute("UPDATE state SET value = ?1 WHERE name = 'last_seq'", [last])?;
            tx.commit()?;
            Ok(last)
        };
        let last = self.errands.run(append).expect("rows are appended");
        self.outbox().bell().committed(last);
        last
    }

    /// A whole pass of expiry, as if it were now. The writer's own passes go by the ledger's clock.
    pub(crate) fn expire(&self, now_ms: i64) {
        self.errands.run(move |conn| Expiry::new().pass(conn, now_ms)).expect("a pass");
    }

    /// Runs something while nothing is written.
    pub(crate) fn still<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        self.errands.run(move |_| Ok(work())).expect("the writer waits")
    }

    /// From now on nothing can be written, or it can again.
    pub(crate) fn hinder(&self, is_hindered: bool) {
        self.errands.run(move |conn| conn.pragma_update(None, "query_only", is_hindered)).expect("a pragma");
    }

    /// Leaves syncing out: what a test simulates is not the loss of power.
    pub(crate) fn hurry(&self) {
        self.errands.run(|conn| conn.pragma_update(None, "synchronous", "OFF")).expect("a pragma");
    }
}

fn event(row: &NewRow) -> Event<'_> {
    Event {
        id: EventId(rand::random()),
        ts_ms: row.ts_ms,
        site: "",
        kind: Kind::View,
        source: Source::Proxy,
        view_id: None,
        host: "".into(),
        path: row.path.as_str().into(),
        status: Some(200),
        origin_ms: None,
        referrer: "".into(),
        referrer_host: "".into(),
        utm: Utm::default(),
        language: "".into(),
        bot: "".into(),
    }
}
