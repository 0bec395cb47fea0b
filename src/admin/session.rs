//! Sessions: what the login form's cookie says, and whether it holds.
//!
//! A cookie is `<end>.<number>.<mac>`: seconds since 1970, the session's number in this process, and an HMAC of both and of the
//! token's hash under a key that the process draws when it starts. It does not hold the token, and nobody who reads the ledger can
//! make one. It ends with its token, its time, the process, or by logging out, which is all that has to be remembered.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use http::HeaderValue;
use ring::hmac;

/// The cookie's name. The proxy takes cookies that begin with `inlay_` out of what a site's server gets, which matters here:
/// browsers send a cookie to every port of a host.
pub(super) const COOKIE_NAME: &str = "inlay_admin";
/// How long a session lasts, in seconds: 30 days.
const LASTS_S: i64 = 30 * 86_400;

/// How many ended sessions are remembered; of more, those go whose time is over soonest. Each was begun with a token.
const ENDED: usize = 4_096;

/// What sessions are made and checked with.
#[derive(Debug)]
pub(super) struct Sessions {
    key: hmac::Key,
    begun: AtomicU64,
    /// Those that were logged out of before their time, by end and number.
    ended: Mutex<BTreeSet<(i64, u64)>>,
}

impl Sessions {
    /// `key`: random, new for each process.
    pub(super) fn new(key: &[u8; 32]) -> Sessions {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Sessions { key, begun: AtomicU64::new(0), ended: Mutex::default() }
    }

    /// A session of the token with this hash: its `Set-Cookie`. `now_s`: seconds since 1970. `secure`: for https alone.
    pub(super) fn begin(&self, hash: &[u8; 32], now_s: i64, secure: bool) -> HeaderValue {
        let end = now_s.saturating_add(LASTS_S);
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let mac = hmac::sign(&self.key, &message(end, number, hash));
        set_cookie(&format!("{end}.{number}.{}", hex(mac.as_ref())), LASTS_S, secure)
    }

    /// Whether a cookie's value is a session of the token with this hash, and is not over.
    pub(super) fn holds(&self, value: &str, hash: &[u8; 32], now_s: i64) -> bool {
        let Some((end, number, mac)) = parts(value) else { return false };
        let over = end <= now_s || self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains(&(end, number));
        !over && hmac::verify(&self.key, &message(end, number, hash), &mac).is_ok()
    }

    /// Ends a session that holds, before its time.
    pub(super) fn end(&self, value: &str, now_s: i64) {
        let Some((end, number, _)) = parts(value) else { return };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|(end, _)| *end > now_s);
        ended.insert((end, number));
        if ended.len() > ENDED {
            ended.pop_first();
        }
    }

    /// Whether two hashes are equal, in a time that does not depend on where they differ: their MACs are compared.
    pub(super) fn are_equal(&self, one: &[u8; 32], other: &[u8; 32]) -> bool {
        hmac::verify(&self.key, one, hmac::sign(&self.key, other).as_ref()).is_ok()
    }
}

/// The `Set-Cookie` that makes a browser forget its session.
pub(super) fn forget(secure: bool) -> HeaderValue {
    set_cookie("", 0, secure)
}

fn set_cookie(session: &str, max_age_s: i64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let line = format!("{COOKIE_NAME}={session}; Max-Age={max_age_s}; Path=/; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(line).expect("a cookie of digits and dots is a header value")
}

/// What a session's MAC is made of; longer than a hash, so it is never the MAC that hashes are compared by.
fn message(end: i64, number: u64, hash: &[u8; 32]) -> Vec<u8> {
    [b"session".as_slice(), &end.to_be_bytes(), &number.to_be_bytes(), hash].concat()
}

fn parts(value: &str) -> Option<(i64, u64, Vec<u8>)> {
    let (end, rest) = value.split_once('.')?;
    let (number, mac) = rest.split_once('.')?;
    Some((end.parse().ok()?, number.parse().ok()?, unhex(mac)?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: [u8; 32] = [3; 32];

    fn begin(sessions: &Sessions) -> String {
        let line = sessions.begin(&TOKEN, 1_000, false);
        let line = line.to_str().expect("ASCII").to_owned();
        line.strip_prefix("inlay_admin=").and_then(|rest| rest.split(';').next()).expect("a value").to_owned()
    }

    #[test]
    fn a_session_lasts_until_its_end() {
        let sessions = Sessions::new(&[1; 32]);
        let value = begin(&sessions);
        assert!(sessions.holds(&value, &TOKEN, 1_000 + LASTS_S - 1));
        assert!(!sessions.holds(&value, &TOKEN, 1_000 + LASTS_S));
    }

    #[test]
    fn a_session_cannot_be_made_up_moved_on_or_carried_elsewhere() {
        let sessions = Sessions::new(&[1; 32]);
        let value = begin(&sessions);
        assert!(!sessions.holds(&value, &[4; 32], 1_001), "another token's");
        assert!(!Sessions::new(&[2; 32]).holds(&value, &TOKEN, 1_001), "another process's");
        let parts: Vec<&str> = value.split('.').collect();
        let [end, number, mac] = parts.as_slice() else { panic!("an end, a number and a MAC: {value}") };
        for made_up in [
            format!("9999999999.{number}.{mac}"),
            format!("{end}.7.{mac}"),
            format!("+{end}.{number}.{mac}0"),
            "9999999999.0.".into(),
            "x.0.00".into(),
            (*mac).to_owned(),
            "".into(),
        ] {
            assert!(!sessions.holds(&made_up, &TOKEN, 1_001), "{made_up}");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_strangers() {
        let line = Sessions::new(&[1; 32]).begin(&TOKEN, 0, false);
        let line = line.to_str().expect("ASCII");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
            assert!(line.split("; ").any(|found| found == part), "{part} in {line}");
        }
        assert!(!line.contains(&hex(&TOKEN)), "it does not hold what opens");
        assert!(!line.contains("Secure"), "over plain http it would be thrown away");
        let over_https = Sessions::new(&[1; 32]).begin(&TOKEN, 0, true);
        assert!(over_https.to_str().is_ok_and(|line| line.ends_with("; Secure")), "and stays there");
        assert!(forget(false).to_str().is_ok_and(|line| line.starts_with("inlay_admin=; Max-Age=0; Path=/;")));
    }

    #[test]
    fn a_session_that_was_ended_stays_ended_and_takes_no_other_with_it() {
        let sessions = Sessions::new(&[1; 32]);
        let (one, other) = (begin(&sessions), begin(&sessions));
        sessions.end(&one, 1_001);
        assert!(!sessions.holds(&one, &TOKEN, 1_002), "a copy of it opens nothing");
        assert!(sessions.holds(&other, &TOKEN, 1_002), "begun in the same second, with the same token");
    }

    #[test]
    fn what_is_remembered_of_ended_sessions_is_bounded_and_forgotten_in_time() {
        let sessions = Sessions::new(&[1; 32]);
        for _ in 0..2 * ENDED {
            sessions.end(&begin(&sessions), 1_001);
        }
        let remembered = || sessions.ended.lock().expect("no test panics inside").len();
        assert_eq!(remembered(), ENDED);
        sessions.end(&begin(&sessions), 1_000 + LASTS_S);
        assert_eq!(remembered(), 1, "those whose time is over hold nothing by themselves");
    }

    #[test]
    fn hashes_are_equal_only_to_themselves() {
        let sessions = Sessions::new(&[1; 32]);
        assert!(sessions.are_equal(&TOKEN, &TOKEN));
        assert!(!sessions.are_equal(&TOKEN, &[4; 32]));
    }
}
