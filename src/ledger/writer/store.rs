//! One batch, one transaction: hits become events, events become rows and counts, and all of it is synced or none of it.

use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};

use crate::config;
use crate::enrich;
use crate::event::EventIds;
use crate::ledger::clock::Clock;
use crate::ledger::counts::days::Days;
use crate::ledger::counts::dimension::Dimension;
use crate::ledger::counts::tally::Tally;
use crate::ledger::handover::drops::{DropReason, Drops};
use crate::ledger::handover::hit::Hit;
use crate::ledger::rows::{Appended, Rows};

/// The ledger's one writing connection, and what it needs to turn hits into rows.
pub(in crate::ledger) struct Store {
    pub(in crate::ledger) conn: Connection,
    /// In the order of the configuration.
    pub(super) sites: Vec<Site>,
    pub(super) clock: Clock,
    pub(super) tally: Tally,
    ids: EventIds,
    last_seq: i64,
}

/// A site as the writer sees it.
pub(in crate::ledger) struct Site {
    /// Its id in the table.
    pub(super) id: i64,
    pub(super) config: Arc<config::Site>,
    pub(super) days: Days,
    /// What the table has of its dropped hits since the start.
    dropped: [u64; DropReason::OF_HITS.len()],
}

/// How many dropped hits the tables have, by site and reason.
pub(super) type Counted = Vec<[u64; DropReason::OF_HITS.len()]>;

/// What a commit made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Committed {
    pub(super) rows: u64,
    /// The seq of the last row of all.
    pub(super) last_seq: i64,
    /// The oldest hour that got a row.
    pub(super) oldest_hour: Option<i64>,
}

/// A row of 64 kB and its end.
const PROBE: &str = "INSERT INTO events(seq, id, ts, site, kind, source) VALUES(?1, zeroblob(65536), 0, 0, 0, 0)";
const END_PROBE: &str = "DELETE FROM events WHERE seq = ?1";
/// What a flipped bit made of it is found out by the rows.
const LAST_SEQ: &str = "SELECT max(CASE WHEN value BETWEEN 0 AND 9007199254740992 THEN value ELSE 0 END,
    (SELECT coalesce(max(seq), 0) FROM events)) FROM state WHERE name = 'last_seq'";
const SET_LAST_SEQ: &str = "UPDATE state SET value = ?1 WHERE name = 'last_seq'";

impl Store {
    pub(in crate::ledger) fn new(
        conn: Connection,
        sites: Vec<Site>,
        ids: EventIds,
        clock: Clock,
    ) -> rusqlite::Result<Store> {
        let last_seq = conn.query_row(LAST_SEQ, [], |row| row.get(0))?;
        Ok(Store { conn, sites, clock, tally: Tally::default(), ids, last_seq })
    }

    /// Commits the hits of a batch with their counts, and what `drops` has had since the last commit. After an error nothing
    /// of it is durable.
    pub(super) fn commit(&mut self, batch: &[u8], drops: &Drops) -> rusqlite::Result<Committed> {
        let dropped: Vec<_> = (0..self.sites.len()).map(|site| drops.of_site(site)).collect();
        let done = self.transaction(batch, &dropped);
        match done {
            Ok(Appended { last_seq, oldest_hour }) => {
                let rows = last_seq.abs_diff(self.last_seq);
                self.last_seq = last_seq;
                for (site, dropped) in self.sites.iter_mut().zip(dropped) {
                    site.dropped = dropped;
                }
                Ok(Committed { rows, last_seq, oldest_hour })
            }
            Err(error) => {
                self.tally.forget();
                Err(error)
            }
        }
    }

    /// Tries whether there is room for rows: commits one that is gone again before anybody could see it.
    pub(super) fn probe(&mut self) -> rusqlite::Result<()> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let seq = self.last_seq + 1;
        tx.prepare_cached(PROBE)?.execute([seq])?;
        tx.prepare_cached(END_PROBE)?.execute([seq])?;
        tx.commit()
    }

    /// Whether `drops` has anything that the table does not have yet.
    pub(super) fn behind(&self, drops: &Drops) -> bool {
        self.sites.iter().enumerate().any(|(at, site)| site.dropped != drops.of_site(at))
    }

    /// What the tables have of the drops since the start.
    pub(super) fn counted(&self) -> Counted {
        self.sites.iter().map(|site| site.dropped).collect()
    }

    /// Those were counted in a file that this one takes the place of.
    pub(super) fn count_from(&mut self, counted: &Counted) {
        for (site, counted) in self.sites.iter_mut().zip(counted) {
            site.dropped = *counted;
        }
    }

    fn transaction(
        &mut self,
        batch: &[u8],
        dropped: &[[u64; DropReason::OF_HITS.len()]],
    ) -> rusqlite::Result<Appended> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut rows = Rows::after(&tx, self.last_seq)?;
        let mut rest = batch;
        while let Some(hit) = Hit::take(&mut rest) {
            let Some(site) = self.sites.get_mut(hit.site) else { continue };
            let day = site.days.of(hit.ts_ms);
            self.tally.add(site.id, day, Dimension::Outcome, hit.outcome.word(), 1);
            if let Some(exchange) = &hit.view {
                let event = enrich::view(exchange, &site.config, self.ids.next_id(hit.ts_ms));
                rows.append(site.id, &event)?;
                self.tally.view(site.id, day, &event);
            }
        }
        let now_ms = self.clock.now_ms();
        for (site, dropped) in self.sites.iter_mut().zip(dropped) {
            let day = site.days.of(now_ms);
            for ((reason, now), before) in DropReason::OF_HITS.into_iter().zip(dropped).zip(site.dropped) {
                if *now > before {
                    self.tally.add(site.id, day, Dimension::Dropped, reason.word(), now - before);
                }
            }
        }
        self.tally.flush(&tx)?;
        let appended = rows.finish(&tx)?;
        tx.prepare_cached(SET_LAST_SEQ)?.execute([appended.last_seq])?;
        tx.commit()?;
        Ok(appended)
    }
}

impl Site {
    pub(in crate::ledger) fn new(id: i64, config: Arc<config::Site>) -> Site {
        let days = Days::new(config.timezone.clone());
        Site { id, config, days, dropped: [0; DropReason::OF_HITS.len()] }
    }
}
