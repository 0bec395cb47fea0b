//! What becomes of a request's conditions, before anything is known of the answer.

use http::HeaderValue;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};

use super::entity_tag::{EntityTag, Member, Origins, Own, members};
use super::template::Template;
use crate::inject::HeaderEdit;

/// What an answer to the request will be, as far as the request tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inject) enum Expected {
    /// A method whose conditions are none of ours.
    AsItIs,
    /// A page with these tags. `None`: with tags that are drawn for each view, so that no copy is ever the one.
    Tagged(Option<Template>),
    /// A page with these tags if shared caches may reuse it, and one without if not.
    Perhaps(Template),
    /// The origin's bytes.
    Plain,
}

/// What went up of a request's conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::inject) enum Sent {
    /// There were none.
    #[default]
    Nothing,
    /// There were some, and none went up.
    Taken,
    /// The client's own, about copies without tags.
    AsTheyCame,
    /// Those of the client's own, where it named tagged copies beside them.
    Rest,
    /// About tagged copies alone: the tags by which the client knows them.
    Ours(Vec<HeaderValue>),
}

impl Sent {
    /// Whether they are about a copy that bears a time of its last change, as far as our tags tell.
    pub(in crate::inject) fn is_dated(&self) -> bool {
        let Sent::Ours(tags) = self else { return false };
        tags.iter().filter_map(own).any(|own| matches!(own.origins, Origins::Date(_)))
    }
}

/// Our tag in a field's value.
pub(super) fn own(value: &HeaderValue) -> Option<Own<'_>> {
    Own::parse(EntityTag::parse(value.as_bytes())?)
}

/// Changes a request's conditions so that none but a copy like the expected answer can be confirmed, and tells what went up.
pub(in crate::inject) fn send_conditions(edit: &mut impl HeaderEdit, expected: Expected) -> Sent {
    match expected {
        Expected::AsItIs => Sent::AsTheyCame,
        Expected::Tagged(template) => {
            let tags = template.map(|template| current(edit, template)).unwrap_or_default();
            ask_for(edit, tags)
        }
        Expected::Perhaps(template) => match current(edit, template) {
            tags if tags.is_empty() => leave_plain(edit),
            tags => ask_for(edit, tags),
        },
        Expected::Plain => {
            drop_range_of_ours(edit);
            leave_plain(edit)
        }
    }
}

/// Those of our tags that stand for these tags, each once.
fn current(edit: &impl HeaderEdit, template: Template) -> Vec<HeaderValue> {
    let lines = edit.headers().get_all(IF_NONE_MATCH).iter();
    let mut tags: Vec<HeaderValue> = Vec::new();
    for member in lines.flat_map(|line| members(line.as_bytes())) {
        let Member::Tag(tag) = member else { continue };
        let ours = Own::parse(tag).filter(|own| template.variant(own.template).is_some()).and_then(|own| own.value());
        tags.extend(ours.filter(|value| !tags.contains(value)));
    }
    tags
}

/// Asks for the copies with these tags and for nothing else. A date stands alone: an origin that reads `If-None-Match` does
/// not look at `If-Modified-Since` (RFC 9110 section 13.1.3).
fn ask_for(edit: &mut impl HeaderEdit, mut tags: Vec<HeaderValue>) -> Sent {
    let came = edit.headers().contains_key(IF_NONE_MATCH) || edit.headers().contains_key(IF_MODIFIED_SINCE);
    edit.remove(&IF_NONE_MATCH);
    edit.remove(&IF_MODIFIED_SINCE);
    let is_date = |tag: &HeaderValue| own(tag).is_some_and(|own| matches!(own.origins, Origins::Date(_)));
    if !tags.iter().all(is_date) {
        tags.retain(|tag| !is_date(tag));
    } else if tags.len() > 1 {
        // Unchanged since the one says nothing of the other.
        tags.clear();
    }
    let mut condition = Vec::new();
    for own in tags.iter().filter_map(own) {
        if !condition.is_empty() {
            condition.extend_from_slice(b", ");
        }
        own.origins.write(&mut condition);
    }
    match HeaderValue::from_bytes(&condition) {
        Ok(condition) if !tags.is_empty() => {
            let name = if tags.iter().all(is_date) { IF_MODIFIED_SINCE } else { IF_NONE_MATCH };
            edit.set(name, condition);
            Sent::Ours(tags)
        }
        _ if came => Sent::Taken,
        _ => Sent::Nothing,
    }
}

/// Takes every tag of ours out. Where nothing else was named the date goes too: it is the tagged copy's.
fn leave_plain(edit: &mut impl HeaderEdit) -> Sent {
    let is_ours = |member: &Member<'_>| matches!(member, Member::Tag(tag) if tag.is_ours());
    let lines = edit.headers().get_all(IF_NONE_MATCH);
    if lines.iter().flat_map(|line| members(line.as_bytes())).any(|member| is_ours(&member)) {
        let mut rest = Vec::new();
        for member in lines.iter().flat_map(|line| members(line.as_bytes())).filter(|member| !is_ours(member)) {
            if !rest.is_empty() {
                rest.extend_from_slice(b", ");
            }
            match member {
                Member::Tag(EntityTag { weak: false, opaque }) => Origins::Strong(opaque).write(&mut rest),
                Member::Tag(EntityTag { weak: true, opaque }) => Origins::Weak(opaque).write(&mut rest),
                Member::Other(other) => rest.extend_from_slice(other),
            }
        }
        match HeaderValue::from_bytes(&rest) {
            Ok(rest) if !rest.is_empty() => {
                edit.set(IF_NONE_MATCH, rest);
                return Sent::Rest;
            }
            _ => {
                edit.remove(&IF_NONE_MATCH);
                edit.remove(&IF_MODIFIED_SINCE);
                return Sent::Taken;
            }
        }
    }
    let conditional = edit.headers().contains_key(IF_NONE_MATCH) || edit.headers().contains_key(IF_MODIFIED_SINCE);
    if conditional { Sent::AsTheyCame } else { Sent::Nothing }
}

/// A part of a tagged copy cannot be continued with the origin's bytes: the whole is asked for (RFC 9110 section 13.1.5).
fn drop_range_of_ours(edit: &mut impl HeaderEdit) {
    let named = edit.headers().get(IF_RANGE);
    if named.and_then(|tag| EntityTag::parse(tag.as_bytes())).is_some_and(EntityTag::is_ours) {
        edit.remove(&IF_RANGE);
        edit.remove(&RANGE);
    }
}
