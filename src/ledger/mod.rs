//! The ledger: one SQLite file with every event and its counts, and the way in which pages hand over what they saw.
//!
//! # What it must do
//!
//! - A page never waits for it: no system call, no allocation and nobody woken on a request's thread (`handover`).
//! - What is committed is synced, whole and for good: rows, counts, spans and the last seq are one transaction (`writer::store`).
//! - From the end of an answer to the sync at most 200 ms, also when the thread that saw it then falls silent (`writer`).
//! - Counts are those of the rows, always; rows may go without changing them (`counts`, `rows::expire`).
//! - No row outlives its site's `retention_days` (`rows::expire`). No address, no user agent, no query gets here to be kept.
//! - One process writes, any number read beside it (`home::lock`, `read`). No file of the ledger is opened but by SQLite: to close a
//!   second handle would let go of the locks that the process has on it.
//! - Pages never wait for it and never end with it, whatever becomes of its files (`home`, `writer::mend`).
//!
//! # Which folder has what
//!
//! | folder | holds |
//! |---|---|
//! | `handover` | hits on their way from requests' threads to the writer, and what was dropped |
//! | `writer` | the one thread that writes: batches, commits, errands, what it does in trouble and when its file is lost |
//! | `rows` | events as rows, where an hour's rows stand, how they expire |
//! | `counts` | what is counted, the sites' days, and the sums of a batch |
//! | `home` | the folder and the file: its lock, its schema, a new one, the check at the start, the watch, what a lost one leaves |
//! | `kept` | tokens, scripts, since when sites say what |
//! | `read` | reading beside the writer: connections, what comes as it comes, the whole check, copies |
//! | `outbox` | the way of sinks: cursors, batches, dead letters |
//! | `repair` | what can be saved of a damaged file |
//!
//! # The way of a hit
//!
//! ```text
//! request's thread           writer's thread                                        file
//! Recorder::offer -> lane -> batch, every 25 ms -> events and counts, after 50 ms -> COMMIT (fsync of the WAL)
//! ```
//!
//! 1. [`Recorder::offer`] copies the hit as flat bytes into a lane (`handover`). Locks are only tried. A thread begins at
//!    its own lane and goes on to the next while lanes are taken or full; after the last one the hit is dropped, `queue-full`.
//! 2. The writer looks at every lane each 25 ms and takes what is there. A batch gathers for 50 ms, or 4 MiB.
//! 3. `enrich` makes events of the batch; rows are appended, counts added up in memory and put to the tables, and the
//!    transaction is committed with `synchronous=FULL`.
//! 4. Between commits the writer does errands (tokens, scripts), deletes rows that are due, and moves the log's pages to the
//!    file before it becomes long (16 MiB; a reader of an old state lets it grow while it reads).
//!
//! # The file
//!
//! `ledger.db` (with `-wal` and `-shm` while it is open), and `ledger.lock`. `ledger.db.new` is one that is being made; what ends
//! with `.damaged-TIME` was set aside, and what ends with `.repaired` was saved of that (`repair`). `schema.sql` has the tables.
//! `application_id` says that it is a ledger, `user_version` which schema; `home::schema` takes an older file to the present one, and
//! newer ones are refused.
//!
//! - `events`: raw rows by `seq`, which grows by one and is never given twice: a sink's cursor is a seq.
//! - `spans`: for each hour between which seqs its rows are. It takes the place of an index by site and time, which was a third
//!   of the cost of a row; to find or delete an hour's rows means to look at those between two seqs.
//! - `counts` by site, dimension, site day and value; `months`, the same by month; `hours`: views of people and bots. What
//!   counts where: `counts::dimension`. A site's day tells 10,000 values of a dimension apart, the rest is `(other)`.
//! - `sinks`, `batches`, `dead_letters`; `tokens`; `scripts`; `sites` with `retention`; `state`, small numbers by name.
//!
//! # What is durable when
//!
//! | when | what survives `kill -9` | what survives the loss of power |
//! |---|---|---|
//! | [`Offered::Queued`] | nothing yet | nothing yet |
//! | [`Health::rows`] counts it, or a reader sees it | the row and its counts | the same, if the disk keeps what it says it synced |
//! | [`Ledger::close`] returned | everything that was ever queued, but for the dropped hits that its summary names | the same |
//! | a token was made or revoked, scripts were renewed | that | that |
//!
//! So a crash loses at most what was handed over in the last 200 ms, longer only where the disk takes longer to sync; it never
//! loses half: SQLite takes the last whole transaction from the log when the file is next opened. `tests::crash` kills a
//! writing process ten times over.
//!
//! # When something fails
//!
//! | what | then |
//! |---|---|
//! | the lanes are full | the hit is dropped: `queue-full` |
//! | a commit fails (full disk, no rights) | it is tried 3 times, where room is short with the log moved to the file in between; then its hits are dropped: `ledger`. The log says so once a minute, [`Health::trouble`] until it is over. Then one attempt a second; all is well again when one with rows succeeds, or a probe after 5 s without hits |
//! | the last commit of a close fails | the same, as `shutdown` |
//! | a hit comes after the close | dropped: `shutdown` |
//! | a defect panics in the writer | the batch in hand is dropped as above; the writer goes on |
//! | a row is past `retention_days` | deleted, delivered or not, and counted in the same transaction: `retention`. The log tells of each pass. Its counts stay |
//! | the file, or the folder, was deleted or moved away while it is open | at the next look, within a second, a new one is begun (`writer::mend`): it has the tokens, scripts, sites and sinks of the old one and goes on with its seqs (`home::heritage`); rows and counts are lost, which the log, [`Health::loss`] and the sinks' `given_up` tell. The batch in hand goes to the new file |
//! | another file was put in its place | that is opened as at a start; what is no ledger is set aside, as below |
//! | its log was deleted alone | what is in it is moved to the file, and another log begun: nothing is lost |
//! | the file is damaged, at the start or later | [`start`] renames it to `ledger.db.damaged-TIME` and begins a new one, as above, with what can be read of it; [`open`] refuses with [`FileError`]. The check at the start is `quick_check`, for one second at most: in a ledger of many gigabytes it sees only a part, and the rest when it is met |
//! | it cannot be opened at the start (rights, a full disk, locked by another program) | [`start`] tries again each second; until then as when a commit fails. Nobody is let in without a token while it is not known whether there is one |
//! | another process has the ledger | [`OpenError::Held`] names it |
//! | the file is newer, or somebody else's | it is left alone, and [`FileError`] says what to do |
//!
//! Dropped hits are counted in memory for the metrics ([`Recorder::dropped`]) and put into the counts with the next commit.

mod clock;
mod counts;
mod handover;
mod health;
mod home;
mod kept;
mod open;
mod outbox;
mod read;
mod repair;
mod rows;
mod writer;

pub use clock::Clock;
pub(crate) use counts::dimension::Dimension;
pub use handover::drops::DropReason;
pub use handover::hit::Hit;
pub use handover::lanes::{Offered, Recorder};
pub use health::Health;
pub use home::check::FileError;
pub use kept::scripts::Script;
pub use kept::tokens::{Token, TokenError, Tokens};
pub use open::{Ledger, OpenError, Summary, open, start};
pub use outbox::{Batch, Bell, DeadLetter, EventReader, Filter, Held, Looked, NewBatch, Outbox, Place};
pub(crate) use outbox::{DUE_AHEAD_MS, STEP};
pub use read::backup::{BackupError, Copied, backup};
pub use read::inspect::{Inspected, inspect};
pub use read::tail::{Tail, Viewed};
pub use read::{ReadError, read};
pub use repair::{BroughtBack, Repair, RepairError, Repaired, Saved, bring_back, repair_file, repair_ledger};
pub use writer::errands::WriteError;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
