//! What sinks rely on: batches, dead letters and lost rows that are counted exactly, bounds, beginnings.

use proptest::prelude::*;

use super::*;
use crate::config::Begin;
use crate::ledger::testing::{NewRow, site_keeping};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A ledger in which nothing expires by itself, and a sink from its start.
fn with_a_sink(dir: &Path) -> (Ledger, Outbox, Place) {
    let ledger = open(dir, &[site_keeping("day", 1)], at(NOON - 100 * DAY)).expect("opens");
    ledger.hurry();
    let outbox = ledger.outbox();
    let place = outbox.join("hook", Begin::Start, &Filter::default()).expect("a place");
    (ledger, outbox, place)
}

fn rows(times: impl IntoIterator<Item = i64>) -> Vec<NewRow> {
    times.into_iter().map(|ts_ms| NewRow { site: 0, ts_ms, path: "/".into() }).collect()
}

fn batch(last_seq: i64, events: u64, gaps: bool) -> NewBatch {
    let key = format!("{:032x}", rand::random::<u128>());
    NewBatch { first_seq: 1, last_seq, events, gaps, alive_ms: NOON, key, digest: [0; 32], state: None }
}

/// Delivered and given up.
fn counted(outbox: &Outbox, place: &Place) -> (u64, u64) {
    let place = outbox.reader().expect("it is read").place(place.id).expect("a place");
    (place.delivered, place.given_up)
}

#[test]
fn what_a_batch_has_lost_is_counted_once_by_whoever_ends_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, outbox, place) = with_a_sink(dir.path());
    // Two that expire, one that is about to and is left out, one that stays.
    ledger.append(rows([NOON - DAY, NOON - DAY, NOON - DAY, NOON]));
    outbox.begin(place.id, NewBatch { gaps: true, ..batch(4, 3, true) }).expect("begun");
    ledger.expire(NOON);
    assert_eq!(counted(&outbox, &place), (0, 0), "that is the open batch's business");
    outbox.begin(place.id, batch(4, 1, true)).expect("begun anew");
    assert_eq!(counted(&outbox, &place), (0, 3));
    outbox.accepted(place.id, 4, 1, None, None).expect("accepted");
    assert_eq!(counted(&outbox, &place), (1, 3));
    ledger.expire(NOON + 2 * DAY);
    assert_eq!(counted(&outbox, &place), (1, 3), "what is behind the cursor is nobody's loss");
}

#[test]
fn a_row_that_expires_between_packing_and_writing_down_is_counted_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, outbox, place) = with_a_sink(dir.path());
    ledger.append(rows([NOON - DAY, NOON]));
    outbox.begin(place.id, batch(2, 2, false)).expect("begun");
    // Packed again with both of them, and then this comes in between.
    ledger.expire(NOON);
    outbox.begin(place.id, batch(2, 2, true)).expect("begun anew");
    outbox.accepted(place.id, 2, 2, None, None).expect("accepted");
    assert_eq!(counted(&outbox, &place), (2, 0), "both arrived, and none is given up beside it");
}

#[test]
fn a_sink_has_ten_thousand_dead_letters_at_most_and_the_oldest_go() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, outbox, place) = with_a_sink(dir.path());
    ledger.append(rows(vec![NOON; 10_002]));
    let many = "INSERT INTO dead_letters(seq, sink, died, answer) SELECT seq, 1, 0, '' FROM events WHERE seq <= 9999";
    ledger.errands.run(move |conn| conn.execute(many, [])).expect("letters");
    let gone: Vec<u64> = (10_000..=10_002)
        .map(|seq| {
            outbox.begin(place.id, batch(seq, 1, true)).expect("begun");
            outbox.bury(place.id, seq, Some(400), "no".into()).expect("buried")
        })
        .collect();
    assert_eq!(gone, [0, 1, 1]);
    let reader = outbox.reader().expect("it is read");
    let letters = reader.dead_letters(place.id, 0, false, u32::MAX).expect("letters");
    assert_eq!((letters.len(), letters[0].seq, letters[9_999].seq), (10_000, 3, 10_002));
    // The first batch of this test began before what is dead already: that was given up by it, and two letters were.
    assert_eq!(counted(&outbox, &place), (0, 9_999 + 2));
}

#[test]
fn a_dead_letter_goes_with_its_event_and_is_counted() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, outbox, place) = with_a_sink(dir.path());
    ledger.append(rows([NOON - DAY, NOON]));
    outbox.begin(place.id, batch(1, 1, false)).expect("begun");
    outbox.bury(place.id, 1, None, "no".into()).expect("buried");
    ledger.expire(NOON);
    assert_eq!(counted(&outbox, &place), (0, 1));
    assert_eq!(outbox.reader().expect("it is read").count_dead(place.id).expect("counted"), 0);
    // It was on its way once more when it went.
    outbox.risen(place.id, 1, None).expect("risen");
    outbox.bury(place.id, 1, None, "no".into()).expect("buried");
    assert_eq!(counted(&outbox, &place), (0, 1), "nothing of it is counted a second time");
}

