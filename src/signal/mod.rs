//! What a visitor said about tracking, and what follows from it for a site: one function to one [`Standing`].
//!
//! Three signals: the opt-out cookie (always honoured), `Sec-GPC: 1` and `DNT: 1` (where the site's `honor` names them).
//! Where a signal can be read in two ways it is read as a no. `proxy` asks before anything else is done with a request,
//! `collect` shows the same answer on the visitor's page.

mod cookie;
mod scope;

use http::{HeaderMap, HeaderName, header};

use crate::config::Honor;

pub use cookie::{OPT_OUT_COOKIE, Stripped, strip_own};
pub use scope::Scope;

/// What follows from a visitor's signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was said against it.
    Yes,
    /// The visitor said no.
    No(Refusal),
}

/// How the visitor said no; the first of the three that applies, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The opt-out cookie.
    OptOut,
    /// `Sec-GPC: 1`.
    Gpc,
    /// `DNT: 1`.
    Dnt,
}

/// The signals that a request bears, whether the site honours them or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signals {
    /// The opt-out cookie, with a value that is a no.
    pub opt_out: bool,
    /// `Sec-GPC: 1`.
    pub gpc: bool,
    /// `DNT: 1`.
    pub dnt: bool,
}

/// Global Privacy Control, section 3.1.
const SEC_GPC: HeaderName = HeaderName::from_static("sec-gpc");

impl Signals {
    /// Reads them off a request.
    pub fn read(headers: &HeaderMap) -> Signals {
        Signals {
            opt_out: headers.get_all(header::COOKIE).iter().any(|line| cookie::refuses(line.as_bytes())),
            gpc: says_one(headers, &SEC_GPC),
            dnt: says_one(headers, &header::DNT),
        }
    }

    /// What follows from them for a site that honours `honor`.
    pub fn standing(self, honor: &Honor) -> Standing {
        if self.opt_out {
            Standing::No(Refusal::OptOut)
        } else if self.gpc && honor.gpc {
            Standing::No(Refusal::Gpc)
        } else if self.dnt && honor.dnt {
            Standing::No(Refusal::Dnt)
        } else {
            Standing::Yes
        }
    }
}

/// What follows from a request's signals for a site that honours `honor`.
pub fn standing(headers: &HeaderMap, honor: &Honor) -> Standing {
    Signals::read(headers).standing(honor)
}

/// Whether a field says `1`, in one of several lines or as one of several members (a proxy may have joined the lines).
fn says_one(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers
        .get_all(name)
        .iter()
        .any(|line| line.as_bytes().split(|&byte| byte == b',').any(|word| word.trim_ascii() == b"1"))
}

#[cfg(test)]
mod tests;
