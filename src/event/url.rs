//! Addresses as an event may hold them: no query but the kept keys, no fragment, no user names, bounded, valid UTF-8.
//!
//! Takes the raw bytes of a request and borrows from them where nothing has to change. Called by `enrich`.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::query;

/// Longest path, and longest referrer, of an event in bytes.
pub(crate) const MAX_PATH: usize = 1024;
/// The kept query may take as much again, so that a long path does not push it out.
pub(crate) const MAX_QUERY: usize = 1024;
/// Longest host in bytes (RFC 1035 section 2.3.4 allows 253 characters of a name; IPv6 addresses are shorter).
const MAX_HOST: usize = 253;

/// A request target in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// The raw path; empty where the target names none.
    path: &'a [u8],
    /// The raw query, without `?` and fragment.
    pub(crate) query: &'a [u8],
}

/// The page that a visitor came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Referrer<'a> {
    /// Scheme, host, port and path.
    pub(crate) url: Cow<'a, str>,
    /// The host alone, lower case.
    pub(crate) host: Cow<'a, str>,
}

impl<'a> Target<'a> {
    /// Takes a target apart: `/path?query`, or the absolute form that a request to a proxy has.
    pub(crate) fn parse(raw: &'a [u8]) -> Target<'a> {
        let raw = until(raw, |byte| byte == b'#');
        let local = match (raw.first(), scheme(raw)) {
            (Some(b'/'), _) | (_, None) => raw,
            (_, Some(behind)) => split(behind, authority_end).1,
        };
        let (path, query) = split(local, |byte| byte == b'?');
        Target { path, query: query.get(1..).unwrap_or(b"") }
    }

    /// The path with the pairs of `keep` behind it, in that order and as they were sent; the first where a key comes twice.
    pub(crate) fn path(&self, keep: &[String]) -> Cow<'a, str> {
        let path = if self.path.is_empty() { Cow::Borrowed("/") } else { readable(self.path, MAX_PATH) };
        let kept = keep.iter().filter_map(|key| {
            query::pairs(self.query)
                .find(|pair| pair.name == key.as_bytes() || *query::decode(pair.name) == *key.as_bytes())
        });
        let mut tail = String::new();
        for pair in kept {
            tail.push(if tail.is_empty() { '?' } else { '&' });
            tail.push_str(&readable(pair.raw, MAX_QUERY));
        }
        if tail.is_empty() {
            return path;
        }
        tail.truncate(tail.floor_char_boundary(MAX_QUERY));
        Cow::Owned(path.into_owned() + &tail)
    }
}

impl<'a> Referrer<'a> {
    /// Reads a `Referer`; `None` for everything but an `http` or `https` address with a host.
    pub(crate) fn parse(raw: &'a [u8]) -> Option<Referrer<'a>> {
        let raw = until(raw.trim_ascii(), |byte| matches!(byte, b'?' | b'#'));
        let behind = scheme(raw)?;
        let (authority, path) = split(behind, authority_end);
        let name = authority.rsplit(|byte| *byte == b'@').next().unwrap_or(authority);
        let (host, port) = host_and_port(name)?;
        let plain =
            name.len() == authority.len() && !raw.get(..raw.len() - path.len())?.iter().any(u8::is_ascii_uppercase);
        let url = if plain {
            readable(raw, MAX_PATH)
        } else {
            let scheme = if raw.len() - behind.len() == HTTP.len() { "http" } else { "https" };
            let colon = if port.is_empty() { "" } else { ":" };
            let text = format!("{scheme}://{}{colon}{port}{}", host.to_ascii_lowercase(), readable(path, MAX_PATH));
            Cow::Owned(cut(&text, MAX_PATH).to_owned())
        };
        Some(Referrer { url, host: lower(host) })
    }
}

/// A `Host` in lower case without its port; `None` where it is no host.
pub(crate) fn host(raw: &[u8]) -> Option<Cow<'_, str>> {
    host_and_port(raw.trim_ascii()).map(|(host, _)| lower(host))
}

const HTTP: &[u8] = b"http://";
const HTTPS: &[u8] = b"https://";

/// What stands behind `http://` or `https://`.
fn scheme(raw: &[u8]) -> Option<&[u8]> {
    [HTTP, HTTPS].iter().find_map(|scheme| {
        let (head, behind) = raw.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(behind)
    })
}

/// Browsers take `\` for `/` in these schemes (WHATWG URL), so a host ends there too.
fn authority_end(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\' | b'?' | b'#')
}

/// Host and port, both checked; a dot at the host's end is cut off.
fn host_and_port(raw: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(raw).ok()?;
    let (host, port) = match text.rfind(']') {
        Some(end) => text.split_at_checked(end + 1)?,
        None => text.split_at_checked(text.find(':').unwrap_or(text.len()))?,
    };
    let port = port.strip_prefix(':').or(port.is_empty().then_some(""))?;
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let valid = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(is_address),
        None => !host.is_empty() && host.bytes().all(is_name),
    };
    let bounded = host.len() <= MAX_HOST && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    (valid && bounded).then_some((host, port))
}

fn lower(host: &str) -> Cow<'_, str> {
    match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(host.to_ascii_lowercase()),
        false => Cow::Borrowed(host),
    }
}

/// The bytes as text of at most `limit` bytes: invalid UTF-8 and ASCII control characters become `%XX`, the rest stays raw.
fn readable(raw: &[u8], limit: usize) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(raw)
        && !text.bytes().any(|byte| byte.is_ascii_control())
    {
        return Cow::Borrowed(cut(text, limit));
    }
    let mut out = String::with_capacity(limit.min(raw.len() * 3));
    for chunk in raw.utf8_chunks() {
        for c in chunk.valid().chars() {
            let size = if c.is_ascii_control() { 3 } else { c.len_utf8() };
            if out.len() + size > limit {
                return Cow::Owned(out);
            }
            if c.is_ascii_control() { escape(&mut out, c as u8) } else { out.push(c) }
        }
        for byte in chunk.invalid() {
            if out.len() + 3 > limit {
                return Cow::Owned(out);
            }
            escape(&mut out, *byte);
        }
    }
    Cow::Owned(out)
}

fn escape(out: &mut String, byte: u8) {
    write!(out, "%{byte:02X}").expect("a String takes every write");
}

fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

fn until(raw: &[u8], end: impl Fn(u8) -> bool) -> &[u8] {
    split(raw, end).0
}

/// The bytes before the first that `at` names, and the rest from it on.
fn split(raw: &[u8], at: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    raw.split_at(raw.iter().position(|byte| at(*byte)).unwrap_or(raw.len()))
}

#[cfg(test)]
mod tests;
