//! Access tokens of the owner's side: made, listed, revoked, checked. Only their SHA-256 is kept.
//!
//! A token is 256 random bits, so a plain hash is enough, and looking for a hash among the known ones tells nobody anything.
//! Every change goes through the one process that holds the ledger's lock, which also knows the hashes in force: a check
//! reads no file, and a change holds at once.

use std::fmt::Write;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, Row};

use crate::ledger::clock::Clock;
use crate::ledger::read::ReadError;
use crate::ledger::writer::errands::{Errands, WriteError};

/// The tokens of a ledger. Clones are the same tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    errands: Errands,
    clock: Clock,
    known: Arc<ArcSwap<Known>>,
}

/// A token, without what it takes to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name, as the owner chose it.
    pub name: String,
    /// When it was made, milliseconds since 1970.
    pub created_ms: i64,
    /// When it was revoked, milliseconds since 1970; `None` while it is in force.
    pub revoked_ms: Option<i64>,
}

/// Why a token was not made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name cannot be used.
    #[error("a token's name has 1 to {NAME_MAX} characters, none of them a control character")]
    Name,
    /// There is a token of this name.
    #[error("there is a token {0:?} already: revoke it first, or choose another name")]
    Taken(String),
    /// There is none of this name in force.
    #[error("there is no token {0:?} in force")]
    Unknown(String),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// The ledger could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What checks need to know.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Known {
    in_force: Vec<[u8; 32]>,
    ever_made: bool,
}

const NAME_MAX: usize = 64;
/// What a token begins with, so that people and scanners recognise one.
const PREFIX: &str = "inlay_";

/// A name that was revoked may be given again; its old token stays void.
const CREATE: &str = "INSERT INTO tokens(name, hash, created, revoked) VALUES(?1, ?2, ?3, NULL)
    ON CONFLICT(name) DO UPDATE SET hash = excluded.hash, created = excluded.created, revoked = NULL
    WHERE revoked IS NOT NULL";
const REVOKE: &str = "UPDATE tokens SET revoked = ?2 WHERE name = ?1 AND revoked IS NULL";

impl Tokens {
    /// `known` is renewed with each change, and by the writer with each file.
    pub(in crate::ledger) fn new(errands: Errands, clock: Clock, known: Arc<ArcSwap<Known>>) -> Tokens {
        Tokens { errands, clock, known }
    }

    /// Makes a token and returns it: the only time that it is seen. Waits for the disk.
    pub fn create(&self, name: &str) -> Result<String, TokenError> {
        Tokens::check_name(name)?;
        let mut secret = [0; 32];
        SystemRandom::new().fill(&mut secret).map_err(|_| TokenError::Random)?;
        let token = secret.iter().fold(PREFIX.to_owned(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes every text");
            text
        });
        let (owned, hash, now_ms) = (name.to_owned(), hash(&token), self.clock.now_ms());
        let made = self.change(move |conn| conn.execute(CREATE, (owned, hash, now_ms)))?;
        if made { Ok(token) } else { Err(TokenError::Taken(name.into())) }
    }

    /// Whether a token may be called that; before a ledger is opened for it.
    pub fn check_name(name: &str) -> Result<(), TokenError> {
        let good = !name.is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
        if good { Ok(()) } else { Err(TokenError::Name) }
    }

    /// Makes a token void. Waits for the disk.
    pub fn revoke(&self, name: &str) -> Result<(), TokenError> {
        let (owned, now_ms) = (name.to_owned(), self.clock.now_ms());
        let revoked = self.change(move |conn| conn.execute(REVOKE, (owned, now_ms)))?;
        if revoked { Ok(()) } else { Err(TokenError::Unknown(name.into())) }
    }

    /// Every token, those that were revoked too, oldest first.
    pub fn list(&self) -> Result<Vec<Token>, TokenError> {
        Ok(self.errands.run(|conn| list(conn))?)
    }

    /// Whether a token is in force. Reads memory only.
    pub fn verify(&self, token: &str) -> bool {
        self.known.load().in_force.contains(&hash(token))
    }

    /// Whether this holds for the SHA-256 of some token in force. Reads memory only.
    pub(crate) fn any_in_force(&self, holds: impl FnMut(&[u8; 32]) -> bool) -> bool {
        self.known.load().in_force.iter().any(holds)
    }

    /// Whether a token was ever made: from then on the owner's side wants one.
    pub fn ever_made(&self) -> bool {
        self.known.load().ever_made
    }

    /// Changes one row, if the statement finds one to change. What is known is renewed before anybody is told.
    fn change(
        &self,
        statement: impl FnOnce(&mut Connection) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Result<bool, WriteError> {
        let known = self.known.clone();
        self.errands.run(move |conn| {
            let changed = statement(conn)? > 0;
            known.store(Arc::new(Known::load(conn)?));
            Ok(changed)
        })
    }
}

impl Known {
    pub(in crate::ledger) fn load(conn: &Connection) -> rusqlite::Result<Known> {
        let mut statement = conn.prepare("SELECT hash FROM tokens WHERE revoked IS NULL")?;
        // What no hash can be is damage, and opens nothing.
        let hash = |row: &Row<'_>| Ok(row.get_ref(0)?.as_blob().ok().and_then(|blob| blob.try_into().ok()));
        let in_force = statement.query_map([], hash)?.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        let ever_made = conn.query_row("SELECT EXISTS(SELECT 1 FROM tokens)", [], |row| row.get(0))?;
        Ok(Known { in_force, ever_made })
    }

    /// What a reader finds where the ledger cannot be opened for writing. Where that is nothing, there may be tokens.
    pub(in crate::ledger) fn as_far_as_read(reader: Result<Connection, ReadError>) -> Known {
        let known = match reader {
            Err(ReadError::None { .. }) => return Known::default(),
            reader => reader.ok().and_then(|conn| Known::load(&conn).ok()),
        };
        known.unwrap_or(Known { in_force: Vec::new(), ever_made: true })
    }
}

fn list(conn: &Connection) -> rusqlite::Result<Vec<Token>> {
    let mut statement = conn.prepare("SELECT name, created, revoked FROM tokens ORDER BY created, name")?;
    let rows = statement
        .query_map([], |row| Ok(Token { name: row.get(0)?, created_ms: row.get(1)?, revoked_ms: row.get(2)? }))?;
    rows.collect()
}

fn hash(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}