#[test]
fn no_more_is_given_up_than_what_is_beyond_the_bound() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, outbox, _) = with_a_sink(dir.path());
    ledger.append(rows(vec![NOON; 100]));
    let reader = outbox.reader().expect("it is read");
    let bytes = reader.held(1, 0).expect("what is held").bytes;
    let each = bytes / 100;
    assert_eq!(reader.surplus(1, 0, bytes).expect("asked"), None);
    for (most, up_to) in [(bytes - 1, 1), (bytes - each, 1), (bytes - each - 1, 2), (each, 99), (0, 100)] {
        assert_eq!(reader.surplus(1, 0, most).expect("asked"), Some(up_to), "{most} of {bytes} bytes");
    }
    assert_eq!(reader.surplus(1, 40, 60 * each).expect("asked"), None);
    assert_eq!(reader.surplus(1, 40, 59 * each).expect("asked"), Some(41));
}

#[test]
fn what_other_sites_have_is_not_held_back_by_a_sink_that_does_not_want_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let sites = [site_keeping("small", 1), site_keeping("large", 1)];
    let ledger = open(dir.path(), &sites, at(NOON - 100 * DAY)).expect("opens");
    ledger.hurry();
    let wants = Filter { sites: vec!["small".into()], ..Filter::default() };
    let place = ledger.outbox().join("hook", Begin::Start, &wants).expect("a place");
    let row = |site| NewRow { site, ts_ms: NOON, path: "/".into() };
    ledger.append((0..1000).map(|n| row(usize::from(n % 100 != 0))).collect());
    let reader = ledger.outbox().reader().expect("it is read");
    let held = reader.held(place.id, 0).expect("what is held");
    let each = held.bytes / 10;
    assert_eq!(held.events, 10);
    assert!((80..120).contains(&each), "ten rows' bytes, and not a thousand's: {held:?}");
    assert_eq!(reader.surplus(place.id, 0, 10 * each).expect("asked"), None, "the large site's rows are not its own");
    let up_to = reader.surplus(place.id, 0, 5 * each).expect("asked").expect("half of its own is too much");
    assert!((490..=510).contains(&up_to), "about half of the rows go: {up_to}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_left_behind_the_surplus_is_within_the_bound(
        ages in prop::collection::vec(0..50_i64, 1..200),
        cursor in 0..200_i64,
        share in 0.0..1.0_f64,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let (ledger, outbox, _) = with_a_sink(dir.path());
        let last = ages.len() as i64;
        ledger.append(rows(ages.iter().map(|hours| NOON - hours * HOUR)));
        let (cursor, reader) = (cursor.min(last - 1), outbox.reader().expect("it is read"));
        let held = reader.held(1, cursor).expect("what is held").bytes;
        let most = (held as f64 * share) as u64;
        if let Some(up_to) = reader.surplus(1, cursor, most).expect("asked") {
            prop_assert!(up_to > cursor && up_to <= last, "{up_to} of {cursor} to {last}");
            let left = |seq| reader.held(1, seq).expect("what is held").bytes;
            prop_assert!(left(up_to) <= most, "{} bytes are left, and {most} may be", left(up_to));
            prop_assert!(left(up_to - 1) > most, "one event more could have stayed");
        } else {
            prop_assert!(held <= most);
        }
    }

    #[test]
    fn a_sink_that_begins_at_a_time_gets_all_of_it_and_nothing_of_the_hours_before(
        ages in prop::collection::vec(0..300_i64, 0..60),
        age in 0..400_i64,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let (ledger, outbox, _) = with_a_sink(dir.path());
        let minutes = |age: &i64| NOON - age * 60_000;
        ledger.append(rows(ages.iter().map(minutes)));
        let begin_ms = minutes(&age);
        let place = outbox.join("late", Begin::At(begin_ms), &Filter::default()).expect("a place");
        let first = ages.iter().position(|age| minutes(age) >= begin_ms).map_or(ages.len(), |at| at);
        prop_assert!(place.cursor <= first as i64, "cursor {} leaves out event {}", place.cursor, first + 1);
        // Rows are not quite in the order of time: it begins with an hour's first row at the earliest.
        if let Some(at) = ages.get(place.cursor as usize) {
            prop_assert!(minutes(at) / HOUR >= begin_ms / HOUR, "it begins at {}", place.cursor + 1);
        } else {
            prop_assert_eq!(place.cursor, ages.len() as i64);
        }
    }
}
