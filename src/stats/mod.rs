//! The questions an owner asks, answered from the ledger's counts: read-only, beside a running proxy.
//!
//! Counts are kept by day and by month, so a year is some tens of thousands of rows, whatever the number of views. Everything
//! is read in one transaction, and so belongs to one state of the ledger. Called by `admin` and by `inlay stats`.

mod counts;
mod error;
mod merge;
mod question;
mod report;
mod sites;
mod span;
#[cfg(test)]
mod tests;
mod top;

pub use error::Error;
pub use question::{MAX_DAYS, Question, report};
pub use report::{Count, Period, Report};
pub use sites::know_site;
