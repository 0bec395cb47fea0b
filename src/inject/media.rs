//! Header fields with tokens and parameters: media types, charsets, lists.

use encoding_rs::Encoding;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName};

/// Whether the answer's media type is this one. Where there are two types, browsers take the last.
pub(super) fn is(headers: &HeaderMap, wanted: &str) -> bool {
    essence(headers).is_some_and(|essence| essence.eq_ignore_ascii_case(wanted))
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(CONTENT_TYPE).iter().next_back()?.to_str().ok()
}

fn essence(headers: &HeaderMap) -> Option<&str> {
    content_type(headers)?.split(';').next().map(str::trim)
}

/// The encoding that `Content-Type` names, by the labels that browsers know (WHATWG Encoding, section 4.2).
pub(super) fn charset(headers: &HeaderMap) -> Option<&'static Encoding> {
    let mut parameters = content_type(headers)?.split(';').skip(1);
    let label = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })?;
    Encoding::for_label(label.as_bytes())
}

/// The members of a list field, all its lines, outside of quoted strings (RFC 9110 section 5.6.1). Lines that are no text
/// have none.
pub(super) fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).flat_map(Members)
}

/// Whether a list field has this token, with or without an argument.
pub(super) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.contains_key(name) && members(headers, name).any(|member| split(member).0.eq_ignore_ascii_case(token))
}

/// A member's name and argument, the argument without its quotes.
pub(super) fn split(member: &str) -> (&str, Option<&str>) {
    match member.split_once('=') {
        Some((name, argument)) => (name.trim(), Some(argument.trim().trim_matches('"'))),
        None => (member.trim(), None),
    }
}

/// The rest of a line, member by member.
struct Members<'a>(&'a str);

impl<'a> Iterator for Members<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while !self.0.is_empty() {
            let end = end_of_member(self.0);
            let (member, rest) = self.0.split_at(end);
            self.0 = rest.strip_prefix(',').unwrap_or(rest);
            if !member.trim().is_empty() {
                return Some(member.trim());
            }
        }
        None
    }
}

/// Where the first comma outside of quotes stands.
fn end_of_member(line: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in line.bytes().enumerate() {
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

    use super::*;

    #[test]
    fn a_comma_in_quotes_separates_nothing() {
        let members: Vec<&str> = Members("private=\"a, b\", max-age=1 ,,no-store").collect();
        assert_eq!(members, ["private=\"a, b\"", "max-age=1", "no-store"]);
    }

    #[test]
    fn a_charset_is_known_by_every_label_of_it() {
        for (value, name) in [
            ("text/html; charset=utf-16", Some("UTF-16LE")),
            ("text/html;charset=\"Unicode\"", Some("UTF-16LE")),
            ("text/html; CHARSET=csISO2022JP", Some("ISO-2022-JP")),
            ("text/html; charset=hz-gb-2312", Some("replacement")),
            ("text/html", None),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            assert_eq!(charset(&headers).map(Encoding::name), name, "charset of {value}");
        }
    }
}
