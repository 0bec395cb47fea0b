//! The answer's media type as browsers read it (WHATWG Fetch, "extract a MIME type"): over bytes, in every member of every
//! line; the last that can be read counts, and one of the same type before it lends it its charset.

use encoding_rs::Encoding;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::list::members;

/// A media type as it stands in the field.
#[derive(Debug, Clone, Copy)]
struct MediaType<'a> {
    /// Type and subtype.
    essence: &'a [u8],
    /// The label without its quotes.
    charset: Option<&'a [u8]>,
}

/// Whether the answer's media type is one of these.
pub(super) fn is(headers: &HeaderMap, wanted: &[&str]) -> bool {
    extract(headers).is_some_and(|found| wanted.iter().any(|one| found.essence.eq_ignore_ascii_case(one.as_bytes())))
}

/// The encoding that `Content-Type` names, by the labels that browsers know (WHATWG Encoding, section 4.2).
pub(super) fn charset(headers: &HeaderMap) -> Option<&'static Encoding> {
    Encoding::for_label(extract(headers)?.charset?)
}

fn extract(headers: &HeaderMap) -> Option<MediaType<'_>> {
    let mut found: Option<MediaType<'_>> = None;
    let mut lent = None;
    for mut next in members(headers, &CONTENT_TYPE).filter_map(parse) {
        if !found.is_some_and(|before| before.essence.eq_ignore_ascii_case(next.essence)) {
            lent = next.charset;
        }
        next.charset = next.charset.or(lent);
        found = Some(next);
    }
    found
}

/// WHATWG MIME Sniffing, section 4.4; `*/*` says nothing.
fn parse(member: &[u8]) -> Option<MediaType<'_>> {
    let end = memchr::memchr(b';', member).unwrap_or(member.len());
    let (essence, parameters) = member.split_at(end);
    let essence = essence.trim_ascii();
    let (kind, subtype) = essence.split_at(memchr::memchr(b'/', essence)?);
    let subtype = subtype.get(1..).unwrap_or_default();
    let readable = is_token(kind) && is_token(subtype) && essence != b"*/*";
    readable.then(|| MediaType { essence, charset: charset_of(parameters) })
}

/// The first `charset` among parameters, which begin with a `;`.
fn charset_of(mut parameters: &[u8]) -> Option<&[u8]> {
    while let [b';', rest @ ..] = parameters {
        let rest = rest.trim_ascii_start();
        let (name, rest) = rest.split_at(memchr::memchr2(b';', b'=', rest).unwrap_or(rest.len()));
        let (value, rest) = match rest {
            [b'=', b'"', quoted @ ..] => {
                let (value, rest) = quoted.split_at(end_of_quoted(quoted));
                (Some(value), rest)
            }
            [b'=', plain @ ..] => {
                let (value, rest) = plain.split_at(memchr::memchr(b';', plain).unwrap_or(plain.len()));
                let value = value.trim_ascii_end();
                ((!value.is_empty()).then_some(value), rest)
            }
            _ => (None, rest),
        };
        if name.eq_ignore_ascii_case(b"charset") && value.is_some() {
            return value;
        }
        parameters = rest.get(memchr::memchr(b';', rest)?..).unwrap_or_default();
    }
    None
}

fn end_of_quoted(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    let is_one = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_one)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn answer(lines: &[&[u8]]) -> HeaderMap {
        let value = |line: &&[u8]| HeaderValue::from_bytes(line).expect("a field's value");
        lines.iter().map(|line| (CONTENT_TYPE, value(line))).collect()
    }

    #[test]
    fn a_charset_is_known_by_every_label_of_it() {
        for (value, name) in [
            ("text/html; charset=utf-16", Some("UTF-16LE")),
            ("text/html;charset=\"Unicode\"", Some("UTF-16LE")),
            ("text/html; CHARSET=csISO2022JP", Some("ISO-2022-JP")),
            ("text/html; charset=hz-gb-2312", Some("replacement")),
            ("text/html; a=\"; charset=utf-16\"; charset=utf-8", Some("UTF-8")),
            ("text/html; charset=; charset=big5; charset=utf-16", Some("Big5")),
            ("text/html", None),
        ] {
            assert_eq!(charset(&answer(&[value.as_bytes()])).map(Encoding::name), name, "charset of {value}");
        }
    }

    #[test]
    fn the_last_type_that_can_be_read_counts_and_its_own_kind_lends_it_a_charset() {
        for (lines, html, name) in [
            (&[&b"text/html, text/html"[..]][..], true, None),
            (&[b"TEXT/HTML ;x=y"], true, None),
            (&[b"text/html; n=\xe9"], true, None),
            (&[b"text/html; charset=utf-16", b"text/html"], true, Some("UTF-16LE")),
            (&[b"text/html; charset=utf-16, Text/HTML"], true, Some("UTF-16LE")),
            (&[b"text/html; charset=utf-16", b"text/html; charset=utf-8"], true, Some("UTF-8")),
            (&[b"text/plain; charset=utf-16", b"text/html"], true, None),
            (&[b"text/html", b"text/plain"], false, None),
            (&[b"text/html", b"*/*"], true, None),
            (&[b"text/html", b"nothing"], true, None),
            (&[b"text / html"], false, None),
            (&[b"text/html/x"], false, None),
            (&[], false, None),
        ] {
            let headers = answer(lines);
            let lines: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
            assert_eq!(is(&headers, &["text/html"]), html, "whether {lines:?} is HTML");
            assert_eq!(charset(&headers).map(Encoding::name), name, "charset of {lines:?}");
        }
    }
}
