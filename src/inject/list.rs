//! Header fields that are lists (RFC 9110 section 5.6.1), read as bytes: a byte that is no ASCII in one member must not hide
//! what the others say.

use http::{HeaderMap, HeaderName};

/// The members of a list field, all its lines, separated by the commas outside of quoted strings.
pub(super) fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).iter().flat_map(|line| Members(line.as_bytes()))
}

/// Whether a list field has this token, with or without an argument.
pub(super) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.contains_key(name)
        && members(headers, name).any(|member| split(member).0.eq_ignore_ascii_case(token.as_bytes()))
}

/// A member's name and argument, the argument without its quotes.
pub(super) fn split(member: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some(at) = memchr::memchr(b'=', member) else { return (member.trim_ascii(), None) };
    let (name, argument) = member.split_at(at);
    let argument = argument.get(1..).unwrap_or_default().trim_ascii();
    let argument = argument.strip_prefix(b"\"").unwrap_or(argument);
    (name.trim_ascii(), Some(argument.strip_suffix(b"\"").unwrap_or(argument)))
}

/// The rest of a line, member by member.
struct Members<'a>(&'a [u8]);

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.0.is_empty() {
            let (member, rest) = self.0.split_at(end_of_member(self.0));
            self.0 = rest.get(1..).unwrap_or_default();
            let member = member.trim_ascii();
            if !member.is_empty() {
                return Some(member);
            }
        }
        None
    }
}

/// Where the first comma outside of quotes stands.
fn end_of_member(line: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::CACHE_CONTROL;

    use super::*;

    #[test]
    fn a_comma_in_quotes_separates_nothing() {
        let members: Vec<&[u8]> = Members(b"private=\"a, b\", max-age=1 ,,no-store").collect();
        assert_eq!(members, [&b"private=\"a, b\""[..], b"max-age=1", b"no-store"]);
    }

    #[test]
    fn a_byte_that_is_no_ascii_hides_no_other_member() {
        let line = HeaderValue::from_bytes(b"x=\"\xe9\", No-Transform").expect("a field's value");
        let headers = HeaderMap::from_iter([(CACHE_CONTROL, line)]);
        assert!(has_token(&headers, &CACHE_CONTROL, "no-transform"));
    }
}
