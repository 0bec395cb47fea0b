//! The `Cookie` field: finding the opt-out in it, and taking Inlay's own cookies out of what the origin sees.
//!
//! Browsers send `name=value` pairs with `; ` between them (RFC 6265 section 5.4). What others make of the field on its way
//! is read too: several lines, other blanks, lines joined by commas. Only bytes are compared, nothing is decoded.

use http::HeaderValue;
use memchr::memmem;

/// The cookie by which a visitor says no. Any value but empty or `0` is a no.
pub const OPT_OUT_COOKIE: &str = "inlay_optout";

/// How the names of Inlay's own cookies begin.
const OWN: &str = "inlay_";

/// A `Cookie` line without Inlay's own cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Stripped {
    /// None was in it: the line goes up as it is.
    Unchanged,
    /// What is left of it, byte for byte.
    Rest(HeaderValue),
    /// Nothing is left: the line is not sent.
    Nothing,
}

/// Whether a `Cookie` line holds the opt-out cookie with a value that is a no.
///
/// A pair may also begin behind a comma, because some intermediaries join lines that way; its value then goes on to the next
/// semicolon. The bare name without `=` is a no: nobody who takes the no back leaves that behind. Quotes belong to the value.
pub(super) fn refuses(line: &[u8]) -> bool {
    // Looked for in one pass first: nearly every request ends here (`proxy` asks this of each one).
    if memmem::find(line, OPT_OUT_COOKIE.as_bytes()).is_none() {
        return false;
    }
    line.split(|&byte| byte == b';').any(|pair| {
        let behind_commas = memchr::memchr_iter(b',', pair).filter_map(|comma| pair.get(comma + 1..));
        std::iter::once(pair).chain(behind_commas).any(pair_refuses)
    })
}

fn pair_refuses(pair: &[u8]) -> bool {
    let (name, value) = split_pair(pair);
    name == OPT_OUT_COOKIE.as_bytes() && value.is_none_or(|value| !value.is_empty() && value != b"0")
}

/// Takes Inlay's own cookies, except the opt-out, out of a `Cookie` line: another Inlay behind this one, or the site itself,
/// may have to honour the opt-out. Every other byte stays as it came.
pub fn strip_own(line: &HeaderValue) -> Stripped {
    let bytes = line.as_bytes();
    if memmem::find(bytes, OWN.as_bytes()).is_none() || !bytes.split(|&byte| byte == b';').any(is_own) {
        return Stripped::Unchanged;
    }
    let mut rest = Vec::with_capacity(bytes.len());
    let mut first = true;
    for pair in bytes.split(|&byte| byte == b';').filter(|pair| !is_own(pair)) {
        if !first {
            rest.push(b';');
        }
        rest.extend_from_slice(pair);
        first = false;
    }
    // Blanks that stood behind a removed first pair's semicolon.
    let rest = rest.trim_ascii_start();
    if rest.iter().all(|&byte| byte == b';' || byte.is_ascii_whitespace()) {
        return Stripped::Nothing;
    }
    Stripped::Rest(
        HeaderValue::from_bytes(rest).expect("bytes of a field's value, some taken out, are a field's value"),
    )
}

/// Whether a pair is a cookie of Inlay's that the origin does not see.
fn is_own(pair: &[u8]) -> bool {
    let (name, _) = split_pair(pair);
    name.starts_with(OWN.as_bytes()) && name != OPT_OUT_COOKIE.as_bytes()
}

/// Name and value without the blanks around them; no value where there is no `=`.
fn split_pair(pair: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = pair.splitn(2, |&byte| byte == b'=');
    let name = parts.next().unwrap_or_default().trim_ascii();
    (name, parts.next().map(<[u8]>::trim_ascii))
}
