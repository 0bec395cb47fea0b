//! Sessions: what the login form's cookie says, and whether it holds.
//!
//! A cookie is `<end>.<mac>`: seconds since 1970, and an HMAC of that and of the token's hash under a key that the process draws
//! when it starts. It does not hold the token; nobody who reads the ledger can make one; nothing has to be remembered for it; and
//! it ends with its token, its time, or the process.

use http::HeaderValue;
use ring::hmac;

/// The cookie's name. The proxy takes cookies that begin with `inlay_` out of what a site's server gets, which matters here:
/// browsers send a cookie to every port of a host.
pub(super) const COOKIE_NAME: &str = "inlay_admin";
/// How long a session lasts, in seconds: 30 days.
const LASTS_S: i64 = 30 * 86_400;

/// The key that sessions are made and checked with.
#[derive(Debug)]
pub(super) struct Sessions(hmac::Key);

impl Sessions {
    /// `key`: random, new for each process.
    pub(super) fn new(key: &[u8; 32]) -> Sessions {
        Sessions(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A session of the token with this hash: its `Set-Cookie`. `now_s`: seconds since 1970.
    pub(super) fn begin(&self, hash: &[u8; 32], now_s: i64) -> HeaderValue {
        let end = now_s.saturating_add(LASTS_S);
        let mac = hmac::sign(&self.0, &message(end, hash));
        set_cookie(&format!("{end}.{}", hex(mac.as_ref())), LASTS_S)
    }

    /// Whether a cookie's value is a session of the token with this hash, and is not over.
    pub(super) fn holds(&self, value: &str, hash: &[u8; 32], now_s: i64) -> bool {
        let Some((end, mac)) = value.split_once('.') else { return false };
        let (Ok(end), Some(mac)) = (end.parse::<i64>(), unhex(mac)) else { return false };
        end > now_s && hmac::verify(&self.0, &message(end, hash), &mac).is_ok()
    }

    /// Whether two hashes are equal, in a time that does not depend on where they differ: their MACs are compared.
    pub(super) fn are_equal(&self, one: &[u8; 32], other: &[u8; 32]) -> bool {
        hmac::verify(&self.0, one, hmac::sign(&self.0, other).as_ref()).is_ok()
    }
}

/// The `Set-Cookie` that makes a browser forget its session.
pub(super) fn end() -> HeaderValue {
    set_cookie("", 0)
}

fn set_cookie(session: &str, max_age_s: i64) -> HeaderValue {
    let line = format!("{COOKIE_NAME}={session}; Max-Age={max_age_s}; Path=/; HttpOnly; SameSite=Strict");
    HeaderValue::try_from(line).expect("a cookie of digits and dots is a header value")
}

/// What a session's MAC is made of; longer than a hash, so it is never the MAC that hashes are compared by.
fn message(end: i64, hash: &[u8; 32]) -> Vec<u8> {
    [b"session".as_slice(), &end.to_be_bytes(), hash].concat()
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
        let line = sessions.begin(&TOKEN, 1_000);
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
        let (_, mac) = value.split_once('.').expect("an end and a MAC");
        for made_up in [format!("9999999999.{mac}"), "9999999999.".into(), "x.00".into(), mac.to_owned(), "".into()] {
            assert!(!sessions.holds(&made_up, &TOKEN, 1_001), "{made_up}");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_strangers() {
        let line = Sessions::new(&[1; 32]).begin(&TOKEN, 0);
        let line = line.to_str().expect("ASCII");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
            assert!(line.split("; ").any(|found| found == part), "{part} in {line}");
        }
        assert!(!line.contains(&hex(&TOKEN)), "it does not hold what opens");
        assert!(end().to_str().is_ok_and(|line| line.starts_with("inlay_admin=; Max-Age=0; Path=/;")));
    }

    #[test]
    fn hashes_are_equal_only_to_themselves() {
        let sessions = Sessions::new(&[1; 32]);
        assert!(sessions.are_equal(&TOKEN, &TOKEN));
        assert!(!sessions.are_equal(&TOKEN, &[4; 32]));
    }
}
