//! Who may read what is not open to everybody: a token with the request, or a session that a token began.
//!
//! Tokens in force are asked for with each request, so one that was revoked a moment ago opens nothing. Where the listener is on
//! loopback and no token was ever made there is nothing to ask for, and everybody on this machine is let in; off loopback nobody
//! is.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue};
use ring::digest::{SHA256, digest};

use super::session::{COOKIE_NAME, Sessions};
use super::tries::Tries;
use crate::ledger::Tokens;

/// What somebody showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// No token was ever made, and only this machine can connect.
    Unguarded,
    /// A token in force came with the request.
    Token,
    /// A session whose token is in force.
    Session,
    /// Nothing that opens; the token, if one came, was wrong.
    Refused,
    /// There is no token that could open, and the listener is not on loopback.
    NoToken,
    /// Too many wrong tokens came from this address: seconds to wait.
    Wait(i64),
}

/// The guard of one listener.
#[derive(Debug)]
pub(super) struct Access {
    loopback: bool,
    tokens: Tokens,
    sessions: Sessions,
    tries: Tries,
}

impl Access {
    /// `loopback`: whether only this machine can connect. `key`: random, new for each process.
    pub(super) fn new(loopback: bool, key: &[u8; 32], tokens: Tokens) -> Access {
        Access { loopback, tokens, sessions: Sessions::new(key), tries: Tries::default() }
    }

    /// What a request may do. `now_s`: seconds since 1970.
    pub(super) fn entry(&self, headers: &HeaderMap, peer: IpAddr, now_s: i64) -> Entry {
        if !self.tokens.ever_made() {
            return if self.loopback { Entry::Unguarded } else { Entry::NoToken };
        }
        if let Some(token) = bearer(headers) {
            return self.check(token, peer, now_s).map_or_else(|refusal| refusal, |_| Entry::Token);
        }
        let mut cookies = cookies(headers);
        let session = cookies.any(|value| self.tokens.any_in_force(|hash| self.sessions.holds(value, hash, now_s)));
        if session { Entry::Session } else { Entry::Refused }
    }

    /// Begins a session with a token: the `Set-Cookie` for it. `secure`: whether the browser came over https.
    pub(super) fn log_in(&self, token: &str, peer: IpAddr, now_s: i64, secure: bool) -> Result<HeaderValue, Entry> {
        self.check(token, peer, now_s).map(|hash| self.sessions.begin(&hash, now_s, secure))
    }

    /// Ends every session that the request shows, for whoever has a copy of it as well.
    pub(super) fn log_out(&self, headers: &HeaderMap, now_s: i64) {
        for value in cookies(headers) {
            if self.tokens.any_in_force(|hash| self.sessions.holds(value, hash, now_s)) {
                self.sessions.end(value, now_s);
            }
        }
    }

