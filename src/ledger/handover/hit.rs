//! One hit as flat bytes: what a request's thread leaves in a lane and the writer reads back.
//!
//! The form lives in memory only, between two threads of one process; it has no version. A record is its length, then the
//! fixed part, then the view's part where there is one. Texts are cut to bounds, so that one hit cannot fill a lane.

use crate::enrich::Exchange;
use crate::event::ViewId;
use crate::inject::Outcome;

/// What one page told the ledger.
///
/// Every page sends one, for the counts of outcomes. A page of a visitor who said no has no view: site, day and outcome are
/// all that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The site's place in [`crate::config::Config::sites`].
    pub site: usize,
    /// Arrival of the request, milliseconds since 1970; the same as its view's.
    pub ts_ms: i64,
    /// The page's final word.
    pub outcome: Outcome,
    /// The view, where the page was one.
    pub view: Option<Exchange<'a>>,
}

/// Longest texts that are handed over, in bytes. A target is cut behind what an event's path and campaign can use.
const HOST_MAX: usize = 255;
const TARGET_MAX: usize = 8 * 1024;
const REFERRER_MAX: usize = 4 * 1024;
const USER_AGENT_MAX: usize = 1024;
const LANGUAGES_MAX: usize = 256;

/// Site, time and outcome.
const FIXED: usize = 4 + 8 + 1;
/// View id, status, time at the origin, and the lengths of five texts.
const VIEW: usize = 16 + 2 + 4 + 5 * 2;

impl<'a> Hit<'a> {
    /// Appends the hit where it fits into the buffer's capacity as it is; never makes the buffer grow.
    #[must_use]
    pub(super) fn append(&self, buffer: &mut Vec<u8>) -> bool {
        let texts = self.view.as_ref().map(texts);
        let length = FIXED + texts.map_or(0, |texts| VIEW + texts.iter().map(|text| text.len()).sum::<usize>());
        if buffer.capacity() - buffer.len() < 4 + length {
            return false;
        }
        let mut head = Head::new();
        head.put((length as u32).to_le_bytes());
        head.put((self.site as u32).to_le_bytes());
        head.put(self.ts_ms.to_le_bytes());
        head.put([self.outcome.code()]);
        if let (Some(view), Some(texts)) = (&self.view, texts) {
            debug_assert_eq!(view.ts_ms, self.ts_ms, "a page has one time of arrival");
            head.put(view.view_id.0);
            head.put(view.status.to_le_bytes());
            head.put(view.origin_us.to_le_bytes());
            texts.iter().for_each(|text| head.put((text.len() as u16).to_le_bytes()));
        }
        buffer.extend_from_slice(head.written());
        texts.iter().flatten().for_each(|text| buffer.extend_from_slice(text));
        true
    }

    /// Takes the next hit from the front of what lanes held; `None` at its end.
    pub(in crate::ledger) fn take(bytes: &mut &'a [u8]) -> Option<Hit<'a>> {
        let length = u32::from_le_bytes(array(bytes)?) as usize;
        let mut record = slice(bytes, length)?;
        let record = &mut record;
        let site = u32::from_le_bytes(array(record)?) as usize;
        let ts_ms = i64::from_le_bytes(array(record)?);
        let [code] = array(record)?;
        let outcome = Outcome::from_code(code)?;
        let view = if record.is_empty() { None } else { Some(exchange(record, ts_ms)?) };
        Some(Hit { site, ts_ms, outcome, view })
    }
}

/// A record's numbers, put together on the stack: one copy into the lane instead of a dozen.
struct Head {
    bytes: [u8; 4 + FIXED + VIEW],
    length: usize,
}

impl Head {
    fn new() -> Head {
        Head { bytes: [0; 4 + FIXED + VIEW], length: 0 }
    }

    /// Adds a number; there is room for all that a record has.
    fn put<const N: usize>(&mut self, number: [u8; N]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + N) {
            place.copy_from_slice(&number);
            self.length += N;
        }
    }

