//! What the crash test tells: how many events were in flight, how many were lost before their commit, what came again.

use std::fmt;
use std::time::Duration;

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
    /// Rows that expired.
    pub(super) old: usize,
    pub(super) rows: usize,
    pub(super) files: usize,
    /// Batches that came again and were known by their key, at `quick` and at `slow`.
    pub(super) repeated: [usize; 2],
}

impl Report {
    pub(super) fn new(seed: u64) -> Report {
        Report { seed, ..Report::default() }
    }

    /// What has to hold over all rounds.
    pub(super) fn check(&self) {
        let rounds = |has: &dyn Fn(&Round) -> bool| self.rounds.iter().filter(|round| has(round)).count();
        let in_flight = rounds(&|round| round.left.accepted > 0);
        assert!(in_flight >= ROUNDS_IN_FLIGHT, "a batch was between answer and cursor in {in_flight} rounds only");
        assert!(rounds(&|round| round.left.rotating > 0) > 0, "no kill fell between two files");
        assert!(rounds(&|round| round.left.closing > 0) > 0, "no kill fell into the closing of a file");
        let mut oldest: Vec<_> = self.rounds.iter().map(|round| round.oldest).collect();
        oldest.sort();
        let usual = oldest[oldest.len() / 2];
        assert!(usual <= LOST, "in the usual round, a lost event was answered {usual:?} before the kill");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nThe crash test, INLAY_SEED={}", self.seed)?;
        writeln!(f, "kill          pages  in flight  accepted  appended  rotating  closing  lost  oldest of them")?;
        for Round { kill, answered, lost, oldest, left } in &self.rounds {
            let Left { in_flight, accepted, appended, rotating, closing, .. } = left;
            let kill = format!("{kill:?}");
            writeln!(
                f,
                "{kill:<12} {answered:>6} {in_flight:>10} {accepted:>9} {appended:>9} {rotating:>9} {closing:>8} {lost:>5}  {oldest:>8.1?}"
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
            "{} rows, each in each sink once ({} files); {} old rows expired and went nowhere",
            self.rows, self.files, self.old,
        )?;
        write!(
            f,
            "batches that came again under their key: {} at quick, {} at slow",
            self.repeated[0], self.repeated[1]
        )
    }
}
