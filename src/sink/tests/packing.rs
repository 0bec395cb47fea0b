//! Packing: limits, what is left out, and the same bytes out of the same rows.

use super::super::batch::{Limits, Pack, Packed, pack};
use super::super::stdout::Stdout;
use super::world::{New, World};
use super::{DAY, sink};
use crate::config::Fields;
use crate::event::Shape;
use crate::ledger::{EventReader, Filter};

/// Ten events, of which every second is of the site `day`; the reader of their ledger.
fn ten() -> (World, EventReader) {
    let mut world = World::new(sink(10));
    let ts_ms = world.now_ms();
    let new: Vec<New> = (0..10).map(|at| New { site: at % 2, ts_ms, is_bad: false }).collect();
    world.commit(&new);
    let reader = world.ledger().outbox().reader().expect("it is read");
    (world, reader)
}

fn packed(reader: &mut EventReader, range: (i64, i64), filter: &Filter, limits: Limits) -> Pack {
    pack(reader, &mut Stdout, range, (filter, &Shape::default()), limits).expect("it is read")
}

fn batch(pack: Pack) -> Packed {
    match pack {
        Pack::Batch(packed) => packed,
        Pack::Nothing { .. } => panic!("there is something"),
    }
}

#[test]
fn a_batch_ends_at_a_limit_and_the_first_event_goes_whatever_its_size() {
    let (_world, mut reader) = ten();
    let all = Filter::default();
    let whole = batch(packed(&mut reader, (0, i64::MAX), &all, Limits::NONE));
    assert_eq!((whole.seqs.len(), whole.last_seq, whole.full, whole.gaps), (10, 10, false, false));
    let line = whole.body.len() / 10;
    for (events, bytes, wanted) in
        [(3, usize::MAX, 3), (1, usize::MAX, 1), (100, 4 * line + 5, 4), (100, 1, 1), (100, 0, 1)]
    {
        let limits = Limits { events, bytes };
        let packed = batch(packed(&mut reader, (2, i64::MAX), &all, limits));
        assert_eq!(packed.seqs, (3..3 + wanted).collect::<Vec<i64>>(), "{limits:?}");
        assert_eq!((packed.last_seq, packed.full), (2 + wanted, true), "{limits:?}");
        assert_eq!(packed.body.iter().filter(|byte| **byte == b'\n').count() as i64, wanted, "whole lines");
    }
    let exact = batch(packed(&mut reader, (0, i64::MAX), &all, Limits { events: 10, bytes: whole.body.len() }));
    assert_eq!((exact.seqs.len(), exact.full), (10, false), "a limit that is met is not exceeded");
}

#[test]
fn what_is_not_wanted_is_looked_at_and_left_out() {
    let (world, mut reader) = ten();
    let day = Filter { sites: vec!["day".into()], ..Filter::default() };
    let found = batch(packed(&mut reader, (1, 9), &day, Limits::NONE));
    assert_eq!((found.seqs.as_slice(), found.last_seq, found.gaps), (&[3, 5, 7, 9][..], 9, true));
    let found = batch(packed(&mut reader, (0, 4), &day, Limits::NONE));
    assert_eq!((found.seqs.as_slice(), found.last_seq), (&[1, 3][..], 4), "looked at to the range's end");
    let alive = Filter { alive_ms: Some(world.now_ms() + DAY + 1), ..day };
    let nothing = packed(&mut reader, (0, i64::MAX), &alive, Limits::NONE);
    assert!(matches!(nothing, Pack::Nothing { last_seq: 10, more: false }), "{nothing:?}");
}

#[test]
fn the_same_rows_are_the_same_bytes_and_others_have_another_digest() {
    let (world, mut reader) = ten();
    let all = Filter::default();
    let one = batch(packed(&mut reader, (0, 6), &all, Limits::NONE));
    let mut other = world.ledger().outbox().reader().expect("it is read");
    let again = batch(packed(&mut other, (0, 6), &all, Limits::NONE));
    assert_eq!((&one.body, one.digest), (&again.body, again.digest));
    let more = batch(packed(&mut reader, (0, 7), &all, Limits::NONE));
    assert_ne!(one.digest, more.digest);
    let shape = Shape::new(&Fields { drop: vec!["status".into()], ..Fields::default() });
    let fewer = pack(&mut reader, &mut Stdout, (0, 6), (&all, &shape), Limits::NONE).expect("it is read");
    assert_ne!(one.digest, batch(fewer).digest);
}

#[test]
fn halves_end_with_single_events() {
    let (_world, mut reader) = ten();
    let all = Filter::default();
    for events in 1..=10 {
        let found = batch(packed(&mut reader, (0, events), &all, Limits::NONE));
        let middle = if events == 1 { None } else { Some(events / 2) };
        assert_eq!(found.middle(), middle, "of {events} events");
    }
}
