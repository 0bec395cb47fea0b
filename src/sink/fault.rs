//! What became of a delivery: the one table of faults that all backends speak.

use std::time::Duration;

/// What became of a batch.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The backend has it for good.
    Accepted,
    /// It does not, as far as is known.
    Failed(Fault),
}

/// Why a batch was not taken, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The same batch goes again after a while: the wire, a backend that is down or busy.
    Again {
        /// What happened, in words.
        why: String,
        /// How long the backend wants to be left alone.
        after: Option<Duration>,
    },
    /// The batch is too large; it is halved.
    Smaller(Refusal),
    /// An event in it is not acceptable; it is halved until that one stands alone, which becomes a dead letter.
    Bad(Refusal),
    /// The configuration is wrong: the sink stops, says why and keeps its cursor.
    Misconfigured(String),
    /// The backend does not know us (any more): tried again at long intervals, until its owner has mended that.
    Credentials(String),
}

/// What a backend answered to what it will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The answer's status, where it has one.
    pub status: Option<u16>,
    /// The answer in words, cut to what is worth keeping.
    pub answer: String,
}

impl Fault {
    /// What happened, in one sentence.
    pub fn words(&self) -> String {
        match self {
            Fault::Again { why, .. } | Fault::Misconfigured(why) | Fault::Credentials(why) => why.clone(),
            Fault::Smaller(refusal) | Fault::Bad(refusal) => refusal.words(),
        }
    }

    /// The word in metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Fault::Again { .. } => "again",
            Fault::Smaller(_) => "smaller",
            Fault::Bad(_) => "bad",
            Fault::Misconfigured(_) => "misconfigured",
            Fault::Credentials(_) => "credentials",
        }
    }
}

impl Refusal {
    /// What happened, in one sentence.
    pub fn words(&self) -> String {
        match (self.status, self.answer.is_empty()) {
            (Some(status), true) => format!("refused with status {status}"),
            (Some(status), false) => format!("refused with status {status}: {}", self.answer),
            (None, _) => format!("refused: {}", self.answer),
        }
    }
}
