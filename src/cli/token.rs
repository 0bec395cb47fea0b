//! `inlay token create | list | revoke`: what opens the owner's side.
//!
//! The process that holds the ledger does it, asked over its socket; where none runs, this one takes the ledger's lock.

use std::io::{self, Write};
use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::folder::{Folder, shell_word, whole};
use super::{ended, printed};
use crate::admin::{self, Answer, Command, Listed};
use crate::ledger::{self, Clock, ReadError, TokenError, Tokens};

/// Arguments of `inlay token`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  inlay token create --name laptop --data /var/lib/inlay")]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token and print it, this once
    #[command(after_help = "Example:\n  inlay token create --name laptop --data /var/lib/inlay\n\n\
        The token is printed last, on a line of its own:\n  TOKEN=$(inlay token create --name ci --config inlay.toml)\n\n\
        Log in with it on the owner's page, or send it: Authorization: Bearer TOKEN")]
    Create {
        /// What you call it: this is how it is listed and revoked
        #[arg(long, value_name = "NAME", value_parser = token_name)]
        name: String,
        #[command(flatten)]
        folder: Folder,
    },
    /// List the tokens, without what it takes to use them
    #[command(after_help = "Example:\n  inlay token list --config inlay.toml")]
    List {
        #[command(flatten)]
        folder: Folder,
    },
    /// Make a token void, with every session that it began; at once
    #[command(after_help = "Example:\n  inlay token revoke laptop")]
    Revoke {
        /// The token's name
        name: String,
        #[command(flatten)]
        folder: Folder,
    },
}

/// Makes, lists or revokes tokens.
pub(super) fn run(args: TokenArgs) -> u8 {
    ended(args.action.carry_out(&mut io::stdout().lock(), &mut io::stderr().lock()))
}

impl Action {
    /// Results go to `out`, so that `$(...)` takes them; what is said about them goes to `notes`.
    fn carry_out(self, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
        match self {
            Action::Create { name, folder } => {
                let dir = folder.path_to_begin()?;
                let Answer::Token(token) = ask(&dir, Command::TokenCreate { name: name.clone() })? else {
                    bail!(STRANGE);
                };
                writeln!(
                    notes,
                    "Token {name:?} is made and in force for {}. Only its hash is kept, so this is the one time it is shown:",
                    ledger_in(&dir)
                )?;
                writeln!(out, "{token}")?;
            }
            Action::List { folder } => {
                let dir = folder.path()?;
                there(&dir)?;
                let Answer::Tokens(tokens) = ask(&dir, Command::TokenList)? else { bail!(STRANGE) };
                if tokens.is_empty() {
                    let data = shell_word(&whole(&dir));
                    writeln!(
                        notes,
                        "There is no token yet. One is made with: inlay token create --name NAME --data {data}"
                    )?;
                }
                writeln!(notes, "This is {}.", ledger_in(&dir))?;
                printed(out.write_all(table(&tokens).as_bytes()))?;
            }
            Action::Revoke { name, folder } => {
                let dir = folder.path()?;
                there(&dir)?;
                let Answer::Done = ask(&dir, Command::TokenRevoke { name: name.clone() })? else { bail!(STRANGE) };
                writeln!(notes, "Token {name:?} is void for {}.", ledger_in(&dir))?;
            }
        }
        Ok(())
    }
}

const STRANGE: &str = "the running inlay answered something else than it was asked: is it of another version?";

/// A name that a token may have, known before anything is made for it.
fn token_name(written: &str) -> Result<String, TokenError> {
    Tokens::check_name(written).map(|()| written.to_owned())
}

/// Which ledger it was: there may be others on the machine.
fn ledger_in(dir: &Path) -> String {
    format!("the ledger in {}", whole(dir).display())
}

/// Has the process that holds the ledger do it, or this one where none does.
fn ask(dir: &Path, command: Command) -> anyhow::Result<Answer> {
    let answer = match admin::send(dir, &command)? {
        Some(answer) => answer,
        None => {
            let ledger = ledger::open(dir, &[], Clock::system())?;
            let answer = admin::carry_out(command, &ledger.tokens(), None);
            ledger.close();
            answer
        }
    };
    match answer {
        Answer::Refused(why) => bail!(why),
        answer => Ok(answer),
    }
}

/// Only making a token begins a ledger.
fn there(dir: &Path) -> anyhow::Result<()> {
    match ledger::read(dir) {
        Ok(_) => Ok(()),
        Err(ReadError::None { .. }) => bail!("there are no tokens here, and no ledger in {}", whole(dir).display()),
        Err(error) => Err(error.into()),
    }
}

