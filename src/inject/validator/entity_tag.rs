//! Entity tags as they stand in fields (RFC 9110 section 8.8.3), and ours among them.
//!
//! Ours is `W/"inlay-<template>-<kind><value>"`: eight hex digits that name the tags in the page, a letter, and what the
//! origin's own validator was. It is weak, since two bodies with it need not be the same bytes (section 8.8.1). Every byte
//! that is legal in an origin's tag is legal in ours, so nothing is escaped, and each of ours comes from one thing alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

/// How every tag of ours begins behind its quote, those of other versions too.
const PREFIX: &[u8] = b"inlay-";
/// The longest tag of an origin's that is taken into ours: it comes back in a request, whose header the origin bounds.
const LONGEST: usize = 512;
/// The first second that HTTP has no date for: the year 10000.
const END_OF_DATES: u64 = 253_402_300_800;

/// An entity tag, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntityTag<'a> {
    pub(super) weak: bool,
    pub(super) opaque: &'a [u8],
}

/// A member of `If-None-Match`. Browsers send back what an origin called its tag, be it one or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member<'a> {
    Tag(EntityTag<'a>),
    /// `*`, or no entity tag.
    Other(&'a [u8]),
}

/// What the origin gave as its page's validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origins<'a> {
    Strong(&'a [u8]),
    Weak(&'a [u8]),
    /// A time of the last change and no tag: seconds since 1970.
    Date(u64),
}

/// A tag of ours: the tags in the copy, and which of the origin's pages it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Own<'a> {
    pub(super) template: u32,
    pub(super) origins: Origins<'a>,
}

impl<'a> EntityTag<'a> {
    /// A field that is one entity tag and nothing else.
    pub(super) fn parse(value: &'a [u8]) -> Option<EntityTag<'a>> {
        match take(value.trim_ascii())? {
            (tag, b"") => Some(tag),
            _ => None,
        }
    }

    /// Whether it is ours, of whatever version and whatever tags.
    pub(super) fn is_ours(self) -> bool {
        self.weak && self.opaque.starts_with(PREFIX)
    }
}

/// The members of one line of `If-None-Match`.
pub(super) fn members(mut line: &[u8]) -> impl Iterator<Item = Member<'_>> {
    std::iter::from_fn(move || {
        line = line.trim_ascii_start();
        while let [b',', rest @ ..] = line {
            line = rest.trim_ascii_start();
        }
        if line.is_empty() {
            return None;
        }
        if let Some((tag, rest)) = take(line).filter(|(_, rest)| matches!(rest.trim_ascii_start(), [] | [b',', ..])) {
            line = rest;
            return Some(Member::Tag(tag));
        }
        let (other, rest) = line.split_at(memchr::memchr(b',', line).unwrap_or(line.len()));
        line = rest;
        Some(Member::Other(other.trim_ascii_end()))
    })
}

/// An entity tag at the beginning, and what is behind it. A backslash is a character like others.
fn take(text: &[u8]) -> Option<(EntityTag<'_>, &[u8])> {
    let (weak, quoted) = match text {
        [b'W', b'/', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let inside = quoted.strip_prefix(b"\"")?;
    let (opaque, rest) = inside.split_at(memchr::memchr(b'"', inside)?);
    let legal = opaque.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff));
    legal.then(|| (EntityTag { weak, opaque }, rest.get(1..).unwrap_or_default()))
}

impl<'a> Origins<'a> {
    /// An origin's `ETag`; `None` where it is no entity tag, or too long to be carried.
    pub(super) fn tag(value: &'a [u8]) -> Option<Origins<'a>> {
        let tag = EntityTag::parse(value).filter(|_| value.len() <= LONGEST)?;
        Some(if tag.weak { Origins::Weak(tag.opaque) } else { Origins::Strong(tag.opaque) })
    }

    /// An origin's `Last-Modified`; `None` where it is not a date as HTTP writes it today: only such a one comes back as it
    /// went.
    pub(super) fn date(value: &HeaderValue) -> Option<Origins<'a>> {
        let text = value.to_str().ok()?;
        let time = httpdate::parse_http_date(text).ok()?;
        let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
        (date(seconds)? == text).then_some(Origins::Date(seconds))
    }

    /// As it stands in a condition: a tag in `If-None-Match`, a date in `If-Modified-Since`.
    pub(super) fn write(self, to: &mut Vec<u8>) {
        match self {
            Origins::Strong(opaque) => write_tag(to, b"\"", opaque),
            Origins::Weak(opaque) => write_tag(to, b"W/\"", opaque),
            Origins::Date(seconds) => to.extend(date(seconds).unwrap_or_default().into_bytes()),
        }
    }
}

fn write_tag(to: &mut Vec<u8>, opening: &[u8], opaque: &[u8]) {
    to.extend_from_slice(opening);
    to.extend_from_slice(opaque);
    to.push(b'"');
}

/// The date of HTTP (RFC 9110 section 5.6.7).
fn date(seconds: u64) -> Option<String> {
    let time: SystemTime = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    (seconds < END_OF_DATES).then(|| httpdate::fmt_http_date(time))
}

impl<'a> Own<'a> {
    /// Reads a tag back that we made. What we would not have made is none of ours.
    pub(super) fn parse(tag: EntityTag<'a>) -> Option<Own<'a>> {
        let rest = tag.opaque.strip_prefix(PREFIX).filter(|_| tag.weak)?;
        let (template, rest) = rest.split_at_checked(8)?;
        let template = u32::try_from(hex(template)?).ok()?;
        let [b'-', kind, value @ ..] = rest else { return None };
        let origins = match kind {
            b's' if value.len() + 2 <= LONGEST => Origins::Strong(value),
            b'w' if value.len() + 4 <= LONGEST => Origins::Weak(value),
            b'd' if value.first() != Some(&b'0') || value == b"0" => {
                Origins::Date(hex(value).filter(|seconds| *seconds < END_OF_DATES)?)
            }
            _ => return None,
        };
        Some(Own { template, origins })
    }

    /// The field's value.
    pub(super) fn value(&self) -> Option<HeaderValue> {
        let mut value = b"W/\"inlay-".to_vec();
        value.extend(format!("{:08x}-", self.template).into_bytes());
        match self.origins {
            Origins::Strong(opaque) => write_tag(&mut value, b"s", opaque),
            Origins::Weak(opaque) => write_tag(&mut value, b"w", opaque),
            Origins::Date(seconds) => write_tag(&mut value, b"d", format!("{seconds:x}").as_bytes()),
        }
        HeaderValue::from_bytes(&value).ok()
    }
}

/// Lower hex digits and nothing else.
fn hex(digits: &[u8]) -> Option<u64> {
    let are_digits = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let text = std::str::from_utf8(digits).ok().filter(|_| are_digits)?;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members_of(line: &[u8]) -> Vec<Member<'_>> {
        members(line).collect()
    }

    #[test]
    fn a_list_of_tags_is_read_as_rfc_9110_writes_it_and_what_is_none_is_stepped_over() {
        let tag = |weak, opaque| Member::Tag(EntityTag { weak, opaque });
        for (line, wanted) in [
            (&b"\"a\""[..], vec![tag(false, &b"a"[..])]),
            (b" , \"a\" ,W/\"b,c\",, \"\"", vec![tag(false, b"a"), tag(true, b"b,c"), tag(false, b"")]),
            (b"\"a\\\", \"b\"", vec![tag(false, b"a\\"), tag(false, b"b")]),
            (b"*", vec![Member::Other(b"*")]),
            (b"abc123, \"a\"", vec![Member::Other(b"abc123"), tag(false, b"a")]),
            (b"w/\"a\", \"b\"", vec![Member::Other(b"w/\"a\""), tag(false, b"b")]),
            (b"\"a\"b, \"c\"", vec![Member::Other(b"\"a\"b"), tag(false, b"c")]),
            (b"\"a b\"", vec![Member::Other(b"\"a b\"")]),
            (b"\"a", vec![Member::Other(b"\"a")]),
            (b"\"\xe9\"", vec![tag(false, b"\xe9")]),
            (b" , ", vec![]),
        ] {
            assert_eq!(members_of(line), wanted, "{:?}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn what_cannot_be_carried_is_told_from_what_can() {
        let long = format!("\"{}\"", "x".repeat(LONGEST - 1));
        for value in ["abc123", "\"a", "\"a\", \"b\"", "\"a b\"", "", "*", long.as_str()] {
            assert_eq!(Origins::tag(value.as_bytes()), None, "{value}");
        }
        assert_eq!(Origins::tag(b"W/\"\""), Some(Origins::Weak(b"")));
        let date = |text| Origins::date(&HeaderValue::from_static(text));
        assert_eq!(date("Tue, 24 Nov 2026 08:00:00 GMT"), Some(Origins::Date(1_795_507_200)));
        for other in ["Tuesday, 24-Nov-26 08:00:00 GMT", "Mon, 24 Nov 2026 08:00:00 GMT", "yesterday", "0"] {
            assert_eq!(date(other), None, "{other} would come back as another text");
        }
    }

    #[test]
    fn a_tag_that_we_would_not_have_made_is_none_of_ours() {
        for opaque in [
            "inlay-0000000-sa",
            "inlay-0000000G-sa",
            "inlay-0000000A-sa",
            "inlay-00000000-xa",
            "inlay-00000000sa",
            "inlay-00000000-d01",
            "inlay-00000000-dA",
            "inlay-00000000-d",
            "inlay-00000000-d3afff44180",
            "inlay-00000000-dffffffffffffffffff",
            "inlay-",
        ] {
            let tag = EntityTag { weak: true, opaque: opaque.as_bytes() };
            assert_eq!(Own::parse(tag), None, "{opaque}");
            assert!(tag.is_ours(), "{opaque} is taken out all the same where it cannot be answered");
        }
        let strong = EntityTag { weak: false, opaque: b"inlay-00000000-sa" };
        assert!(!strong.is_ours() && Own::parse(strong).is_none(), "an origin's own");
    }

    fn opaque() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0x21_u8), 0x23..=0x7e_u8, 0x80..=0xff_u8];
        prop_oneof![
            prop::collection::vec(byte, 0..500),
            "inlay-[0-9a-f]{8}-[swdx][0-9a-f\\\\]{0,12}".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        /// Whatever an origin gives, ours comes from it alone and gives it back to the byte.
        #[test]
        fn each_of_our_tags_comes_from_one_thing_and_gives_it_back(
            template: u32, opaque in opaque(), seconds in 0..END_OF_DATES, kind in 0..3_usize,
        ) {
            let mut sent = Vec::new();
            let origins = match kind {
                0 => Origins::Strong(&opaque),
                1 => Origins::Weak(&opaque),
                _ => Origins::Date(seconds),
            };
            origins.write(&mut sent);
            let own = Own { template, origins };
            let value = own.value().expect("a field's value");
            let tag = EntityTag::parse(value.as_bytes()).expect("an entity tag");
            prop_assert_eq!(Own::parse(tag), Some(own));
            let mut back = Vec::new();
            Own::parse(tag).expect("ours").origins.write(&mut back);
            prop_assert_eq!(&back, &sent);
            let of_field = if kind == 2 {
                Origins::date(&HeaderValue::from_bytes(&sent).expect("a date"))
            } else {
                Origins::tag(&sent)
            };
            prop_assert_eq!(of_field, Some(origins), "and what went up is read as what came");
        }

        /// And the other way: no two texts are the same tag of ours.
        #[test]
        fn what_is_read_as_ours_is_written_again_as_it_was(opaque in opaque()) {
            let tag = EntityTag { weak: true, opaque: &opaque };
            if let Some(own) = Own::parse(tag) {
                let value = own.value().expect("a field's value");
                prop_assert_eq!(EntityTag::parse(value.as_bytes()), Some(tag));
            }
        }

        #[test]
        fn no_line_at_all_makes_it_panic(line in prop::collection::vec(any::<u8>(), 0..80)) {
            for member in members(&line) {
                if let Member::Tag(tag) = member {
                    _ = Own::parse(tag);
                }
            }
        }
    }
}
