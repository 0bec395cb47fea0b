//! `Accept-Encoding` (RFC 9110 section 12.5.3): what a client takes, what is asked of the origin for it, and in what it is sent.
//!
//! Of the origin is asked what the client takes and Inlay can read, never more. The field goes up as it came where that is so
//! already. A weight that cannot be read is taken for a no.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue};

use super::Codings;
use super::codec::Coding;
use super::list::members;
use crate::config::Compress;

/// A weight in thousandths; 0 is a no.
type Weight = u16;
const MOST: Weight = 1000;

/// What a client takes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    /// By the order of [`Coding::ALL`]; `None` for those that are not named.
    codings: [Option<Weight>; Coding::ALL.len()],
    identity: Option<Weight>,
    /// `*`: whatever is not named.
    others: Option<Weight>,
    /// Whether the field is there at all. Without it everything is taken, and nothing is wished for.
    said: bool,
}

impl Accepted {
    /// Reads a request's fields.
    pub(super) fn of(headers: &HeaderMap) -> Accepted {
        let mut accepted = Accepted { said: headers.contains_key(ACCEPT_ENCODING), ..Accepted::default() };
        for member in members(headers, &ACCEPT_ENCODING) {
            let (name, weight) = split(member);
            let place = match name {
                b"*" => &mut accepted.others,
                name if is_identity(name) => &mut accepted.identity,
                name => match Coding::of(name).and_then(|coding| accepted.codings.get_mut(coding as usize)) {
                    Some(place) => place,
                    None => continue,
                },
            };
            // Named twice: the lesser counts, since only it is agreed with by both.
            *place = Some(place.map_or(weight, |before| before.min(weight)));
        }
        accepted
    }

    /// Whether the client takes this coding.
    pub(super) fn takes(&self, coding: Coding) -> bool {
        let named = self.codings.get(coding as usize).copied().flatten();
        !self.said || named.or(self.others).is_some_and(|weight| weight > 0)
    }

    /// Whether the client takes a body in no coding: it does unless it says that it does not.
    fn takes_identity(&self) -> bool {
        self.identity.or(self.others.filter(|weight| *weight == 0)).is_none_or(|weight| weight > 0)
    }

    /// In what a page is sent that came in no coding: what the client has named and likes best. `*` alone is no wish.
    pub(super) fn best(&self) -> Option<Coding> {
        let named =
            Coding::ALL.into_iter().zip(&self.codings).filter_map(|(coding, weight)| Some((coding, (*weight)?)));
        // Of equal ones the last is the greatest: the best comes first.
        let (coding, weight) = named.rev().max_by_key(|(_, weight)| *weight)?;
        let enough = if self.takes_identity() { self.identity.unwrap_or(0).max(1) } else { 1 };
        (weight >= enough).then_some(coding)
    }
}

/// What codings an answer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coded {
    /// None.
    Identity,
    /// One of ours.
    One(Coding),
    /// One that is not ours, or several in a row.
    Unknown,
}

/// Reads an answer's `Content-Encoding`. One beside `identity` is two: Chromium decodes nothing of that.
pub(super) fn coded(headers: &HeaderMap) -> Coded {
    let mut codings = members(headers, &CONTENT_ENCODING);
    match (codings.next(), codings.next()) {
        (None, _) => Coded::Identity,
        (Some(only), None) if is_identity(only) => Coded::Identity,
        (Some(only), None) => Coding::of(only).map_or(Coded::Unknown, Coded::One),
        (Some(_), Some(_)) => Coded::Unknown,
    }
}

/// In which codings a tagged page comes and goes. `None`: it came in one that the client does not take.
pub(super) fn codings(request: &HeaderMap, coded: Coded, compress: Compress) -> Option<Codings> {
    match coded {
        Coded::One(coding) => Accepted::of(request).takes(coding).then_some(Codings::kept(coding)),
        Coded::Identity if compress == Compress::Client => Some(Codings::chosen(Accepted::of(request).best())),
        Coded::Identity | Coded::Unknown => Some(Codings::default()),
    }
}

/// What goes up in the place of a request's `Accept-Encoding`; `None`: as it came. For requests whose pages would be tagged.
pub(super) fn ask(headers: &HeaderMap, compress: Compress) -> Option<HeaderValue> {
    let accepted = Accepted::of(headers);
    if compress != Compress::Pass && accepted.takes_identity() {
        return (!asks_identity_alone(headers)).then_some(IDENTITY);
    }
    narrowed(headers, &accepted)
}

const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

fn asks_identity_alone(headers: &HeaderMap) -> bool {
    let mut names = members(headers, &ACCEPT_ENCODING).map(|member| split(member).0).peekable();
    names.peek().is_some() && names.all(is_identity)
}

/// The field without what is no coding of ours; `*` is written out. `None` where that changes nothing, or leaves nothing that
/// the client takes.
fn narrowed(headers: &HeaderMap, accepted: &Accepted) -> Option<HeaderValue> {
    let mut kept: Vec<u8> = Vec::new();
    let mut changed = false;
    for member in members(headers, &ACCEPT_ENCODING) {
        let (name, weight) = split(member);
        if name == b"*" && weight > 0 {
            changed = true;
            let parameters = member.get(1..).unwrap_or_default();
            let others = accepted.others > Some(0);
            let unnamed = Coding::ALL.into_iter().zip(&accepted.codings).filter(|(_, named)| others && named.is_none());
            unnamed.for_each(|(coding, _)| add(&mut kept, &[coding.name().as_bytes(), parameters]));
        } else if name == b"*" || is_identity(name) || Coding::of(name).is_some() {
            add(&mut kept, &[member]);
        } else {
            changed = true;
        }
    }
    let ours = accepted.takes_identity() || Coding::ALL.into_iter().any(|coding| accepted.takes(coding));
    match kept.is_empty() {
        _ if !(changed && ours) => None,
        true => Some(IDENTITY),
        false => HeaderValue::from_bytes(&kept).ok(),
    }
}

fn add(list: &mut Vec<u8>, member: &[&[u8]]) {
    if !list.is_empty() {
        list.extend_from_slice(b", ");
    }
    member.iter().for_each(|part| list.extend_from_slice(part));
}

fn is_identity(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"identity")
}

/// A member's coding and its weight: the most where none stands there.
fn split(member: &[u8]) -> (&[u8], Weight) {
    let mut parts = member.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().unwrap_or_default();
    (name, parts.next().map_or(MOST, |parameter| weight(parameter).unwrap_or(0)))
}

/// `q=` with at most three digits behind the point (RFC 9110 section 12.4.2).
fn weight(parameter: &[u8]) -> Option<Weight> {
    let [b'q' | b'Q', b'=', whole @ (b'0' | b'1'), rest @ ..] = parameter else { return None };
    let digits = match rest {
        [] => rest,
        [b'.', digits @ ..] if digits.len() <= 3 => digits,
        _ => return None,
    };
    let mut weight = if *whole == b'1' { MOST } else { 0 };
    for (digit, worth) in digits.iter().zip([100, 10, 1]) {
        weight += Weight::from(char::from(*digit).to_digit(10)? as u8) * worth;
    }
    (weight <= MOST).then_some(weight)
}

#[cfg(test)]
#[path = "accept_tests.rs"]
mod tests;
