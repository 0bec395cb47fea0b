//! What names the tags of a page in its entity tag: known from the request alone, before any answer has come.

use ring::digest;

/// Counts up when the bytes of a tagged page become others though its tags are the same ones: another way of placing them.
const PLACEMENT: &[u8] = b"1";

/// A digest of tags in their order. Tags are an owner's own, so 32 bits of it, kept apart from all that an origin can choose,
/// are enough to tell two sets from one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inject) struct Template(u64);

/// What else makes the same tags other bytes, and is known for sure only when the answer is there. A copy of any variant may
/// be asked for; it is confirmed where the answer is of the same one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::inject) struct Variant {
    /// The body is asked if it is a document, and may be left alone.
    pub(in crate::inject) asks_body: bool,
    /// What the answer's policies have our own tag bear.
    pub(in crate::inject) dress: Dressed,
}

/// Attributes of our own tag that policies ask for. Which nonce it is makes no difference: where it changes without the page,
/// the page's own scripts stop as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::inject) struct Dressed {
    pub(in crate::inject) nonce: bool,
    pub(in crate::inject) integrity: bool,
    pub(in crate::inject) crossorigin: bool,
}

impl Variant {
    /// Each that there is.
    fn all() -> impl Iterator<Item = Variant> {
        let bit = |number: u8, place: u8| number >> place & 1 == 1;
        (0..16).map(move |number| Variant {
            asks_body: bit(number, 0),
            dress: Dressed { nonce: bit(number, 1), integrity: bit(number, 2), crossorigin: bit(number, 3) },
        })
    }

    fn number(self) -> u64 {
        let Variant { asks_body, dress: Dressed { nonce, integrity, crossorigin } } = self;
        [asks_body, nonce, integrity, crossorigin].into_iter().rev().fold(0, |bits, bit| bits << 1 | u64::from(bit))
    }
}

impl Template {
    /// One tag: its place and its markup.
    pub(in crate::inject) fn of(place: &str, markup: &[u8]) -> Template {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [PLACEMENT, b"\0", place.as_bytes(), b"\0", markup] {
            context.update(part);
        }
        let digest = context.finish();
        let first = digest.as_ref().first_chunk().expect("SHA-256 has 32 bytes");
        Template(u64::from_be_bytes(*first))
    }

    /// These tags, and one more behind them.
    #[must_use]
    pub(in crate::inject) fn and(self, next: Template) -> Template {
        Template(mixed(self.0) ^ next.0)
    }

    /// The digits in the entity tag.
    pub(super) fn digits(self, variant: Variant) -> u32 {
        let mixed = mixed(self.0 ^ variant.number());
        u32::try_from(mixed >> 32).expect("half of 64 bits are 32")
    }

    /// The variant of these tags that has these digits, if any.
    pub(super) fn variant(self, digits: u32) -> Option<Variant> {
        Variant::all().find(|variant| self.digits(*variant) == digits)
    }
}

/// A permutation of 64 bits in which each bit depends on each (splitmix64's last step).
fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn other_tags_other_places_and_another_order_have_other_digits() {
        let [own, a, b] = [("head-start", "own"), ("head-end", "a"), ("body-end", "b")]
            .map(|(place, markup)| Template::of(place, markup.as_bytes()));
        let elsewhere = Template::of("body-start", b"a");
        let all = [own, own.and(a), own.and(b), own.and(a).and(b), own.and(b).and(a), own.and(elsewhere), own.and(own)];
        let digits: HashSet<u32> =
            all.iter().flat_map(|template| Variant::all().map(|variant| template.digits(variant))).collect();
        assert_eq!(digits.len(), all.len() * 16, "no two are the same: {digits:x?}");
    }

    #[test]
    fn digits_are_known_again_in_every_variant_and_by_no_others() {
        let template = Template::of("head-start", b"own");
        for variant in Variant::all() {
            assert_eq!(template.variant(template.digits(variant)), Some(variant));
        }
        assert_eq!(template.variant(template.digits(Variant::default()) ^ 1), None);
    }
}