    /// The token's hash, where it is in force.
    fn check(&self, token: &str, peer: IpAddr, now_s: i64) -> Result<[u8; 32], Entry> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.trim().as_bytes()).as_ref());
        if self.tokens.any_in_force(|known| self.sessions.are_equal(known, &hash)) {
            return Ok(hash);
        }
        // Who has the token never waits: behind a proxy all have one address, a guesser among them.
        if let Some(wait) = self.tries.wait_s(peer, now_s) {
            return Err(Entry::Wait(wait));
        }
        self.tries.failed(peer, now_s);
        Err(Entry::Refused)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The values of our cookie, as many as were sent.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    use crate::ledger::{self, Clock, Ledger};

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    /// A ledger for tokens, in a folder of its own.
    fn ledger() -> (tempfile::TempDir, Ledger) {
        let dir = tempfile::tempdir().expect("a folder");
        let ledger = ledger::open(dir.path(), &[], Clock::new(|| 0)).expect("the folder takes a ledger");
        (dir, ledger)
    }

    fn create(ledger: &Ledger, name: &str) -> String {
        ledger.tokens().create(name).expect("the name is free")
    }

    fn sent(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a header value"))])
    }

    /// The cookie of a new session as a browser sends it back.
    fn session(access: &Access, token: &str) -> HeaderMap {
        let line = access.log_in(token, PEER, 1_000, false).expect("the token is in force");
        let pair = line.to_str().expect("ASCII").split(';').next().unwrap_or("").to_owned();
        sent(COOKIE, &format!("theme=dark; {pair}"))
    }

    #[test]
    fn without_any_token_loopback_is_open_and_every_other_listener_shut() {
        let (_dir, ledger) = ledger();
        for (loopback, entry) in [(true, Entry::Unguarded), (false, Entry::NoToken)] {
            let access = Access::new(loopback, &[1; 32], ledger.tokens());
            assert_eq!(access.entry(&HeaderMap::new(), PEER, 0), entry);
        }
    }

    #[test]
    fn once_a_token_was_made_loopback_wants_one_too_even_when_all_are_revoked() {
        let (_dir, ledger) = ledger();
        let access = Access::new(true, &[1; 32], ledger.tokens());
        create(&ledger, "a");
        assert_eq!(access.entry(&HeaderMap::new(), PEER, 0), Entry::Refused, "in force at once");
        ledger.tokens().revoke("a").expect("it is in force");
        assert_eq!(access.entry(&HeaderMap::new(), PEER, 0), Entry::Refused, "and it stays shut");
    }

    #[test]
    fn a_token_in_force_opens_and_any_other_does_not() {
        let (_dir, ledger) = ledger();
        let (a, b) = (create(&ledger, "a"), create(&ledger, "b"));
        let access = Access::new(false, &[1; 32], ledger.tokens());
        let entry = |value: &str| access.entry(&sent(AUTHORIZATION, value), PEER, 0);
        assert_eq!(entry(&format!("Bearer {a}")), Entry::Token);
        assert_eq!(entry(&format!("bearer {b}")), Entry::Token, "the scheme's case does not matter");
        for wrong in ["Bearer inlay_c", "Bearer ", &format!("Basic {a}"), a.as_str()] {
            assert_eq!(entry(wrong), Entry::Refused, "{wrong}");
        }
        ledger.tokens().revoke("a").expect("it is in force");
        assert_eq!(entry(&format!("Bearer {a}")), Entry::Refused, "revoked a moment ago");
    }

    #[test]
    fn a_revoked_token_ends_its_sessions_and_no_others() {
        let (_dir, ledger) = ledger();
        let (a, b) = (create(&ledger, "a"), create(&ledger, "b"));
        let access = Access::new(false, &[1; 32], ledger.tokens());
        let (a, b) = (session(&access, &a), session(&access, &b));
        assert_eq!(access.entry(&a, PEER, 1_001), Entry::Session);
        ledger.tokens().revoke("a").expect("it is in force");
        create(&ledger, "a");
        assert_eq!(access.entry(&a, PEER, 1_001), Entry::Refused, "also where its name was given again");
        assert_eq!(access.entry(&b, PEER, 1_001), Entry::Session);
    }

    #[test]
    fn a_pasted_token_may_have_blanks_around_it() {
        let (_dir, ledger) = ledger();
        let token = create(&ledger, "a");
        let access = Access::new(false, &[1; 32], ledger.tokens());
        assert!(access.log_in(&format!(" {token}\n"), PEER, 0, false).is_ok());
    }

    #[test]
    fn who_guesses_waits_while_a_token_and_a_session_open_as_ever() {
        let (_dir, ledger) = ledger();
        let token = create(&ledger, "a");
        let access = Access::new(false, &[1; 32], ledger.tokens());
        let cookie = session(&access, &token);
        let guess = sent(AUTHORIZATION, "Bearer guess");
        let last = (0..20).map(|_| access.entry(&guess, PEER, 2_000)).last();
        assert_eq!(last, Some(Entry::Wait(60)));
        assert_eq!(access.log_in("guess", PEER, 2_030, false), Err(Entry::Wait(30)), "the form waits with it");
        assert!(access.log_in(&token, PEER, 2_030, false).is_ok(), "who has the token is let in");
        let bearer = sent(AUTHORIZATION, &format!("Bearer {token}"));
        assert_eq!(access.entry(&bearer, PEER, 2_030), Entry::Token, "and so is a program with it");
        assert_eq!(access.entry(&cookie, PEER, 2_030), Entry::Session, "who is in stays in");
    }
}
