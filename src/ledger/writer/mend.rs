//! How the writer gets a ledger, at the start and whenever the one that it has is lost: deleted, replaced, cut, damaged.
//!
//! Each look either finds all well, or leads to one attempt; what fails is told (`trouble`) and tried again a second later. What
//! a lost file leaves is kept until another file has it, so an attempt that ends midway, by an error or by a defect, costs
//! nothing.

use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use rusqlite::config::DbConfig;

use super::wal;
use crate::ledger::health::Loss;
use crate::ledger::home::check::{self, FileError};
use crate::ledger::home::heritage::Heritage;
use crate::ledger::home::watch::Seen;
use crate::ledger::home::{Opened, SetAside};
use crate::ledger::kept::tokens::Known;
use crate::ledger::open::OpenError;
use crate::ledger::rows::expire::Expiry;
use crate::ledger::writer::Writer;

impl Writer {
    /// Makes sure that what is open is what the folder has. Fails with why it is not, in words for everybody.
    pub(super) fn mend(&mut self) -> Result<(), String> {
        self.looked = Some(Instant::now());
        let Some(opened) = &mut self.opened else { return self.reopen() };
        match opened.watch.look() {
            Seen::Well if self.home.is_held() => return Ok(()),
            Seen::Well => {
                tracing::warn!("ledger.lock was removed or replaced: it is taken anew");
                self.let_go();
            }
            Seen::Gone => self.lose("was deleted or moved away"),
            Seen::Replaced => self.lose("was replaced by another file"),
            Seen::Cut => self.suspect(),
            Seen::LogLost => self.leave_log()?,
        }
        self.reopen()
    }

    /// The file that is open has lost its name: what is committed into it nobody finds again.
    fn lose(&mut self, how: &str) {
        let Some(opened) = &mut self.opened else { return };
        let heritage = Heritage::of(&mut opened.store.conn);
        // Where the file was only moved away, it is whole there.
        wal::empty(&opened.store.conn);
        opened.watch.remove_log();
        let (file, not_saved) = (self.home.file(), heritage.losses());
        let rows = heritage.rows.map_or("an unknown number of".to_owned(), |rows| rows.to_string());
        tracing::error!(file = %file.display(), rows, not_saved, "the ledger's file {how} while it was open: its rows and counts are lost");
        self.tell_loss(&format!("{how}, with {rows} events and all counts"));
        self.heritage = Some(heritage);
        self.let_go();
    }

    fn tell_loss(&self, how: &str) {
        let time = check::minute(self.home.clock().now_ms());
        let words = format!(
            "The ledger's file {how}, on {time}. Recording goes on in the file that is there now, or in a new one"
        );
        self.shared.health.set_loss(Loss { words, aside: None });
    }

    /// The file became shorter: it is looked at as at a start, but what is left of it is read here, where SQLite still knows
    /// some of what was cut.
    fn suspect(&mut self) {
        let Some(opened) = &mut self.opened else { return };
        tracing::error!(file = %self.home.file().display(), "the ledger's file became shorter while it was open");
        self.heritage = Some(Heritage::of(&mut opened.store.conn));
        self.tell_loss("became shorter while it was open");
        self.let_go();
    }

    /// The log's file has lost its name, but what is in it can still be moved to the ledger's.
    fn leave_log(&mut self) -> Result<(), String> {
        let Some(opened) = &self.opened else { return Ok(()) };
        if !wal::empty(&opened.store.conn) {
            return Err("the ledger's log was deleted, and somebody still reads it".to_owned());
        }
        tracing::warn!("the ledger's log was deleted while it was open: nothing of it is lost, and a new one is begun");
        self.let_go();
        Ok(())
    }

    /// Closes what is open, and touches no file by that: they may be another's now.
    fn let_go(&mut self) {
        let Some(opened) = self.opened.take() else { return };
        self.expiry.tell(&opened.store.conn);
        self.counted = Some(opened.store.counted());
        // Where this fails SQLite finds out by itself that the file has moved.
        let _ = opened.store.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        drop(opened);
        self.shared.health.let_go();
    }

    /// SQLite met damage: the file is set aside. Returns whether there is a new one.
    pub(super) fn leave_damaged(&mut self, said: &rusqlite::Error) -> bool {
        self.let_go();
        let error = OpenError::File(FileError::Damaged { file: self.home.file(), what: said.to_string() });
        self.refused = Some(error);
        self.reopen().is_ok()
    }

    fn reopen(&mut self) -> Result<(), String> {
        let opened = match self.refused.take() {
            Some(error) => Err(error),
            None => self.home.open(self.heritage.as_ref()),
        };
        let opened = opened.or_else(|error| self.succeed(error)).map_err(|error| error.in_public())?;
        match self.take_over(opened) {
            Err(said) if check::is_damage(&said) && self.leave_damaged(&said) => Ok(()),
            done => done.map_err(|said| check::words(&said)),
        }
    }

    /// Begins a new ledger where the file that is there is none.
    fn succeed(&mut self, error: OpenError) -> Result<Opened, OpenError> {
        let (word, why) = match &error {
            OpenError::File(FileError::Damaged { what, .. }) => ("damaged", what.clone()),
            // Somebody put it there while this process ran.
            OpenError::File(file @ (FileError::Foreign { .. } | FileError::Newer { .. }))
                if self.heritage.is_some() =>
            {
                ("unusable", file.to_string())
            }
            _ => return Err(error),
        };
        if !self.home.may_set_aside() {
            return Err(error);
        }
        let SetAside { path, losses } = self.home.begin_anew(word, self.heritage.as_ref())?;
        tracing::error!(
            why, set_aside = %path.display(), not_saved = losses,
            "the ledger cannot be used: it was set aside and a new one begun; `inlay ledger repair` saves what can be saved"
        );
        let words = lost(word, &path, &losses, &check::minute(self.home.clock().now_ms()));
        self.shared.health.set_loss(Loss { words, aside: Some(path) });
        self.home.open(None)
    }

    fn take_over(&mut self, mut opened: Opened) -> rusqlite::Result<()> {
        let now_ms = self.home.clock().now_ms();
        self.shared.known.store(Arc::new(Known::load(&opened.store.conn)?));
        match self.shared.said.lock().unwrap_or_else(PoisonError::into_inner).again(&mut opened.store.conn, now_ms) {
            // As at a start: hits have nothing to do with these tables.
            Err(error) if check::is_damage(&error) => {
                tracing::warn!(%error, "the scripts of before cannot be read");
            }
            said => said?,
        }
        if let Some(counted) = self.counted.take() {
            opened.store.count_from(&counted);
        }
        self.expiry = Expiry::new();
        self.heritage = None;
        self.opened = Some(opened);
        self.shared.health.opened();
        self.recovered();
        Ok(())
    }
}

/// What is told of a file that was set aside.
fn lost(word: &str, aside: &Path, losses: &str, time: &str) -> String {
    let name = aside.file_name().unwrap_or_default().to_string_lossy();
    let not_saved = if losses.is_empty() { String::new() } else { format!(" Not to be read were: {losses}.") };
    format!(
        "The ledger's file was {word} and was set aside on {time}; recording goes on in a new one.{not_saved} \
         inlay ledger repair {name} (in the data folder) saves what can be saved"
    )
}
