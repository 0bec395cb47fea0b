//! Inlay: a reverse proxy that places tags in the pages of any web site, records views, and keeps every visitor's opt-out.
//!
//! # The rooms, and who may call whom
//!
//! A room may import those above it in this table, never one below it. `tests/rooms.rs` holds the table against the imports.
//!
//! | room | holds | knows nothing of |
//! |---|---|---|
//! | `config` | TOML to one checked, immutable [`config::Config`] | everything else |
//! | `event` | the event model, its JSON, ids, URL and referrer cleaning | HTTP, storage |
//! | `signal` | opt-out cookie, GPC, DNT: one function to a [`signal::Standing`] | storage |
//! | `inject` | eligibility, placement, the rewriter, content codings, policies, what a cache may keep | events, storage |
//! | `enrich` | from what an exchange told to an event: bots, referrers, campaigns, language | storage |
//! | `ledger` | the SQLite file: events, counts, cursors, expiry, the hand-over to its writer | HTTP, sinks |
//! | `sink` | one file a storage backend, and the shipper that they share | the server's side of HTTP |
//! | `stats` | the questions an owner asks, answered from the ledger's counts | proxy |
//! | `collect` | the endpoints under the prefix: the script, the visitor's page | pingora |
//! | `proxy` | pingora: [`proxy::Tagged`], the plain proxy, sites, addresses, errors | SQL |
//! | `admin` | the owner's side on its own listener: page, metrics, health | pingora |
//! | `app` | builds, starts, stops: the one that knows all rooms | |
//! | `cli` | the commands, one file each | |
//!
//! # The life of a request
//!
//! 1. `proxy` takes the request, finds the site by host, reads the signals.
//! 2. A path under the site's prefix is ours: `collect` answers it. Everything else goes to the origin.
//! 3. The answer's header decides whether the page is tagged: [`inject::eligible`], one pure function.
//! 4. The body streams through [`inject::Body`]: a content coding is decoded and encoded again around [`inject::Rewriter`],
//!    which leaves the parser as soon as the last tag is placed.
//!
//! # The life of a hit
//!
//! 1. When the answer is done, `proxy` hands what it knows to [`ledger::Recorder`]: no system call, no wait.
//! 2. The ledger's one writer thread takes it up, lets `enrich` make an [`event::Event`] of it (addresses and user agents end
//!    here), and commits it with its counts in one synced transaction.
//! 3. `stats` reads the counts; later, each sink reads the rows from its own cursor.

pub mod admin;
pub mod app;
pub mod cli;
pub mod collect;
pub mod config;
pub mod enrich;
pub mod event;
pub mod inject;
pub mod ledger;
pub mod proxy;
pub mod signal;
pub mod sink;
pub mod stats;
