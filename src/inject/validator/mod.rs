//! Validators: tagged pages can be revalidated, and no copy is ever confirmed that a full answer would not be.
//!
//! A tagged page bears an entity tag of ours (`entity_tag`) in the place of the origin's. It names the tags in the page and
//! has the origin's own validator inside, so nothing has to be remembered: a condition comes back, is turned into the
//! origin's, and the origin's 304 is turned into one that confirms the tagged copy. `Last-Modified` stays beside it, for
//! scripts and for caches that guess a life from it; it never stands alone on a tagged page.
//!
//! # What goes up, what comes down
//!
//! A copy is *plain* (the origin's bytes), *ours* (tagged, with the tags that a full answer would have now) or *other*
//! (tagged, with other tags: another configuration, another release, another place). A visitor may hold several. What a
//! request that names them gets (GET and HEAD; "-" is no condition):
//!
//! | visitor | copies named | goes up | origin says 200 | origin says 304 |
//! |---|---|---|---|---|
//! | to be tagged | none | - | tagged | asked again |
//! | to be tagged | plain | - | tagged | asked again |
//! | to be tagged | other | - | tagged | asked again |
//! | to be tagged | ours | the origin's tag or date of it | tagged | 304 with the tag that was named |
//! | to be tagged | ours, and others | only of ours | tagged | the same |
//! | not to be tagged | none | - | plain | as it is |
//! | not to be tagged | plain | as it came | plain | as it is: the plain copy |
//! | not to be tagged | ours or other | -, the date neither | plain | asked again |
//! | not to be tagged | plain, and ours or other | only of plain | plain | as it is where it names the plain copy, else asked again |
//! | to be tagged if shared caches may reuse it | none or plain | as it came | as may be | as it is, but `private` where they may: no cache goes on with a plain copy. Asked again where it says that it is HTML |
//! | to be tagged if shared caches may reuse it | ours | only of ours | as may be | where they may, 304 with the tag that was named; else asked again |
//!
//! *Asked again* is one more request, without conditions and with `Cache-Control: no-cache`; a second 304 is passed on without
//! a validator, and then the client has to see to it.
//!
//! What a 304 says has to be what a full answer would say: also a copy of ours is asked for again where the 304's own header
//! speaks against tagging (a policy, `no-transform`), or asks for another variant of the same tags.
//!
//! Left as they come: the conditions of other methods, and `If-Match` and `If-Unmodified-Since` of all. They compare strongly,
//! so ours fails in them, which is right: the client has other bytes. Pages with a status other than 200, answers to a POST
//! and pages with tags that are drawn for each view have no validator. Neither has a page whose own cannot be carried.

mod entity_tag;
mod request;
mod template;
#[cfg(test)]
mod tests;
mod unchanged;

use http::header::{ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use super::HeaderEdit;
use entity_tag::{Origins, Own};
pub(super) use request::{Expected, Sent, send_conditions};
pub(super) use template::{Dressed, Template, Variant};
pub(super) use unchanged::{confirmed, names_a_copy};

/// What becomes of an answer's `ETag` and `Last-Modified`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Validator {
    /// They are true.
    Kept,
    /// Ours in the place of the origin's tag; the date stays.
    Ours(HeaderValue),
    /// Neither is true of the body.
    Gone,
}

impl Validator {
    /// A tagged page's, made from the origin's.
    pub(super) fn of(headers: &HeaderMap, template: Template, variant: Variant) -> Validator {
        let mut lines = headers.get_all(ETAG).iter();
        let origins = match (lines.next(), lines.next()) {
            (Some(only), None) => Origins::tag(only.as_bytes()),
            (None, _) => headers.get(LAST_MODIFIED).and_then(Origins::date),
            (Some(_), Some(_)) => None,
        };
        let own = origins.map(|origins| Own { template: template.digits(variant), origins });
        own.and_then(|own| own.value()).map_or(Validator::Gone, Validator::Ours)
    }

    /// Changes the header to fit.
    pub(super) fn apply(&self, edit: &mut impl HeaderEdit) {
        match self {
            Validator::Kept => {}
            Validator::Ours(value) => edit.set(ETAG, value.clone()),
            Validator::Gone => {
                for name in [&ETAG, &LAST_MODIFIED] {
                    if edit.headers().contains_key(name) {
                        edit.remove(name);
                    }
                }
            }
        }
    }
}
