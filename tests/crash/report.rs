//! What the crash test tells: how many events were in flight, how many were lost before their commit, what came again.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::kill::Kill;
use super::left::Left;
use super::{LOST, ROUNDS_IN_FLIGHT};

/// One kill.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) kill: Kill,
    pub(super) answered: usize,
    /// Pages that were served and whose view is not in the ledger.
    pub(super) lost: usize,
    /// How long before the kill the first of them was served.
    pub(super) oldest: Duration,
    pub(super) left: Left,
}

#[derive(Debug, Default)]
pub(super) struct Report {
    seed: u64,
    pub(super) rounds: Vec<Round>,
    /// Ids of the rows that expired.
    pub(super) old: BTreeSet<String>,
    pub(super) rows: usize,
    pub(super) files: usize,
    /// Status of every sink, in the end.
    pub(super) statuses: Vec<Value>,
    /// Batches that came again and were known by their key, at `quick` and at `slow`.
    pub(super) repeated: [usize; 2],
    /// Events that came to `quick` under two keys, because a row of their batch had expired in between.
    pub(super) twice_by_expiry: usize,
    /// For each sink, how many of the old rows it got.
    old_delivered: Vec<(&'static str, usize)>,
}

impl Report {
    pub(super) fn new(seed: u64) -> Report {
        Report { seed, ..Report::default() }
    }

    /// Every row is at the sink, and nothing else but rows that have expired.
    pub(super) fn compare(&mut self, sink: &'static str, rows: &BTreeSet<String>, ids: &[String]) {
        let got: BTreeSet<String> = ids.iter().cloned().collect();
        let missing: Vec<_> = rows.difference(&got).collect();
        assert!(missing.is_empty(), "{sink} lacks {} of {} rows: {missing:?}", missing.len(), rows.len());
        let more: BTreeSet<_> = got.difference(rows).cloned().collect();
        let unknown: Vec<_> = more.difference(&self.old).collect();
        assert!(unknown.is_empty(), "{sink} has what the ledger has not: {unknown:?}");
        self.old_delivered.push((sink, more.len()));
    }

    /// What has to hold over all rounds.
    pub(super) fn check(&self) {
        let in_flight = self.rounds.iter().filter(|round| round.left.accepted > 0).count();
        assert!(in_flight >= ROUNDS_IN_FLIGHT, "a batch was between answer and cursor in {in_flight} rounds only");
        let closing = self.rounds.iter().filter(|round| round.left.closing > 0).count();
        assert!(closing > 0, "no kill fell into the closing of a file");
        let mut oldest: Vec<_> = self.rounds.iter().map(|round| round.oldest).collect();
        oldest.sort();
        let usual = oldest[oldest.len() / 2];
        assert!(usual <= LOST, "in the usual round, a lost event was answered {usual:?} before the kill");
        for (sink, old) in &self.old_delivered {
            self.accounts_for_everything(sink, *old);
        }
    }

    /// What was delivered and what was given up are all rows that there ever were.
    fn accounts_for_everything(&self, sink: &str, old_delivered: usize) {
        let status = self.statuses.iter().find(|status| status["name"] == sink).expect("a status");
        let number = |field: &str| status[field].as_u64().unwrap_or_default() as usize;
        let all = self.rows + if sink == "slow" { 0 } else { self.old.len() };
        assert_eq!(number("delivered") + number("given_up"), all, "{sink} accounts for every row: {status}");
        let given_up = number("given_up");
        assert!(given_up + old_delivered >= all - self.rows, "{sink}: what was not delivered is given up: {status}");
        assert_eq!(number("dead"), 0, "{sink}: nothing was refused");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nThe crash test, INLAY_SEED={}", self.seed)?;
        writeln!(f, "kill          pages  in flight  accepted  appended  closing  lost  oldest of them")?;
        for Round { kill, answered, lost, oldest, left } in &self.rounds {
            let Left { in_flight, accepted, appended, closing, .. } = left;
            let kill = format!("{kill:?}");
            writeln!(
                f,
                "{kill:<12} {answered:>6} {in_flight:>10} {accepted:>9} {appended:>9} {closing:>8} {lost:>5}  {oldest:>8.1?}"
            )?;
        }
        let sum = |of: &dyn Fn(&Round) -> usize| self.rounds.iter().map(of).sum::<usize>();
        let oldest = self.rounds.iter().map(|round| round.oldest).max().unwrap_or_default();
        writeln!(
            f,
            "{} pages served; {} events in flight at the kills, {} batches accepted and not written down, {} events in files \
             and not written down; {} lost before their commit, the earliest {oldest:.1?} before its kill",
            sum(&|round| round.answered),
            sum(&|round| round.left.in_flight),
            sum(&|round| round.left.accepted),
            sum(&|round| round.left.appended),
            sum(&|round| round.lost),
        )?;
        writeln!(
            f,
            "{} rows, each in each sink once ({} files); {} old rows expired, of which were delivered: {:?}",
            self.rows,
            self.files,
            self.old.len(),
            self.old_delivered,
        )?;
        write!(
            f,
            "batches that came again under their key: {} at quick, {} at slow; events under two keys because a row of their \
             batch expired: {}",
            self.repeated[0], self.repeated[1], self.twice_by_expiry,
        )
    }
}