    fn written(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

/// The view's texts in the order in which they are written, each within its bound.
fn texts<'a>(view: &Exchange<'a>) -> [&'a [u8]; 5] {
    let within = |text: &'a [u8], max: usize| text.get(..max).unwrap_or(text);
    [
        within(view.host, HOST_MAX),
        within(view.target, TARGET_MAX),
        within(view.referrer, REFERRER_MAX),
        within(view.user_agent, USER_AGENT_MAX),
        within(view.languages, LANGUAGES_MAX),
    ]
}

fn exchange<'a>(record: &mut &'a [u8], ts_ms: i64) -> Option<Exchange<'a>> {
    let view_id = ViewId(array(record)?);
    let status = u16::from_le_bytes(array(record)?);
    let origin_us = u32::from_le_bytes(array(record)?);
    let mut lengths = [0; 5];
    for length in &mut lengths {
        *length = usize::from(u16::from_le_bytes(array(record)?));
    }
    let mut texts = lengths.into_iter().map(|length| slice(record, length));
    let mut text = || texts.next().flatten();
    let (host, target, referrer, user_agent, languages) = (text()?, text()?, text()?, text()?, text()?);
    Some(Exchange { ts_ms, view_id, host, target, status, origin_us, referrer, user_agent, languages })
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

fn slice<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(max: usize) -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![4 => prop::collection::vec(any::<u8>(), 0..60), 1 => prop::collection::vec(any::<u8>(), 0..max * 2)]
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_was_appended_within_its_bounds(
            site in 0..1_000_000_usize,
            ts_ms in any::<i64>(),
            code in 0..Outcome::COUNT as u8,
            seen in any::<bool>(),
            (view_id, status, origin_us) in (any::<[u8; 16]>(), any::<u16>(), any::<u32>()),
            host in text(HOST_MAX),
            target in text(TARGET_MAX),
            referrer in text(REFERRER_MAX),
            user_agent in text(USER_AGENT_MAX),
            languages in text(LANGUAGES_MAX),
        ) {
            let view = Exchange {
                ts_ms,
                view_id: ViewId(view_id),
                host: &host,
                target: &target,
                status,
                origin_us,
                referrer: &referrer,
                user_agent: &user_agent,
                languages: &languages,
            };
            let outcome = Outcome::from_code(code).expect("a code of an outcome");
            let hit = Hit { site, ts_ms, outcome, view: seen.then_some(view) };
            let mut buffer = Vec::with_capacity(100_000);
            prop_assert!(hit.append(&mut buffer) && hit.append(&mut buffer), "there is room for two");
            let mut rest = buffer.as_slice();
            for _ in 0..2 {
                let taken = Hit::take(&mut rest).expect("what was appended");
                prop_assert_eq!((taken.site, taken.ts_ms, taken.outcome), (site, ts_ms, outcome));
                prop_assert_eq!(taken.view.is_some(), seen);
                let Some(taken) = taken.view else { continue };
                prop_assert_eq!((taken.ts_ms, taken.view_id.0, taken.status, taken.origin_us), (ts_ms, view_id, status, origin_us));
                let cut = |text: &[u8], max: usize| text[..text.len().min(max)].to_vec();
                prop_assert_eq!(taken.host, cut(&host, HOST_MAX));
                prop_assert_eq!(taken.target, cut(&target, TARGET_MAX));
                prop_assert_eq!(taken.referrer, cut(&referrer, REFERRER_MAX));
                prop_assert_eq!(taken.user_agent, cut(&user_agent, USER_AGENT_MAX));
                prop_assert_eq!(taken.languages, cut(&languages, LANGUAGES_MAX));
            }
            prop_assert!(Hit::take(&mut rest).is_none(), "nothing is left");
        }

        #[test]
        fn a_hit_that_does_not_fit_leaves_the_buffer_as_it_is(room in 0..80_usize, target in text(100)) {
            let view = Exchange {
                ts_ms: 0,
                view_id: ViewId([0; 16]),
                host: b"",
                target: &target,
                status: 200,
                origin_us: 0,
                referrer: b"",
                user_agent: b"",
                languages: b"",
            };
            let hit = Hit { site: 0, ts_ms: 0, outcome: Outcome::Tagged, view: Some(view) };
            let mut buffer = Vec::with_capacity(room);
            let capacity = buffer.capacity();
            let fits = hit.append(&mut buffer);
            prop_assert_eq!(fits, 4 + FIXED + VIEW + target.len() <= capacity);
            prop_assert_eq!((buffer.capacity(), buffer.is_empty()), (capacity, !fits));
        }
    }
}
