//! The words of the control socket: what may be asked of the process that holds the ledger, and what it answers.

use serde::{Deserialize, Serialize};

use crate::ledger::{Token, Tokens};
use crate::sink::{Order, Sinks, Status};

/// What is to be told or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Make an access token of this name.
    TokenCreate {
        /// Its name in the list.
        name: String,
    },
    /// Tell which tokens there are.
    TokenList,
    /// Take a token back.
    TokenRevoke {
        /// Its name in the list.
        name: String,
    },
    /// Tell how the sinks are that run here.
    SinkStatus,
    /// Give one of them an order. It is not waited for, but what of it has to outlive the process is written down.
    SinkOrder {
        /// The sink's name.
        name: String,
        /// What it is to do.
        order: Order,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The token, which nobody will be shown again.
    Token(String),
    /// The tokens, oldest first.
    Tokens(Vec<Listed>),
    /// The sinks, in the configuration's order.
    Sinks(Vec<Status>),
    /// It is done.
    Done,
    /// It is not, and why: a sentence.
    Refused(String),
}

/// A token in the list, without what it takes to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// When it was made, milliseconds since 1970.
    pub created_ms: i64,
    /// When it was revoked, milliseconds since 1970; `None` while it is in force.
    pub revoked_ms: Option<i64>,
}

impl From<Token> for Listed {
    fn from(token: Token) -> Listed {
        Listed { name: token.name, created_ms: token.created_ms, revoked_ms: token.revoked_ms }
    }
}

/// Does what a command says, in the process that holds the ledger. Waits for the disk. `sinks`: those that run here, if any.
pub fn carry_out(command: Command, tokens: &Tokens, sinks: Option<&Sinks>) -> Answer {
    match command {
        Command::TokenCreate { name } => told(tokens.create(&name).map(Answer::Token)),
        Command::TokenList => {
            told(tokens.list().map(|all| Answer::Tokens(all.into_iter().map(Listed::from).collect())))
        }
        Command::TokenRevoke { name } => told(tokens.revoke(&name).map(|()| Answer::Done)),
        Command::SinkStatus => Answer::Sinks(sinks.map(Sinks::status).unwrap_or_default()),
        Command::SinkOrder { name, order } => match sinks {
            Some(sinks) => told(sinks.order(&name, order).map(|()| Answer::Done)),
            None => Answer::Refused("no sinks run here".to_owned()),
        },
    }
}

fn told<E: std::fmt::Display>(done: Result<Answer, E>) -> Answer {
    done.unwrap_or_else(|error| Answer::Refused(error.to_string()))
}
