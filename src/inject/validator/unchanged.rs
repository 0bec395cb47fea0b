//! Which copy a 304 of the origin's confirms.

use http::header::{CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::entity_tag::{EntityTag, Origins};
use super::request::own;
use super::template::{Template, Variant};

/// What may have our own tag bear more than it always does.
const POLICIES: [HeaderName; 4] = [
    CONTENT_SECURITY_POLICY,
    CONTENT_SECURITY_POLICY_REPORT_ONLY,
    HeaderName::from_static("integrity-policy"),
    HeaderName::from_static("integrity-policy-report-only"),
];

/// The tag of the copy that a 304 confirms, where it is the copy of a page with these very tags. `sent`: the copies of ours
/// that were asked for.
pub(in crate::inject) fn confirmed(
    sent: &[HeaderValue],
    answer: &HeaderMap,
    template: Template,
    variant: Variant,
) -> Option<HeaderValue> {
    let tag = match sent {
        [only] => only,
        several => named(several, answer)?,
    };
    let own = own(tag)?;
    let is_newer = match own.origins {
        // An origin may say so of everything that is older than the date; the copy is the one of that date alone.
        Origins::Date(_) => changed_since(own.origins, answer),
        Origins::Strong(_) | Origins::Weak(_) => false,
    };
    let copys = template.variant(own.template)?;
    // Without policies in the 304 those of the copy stay in force, and its tag bears what they ask for.
    let told = POLICIES.iter().any(|name| answer.contains_key(name));
    let same = copys.asks_body == variant.asks_body && (!told || copys.dress == variant.dress);
    (same && !is_newer).then(|| tag.clone())
}

/// The one of several copies that the 304 names. Origins weaken a tag on the way, so the letter is not looked at (RFC 9110
/// section 8.8.3.2).
fn named<'a>(several: &'a [HeaderValue], answer: &HeaderMap) -> Option<&'a HeaderValue> {
    let said = EntityTag::parse(answer.get(ETAG)?.as_bytes())?;
    let mut of_it = several.iter().filter(|tag| match own(tag).map(|own| own.origins) {
        Some(Origins::Strong(opaque) | Origins::Weak(opaque)) => opaque == said.opaque,
        Some(Origins::Date(_)) | None => false,
    });
    let first = of_it.next()?;
    of_it.next().is_none().then_some(first)
}

/// Whether a 304 tells by itself which copy it is about.
pub(in crate::inject) fn names_a_copy(answer: &HeaderMap) -> bool {
    answer.get(ETAG).is_some_and(|tag| EntityTag::parse(tag.as_bytes()).is_some())
}

fn changed_since(date: Origins<'_>, answer: &HeaderMap) -> bool {
    answer.get(LAST_MODIFIED).and_then(Origins::date).is_some_and(|now| now != date)
}
