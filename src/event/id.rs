//! Ids: a UUIDv7 an event (RFC 9562 section 5.7), 128 random bits a view.
//!
//! Takes time and randomness from its callers: the ledger's writer owns an [`EventIds`], the proxy draws the bytes of a
//! [`ViewId`]. Both ids have a text form on the stack, so that writing one never allocates.

use std::fmt;

/// An event's id, a UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

/// A view's id: 128 random bits, written as 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ViewId(pub [u8; 16]);

/// Makes event ids, each greater than the one before.
///
/// Events reach the writer when their answers are done, not in the order of their requests. An id's time is therefore the
/// latest of all times so far, and within one millisecond the random part grows by a random step (RFC 9562 section 6.2,
/// method 2). An id's time is good for order; when the request came stands in [`crate::event::Event::ts_ms`].
#[derive(Debug, Clone)]
pub struct EventIds {
    random: Xoshiro,
    /// Time and random part of the last id as one number, so that a full random part carries over into the time.
    last: u128,
}

/// xoshiro256++ (Blackman and Vigna): quick, and enough for ids that must differ but need not be secret.
#[derive(Debug, Clone)]
struct Xoshiro([u64; 4]);

/// Bits of the random part: 12 behind the version, 62 behind the variant.
const RANDOM_BITS: u32 = 74;
const RANDOM_MASK: u128 = (1 << RANDOM_BITS) - 1;
/// The greatest time that 48 bits hold, in the year 10889.
const MAX_MS: i64 = (1 << 48) - 1;

impl EventId {
    /// The UUIDv7 of a time (milliseconds since 1970, held to 48 bits) and the low 74 bits of `random`.
    pub fn v7(ts_ms: i64, random: u128) -> EventId {
        let time = ts_ms.clamp(0, MAX_MS) as u128;
        let random = random & RANDOM_MASK;
        let (high, low) = (random >> 62, random & ((1 << 62) - 1));
        EventId(((time << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low).to_be_bytes())
    }

    /// The canonical text, such as `0198f3a2-5c1e-7d04-8f00-0123456789ab`.
    pub fn text(self) -> [u8; 36] {
        let mut text = [b'-'; 36];
        let mut places =
            text.iter_mut().enumerate().filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23)).map(|(_, place)| place);
        for digit in self.0.into_iter().flat_map(hex) {
            if let Some(place) = places.next() {
                *place = digit;
            }
        }
        text
    }
}

impl ViewId {
    /// The id's 32 lower-case hex digits.
    pub fn text(self) -> [u8; 32] {
        let mut text = [0; 32];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = hex(byte);
        }
        text
    }
}

/// A byte's two lower-case hex digits.
pub(super) fn hex(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|digit| if digit < 10 { b'0' + digit } else { b'a' - 10 + digit })
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).expect("hex digits and dashes are ASCII"))
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).expect("hex digits are ASCII"))
    }
}

impl EventIds {
    /// A maker whose random parts follow from `seed`: 32 bytes that no other process has.
    pub fn seeded(seed: [u8; 32]) -> EventIds {
        EventIds { random: Xoshiro::seeded(seed), last: 0 }
    }

    /// The id of the next event, which came at `ts_ms` (milliseconds since 1970).
    pub fn next_id(&mut self, ts_ms: i64) -> EventId {
        let time = ts_ms.clamp(0, MAX_MS) as u128;
        if time > self.last >> RANDOM_BITS {
            self.last = (time << RANDOM_BITS) | (self.random.wide() & RANDOM_MASK);
        } else {
            self.last += 1 + (self.random.wide() & u128::from(u32::MAX));
        }
        EventId::v7((self.last >> RANDOM_BITS) as i64, self.last)
    }
}

impl Xoshiro {
    fn seeded(seed: [u8; 32]) -> Xoshiro {
        let mut state = [0; 4];
        for (word, bytes) in state.iter_mut().zip(seed.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        // All zeros is the one state that the generator never leaves.
        if state == [0; 4] {
            state[0] = 1;
        }
        Xoshiro(state)
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    fn wide(&mut self) -> u128 {
        (u128::from(self.next()) << 64) | u128::from(self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version_and_variant(id: EventId) -> (u8, u8) {
        (id.0[6] >> 4, id.0[8] >> 6)
    }

    #[test]
    fn an_id_has_the_time_version_and_variant_of_rfc_9562_appendix_a_6() {
        let id = EventId::v7(0x017F22E279B0, (0xCC3 << 62) | 0x18C4_DC0C_0C07_398F);
        assert_eq!(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "the RFC's own example");
    }

    #[test]
    fn a_view_id_is_written_as_32_hex_digits() {
        assert_eq!(ViewId([0xa7; 16]).to_string(), "a7".repeat(16), "two digits a byte");
    }

    #[test]
    fn two_makers_with_different_seeds_make_different_ids_in_the_same_millisecond() {
        let (mut one, mut two) = (EventIds::seeded([1; 32]), EventIds::seeded([2; 32]));
        assert_ne!(one.next_id(5), two.next_id(5), "the random part comes from the seed");
    }

    #[test]
    fn a_seed_of_zeros_still_makes_random_parts() {
        let mut ids = EventIds::seeded([0; 32]);
        let first = ids.next_id(1);
        assert_ne!(first.0[8..], ids.next_id(2).0[8..], "the generator moves");
    }

    proptest! {
        #[test]
        fn ids_of_one_maker_only_grow_whatever_the_clock_does(seed: [u8; 32], times in prop::collection::vec(any::<i64>(), 1..200)) {
            let mut ids = EventIds::seeded(seed);
            let mut last = None;
            for ts_ms in times {
                // The maker cannot go on beyond the last millisecond of 48 bits; the clock stays below the year 9999.
                let id = ids.next_id(ts_ms.min(253_402_300_799_999));
                prop_assert!(Some(id) > last, "{id} comes after {last:?}");
                prop_assert_eq!(version_and_variant(id), (7, 0b10));
                last = Some(id);
            }
        }
    }
}