/// The tokens in aligned columns.
fn table(tokens: &[Listed]) -> String {
    let width = tokens.iter().map(|token| token.name.chars().count()).max().unwrap_or(0);
    let lines = tokens.iter().map(|token| {
        let state = token.revoked_ms.map_or_else(|| "in force".to_owned(), |ms| format!("revoked {}", minute(ms)));
        format!("{:width$}  made {}  {state}\n", token.name, minute(token.created_ms))
    });
    lines.collect()
}

fn minute(ms: i64) -> String {
    Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        token: TokenArgs,
    }

    /// What a command line prints, and what it notes.
    fn run(line: &[&str], dir: &Path) -> anyhow::Result<(String, String)> {
        let data = dir.to_str().context("a path in UTF-8")?;
        let line = Line::try_parse_from([&["token"], line, &["--data", data]].concat())?;
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        line.token.action.carry_out(&mut out, &mut notes)?;
        Ok((String::from_utf8(out)?, String::from_utf8(notes)?))
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn makes_lists_and_revokes(dir: &Path) {
        let (token, notes) = run(&["create", "--name", "laptop"], dir).expect("the name is free");
        assert!(notes.contains(&format!("the ledger in {}", dir.display())), "it is said which one: {notes}");
        assert!(
            token.starts_with("inlay_") && token.trim_end().len() >= 6 + 43 && token.lines().count() == 1,
            "{token}"
        );
        let again = run(&["create", "--name", "laptop"], dir).expect_err("the name is taken");
        assert!(again.to_string().contains("already"), "{again}");
        let (list, _) = run(&["list"], dir).expect("there is a list");
        assert!(list.contains("laptop  made 20") && list.contains("in force"), "{list}");
        assert!(!list.contains(token.trim_end()), "a list opens nothing");
        run(&["revoke", "laptop"], dir).expect("it is in force");
        let (list, _) = run(&["list"], dir).expect("there is a list");
        assert!(list.contains("revoked 20"), "{list}");
        assert!(run(&["revoke", "laptop"], dir).is_err(), "it is void already");
    }

    #[test]
    fn where_no_process_runs_the_command_takes_the_ledger() {
        let dir = folder();
        makes_lists_and_revokes(&dir.path().join("new"));
    }

    #[test]
    fn beside_a_running_process_the_command_asks_it() {
        let dir = folder();
        let ledger = ledger::open(dir.path(), &[], Clock::system()).expect("the folder takes a ledger");
        let _control = admin::Control::open(dir.path(), ledger.health(), ledger.tokens(), None).expect("it opens");
        makes_lists_and_revokes(dir.path());
        let (token, _) = run(&["create", "--name", "ci"], dir.path()).expect("the name is free");
        assert!(ledger.tokens().verify(token.trim_end()), "in force in the process at once");
    }

    #[test]
    fn a_process_that_holds_the_ledger_without_a_socket_is_named() {
        let dir = folder();
        let _ledger = ledger::open(dir.path(), &[], Clock::system()).expect("the folder takes a ledger");
        let error = run(&["create", "--name", "ci"], dir.path()).expect_err("the ledger is held");
        assert!(error.to_string().contains("in use by process"), "{error}");
    }

    #[test]
    fn a_name_that_no_token_can_have_is_refused_before_anything_is_made() {
        let dir = folder();
        for name in ["", "a\nb", &"a".repeat(65)] {
            let error = run(&["create", "--name", name], dir.path()).expect_err("no name");
            assert!(error.to_string().contains("1 to 64 characters"), "{error}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0, "nothing was made");
    }

    #[test]
    fn looking_for_tokens_begins_no_ledger() {
        let dir = folder();
        for line in [&["list"][..], &["revoke", "ci"]] {
            assert!(run(line, dir.path()).is_err(), "{line:?}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0, "nothing was made");
    }

    #[test]
    fn every_help_has_an_example() {
        for line in [
            &["token", "--help"][..],
            &["token", "create", "--help"],
            &["token", "list", "--help"],
            &["token", "revoke", "--help"],
        ] {
            let help = Line::try_parse_from(line).expect_err("help is no command").to_string();
            assert!(help.contains("Example:\n  inlay token "), "{help}");
        }
    }

    #[test]
    fn columns_are_as_wide_as_the_longest_name() {
        let listed = |name: &str| Listed { name: name.to_owned(), created_ms: 0, revoked_ms: None };
        let text = table(&[listed("ü"), listed("longer")]);
        assert_eq!(text, "ü       made 1970-01-01 00:00 UTC  in force\nlonger  made 1970-01-01 00:00 UTC  in force\n");
    }
}
