//! `file` over a real ledger, dying at any point: each event is in the files that readers see exactly once.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::orders::Order;
use super::super::shipper::by_hand::Next;
use super::super::sinks;
use super::book::KEPT_MS;
use super::life::{Life, assert_once, live, visible};
use super::mortal::Fortune;
use super::world::folder;
use super::{HOUR, NOON, SECOND, runner, sink};
use crate::config::{self, Rotation, Sink};
use crate::ledger::DUE_AHEAD_MS;
use crate::ledger::testing::NewRow;

#[derive(Debug, Clone)]
enum Step {
    /// Events, by the site.
    Commit(Vec<usize>),
    Pass(i64),
    Expire,
    Go(usize),
    /// It dies after so many points.
    Die(u32),
    /// A write leaves so many bytes, and fails.
    Fail(usize),
    Hinder(bool),
    Pause(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let pass = prop_oneof![6 => Just(2 * SECOND), 2 => Just(HOUR), 1 => Just(12 * HOUR)];
    prop_oneof![
        6 => prop::collection::vec(0..2_usize, 1..12).prop_map(Step::Commit),
        4 => pass.prop_map(Step::Pass),
        1 => Just(Step::Expire),
        8 => (1..8_usize).prop_map(Step::Go),
        4 => (0..12_u32).prop_map(Step::Die),
        3 => (0..400_usize).prop_map(Step::Fail),
        1 => any::<bool>().prop_map(Step::Hinder),
        1 => any::<bool>().prop_map(Step::Pause),
    ]
}

struct Lives {
    dir: TempDir,
    sink: Sink,
    now: Arc<AtomicI64>,
    fortune: Arc<Mutex<Fortune>>,
    /// Time of each event, and its site.
    events: Vec<(i64, usize)>,
    count: u32,
    life: Life,
    is_hindered: bool,
}

impl Lives {
    fn new(sink: Sink) -> Lives {
        let dir = folder();
        let (now, fortune) = (Arc::new(AtomicI64::new(NOON)), Arc::<Mutex<Fortune>>::default());
        let life = live(dir.path(), 0, &sink, &now, &fortune);
        Lives { dir, sink, now, fortune, events: vec![], count: 0, life, is_hindered: false }
    }

    fn fortune(&self) -> MutexGuard<'_, Fortune> {
        self.fortune.lock().expect("nobody panicked")
    }

    fn now_ms(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Commit(sites) => self.commit(sites),
            Step::Pass(ms) => drop(self.now.fetch_add(*ms, Ordering::Relaxed)),
            Step::Expire if self.is_hindered => {}
            Step::Expire => self.life.ledger().expire(self.now_ms()),
            Step::Go(steps) => {
                for _ in 0..*steps {
                    if self.go() != Next::Again {
                        break;
                    }
                }
            }
            Step::Die(points) => self.fortune().left = Some(*points),
            Step::Fail(bytes) => {
                let mut fortune = self.fortune();
                fortune.failing += 1;
                fortune.torn = *bytes;
            }
            Step::Hinder(is_hindered) => self.hinder(*is_hindered),
            Step::Pause(true) => self.order(Order::Pause),
            Step::Pause(false) => self.order(Order::Resume),
        }
    }

    fn hinder(&mut self, is_hindered: bool) {
        self.is_hindered = is_hindered;
        self.life.ledger().hinder(is_hindered);
    }

    fn order(&mut self, order: Order) {
        self.hinder(false);
        sinks::write_down(&self.life.ledger().outbox(), &self.sink.name, order).expect("an order");
        self.life.desk.leave(order);
    }

    fn commit(&mut self, sites: &[usize]) {
        self.hinder(false);
        let (ts_ms, first) = (self.now_ms(), self.events.len() + 1);
        let row = |(at, site): (usize, &usize)| NewRow { site: *site, ts_ms, path: format!("/{}", first + at) };
        self.life.ledger().append(sites.iter().enumerate().map(row).collect());
        self.events.extend(sites.iter().map(|site| (ts_ms, *site)));
    }

    fn go(&mut self) -> Next {
        let next = self.life.shipper.as_mut().expect("it lives").go();
        if self.fortune().is_dead {
            self.be_born_again();
            return Next::Again;
        }
        assert_once(&visible(&self.life.here));
        next
    }

    /// The next life begins with the image of the last one.
    fn be_born_again(&mut self) {
        self.life.end();
        (self.count, self.is_hindered) = (self.count + 1, false);
        *self.fortune() = Fortune::default();
        self.life = live(self.dir.path(), self.count, &self.sink, &self.now, &self.fortune);
        self.hold();
    }

    /// Ends it, and sees that readers find what the ledger says that it was given. It goes on where it was.
    fn hold(&mut self) {
        let place = self.life.place();
        self.life.end();
        let seen = visible(&self.life.here);
        assert_once(&seen);
        assert_eq!(seen.len() as u64, place.delivered, "what was delivered is what is seen");
        assert!(seen.iter().all(|seq| *seq <= place.cursor), "nothing behind the cursor {} is seen", place.cursor);
        let seen: HashSet<i64> = seen.into_iter().collect();
        for seq in (1..=place.cursor).filter(|seq| !seen.contains(seq)) {
            let (ts_ms, site) = self.events[seq as usize - 1];
            let ends_ms = ts_ms + KEPT_MS[site];
            assert!(ends_ms < self.now_ms() + DUE_AHEAD_MS, "{seq} is not seen, and had no reason to go");
        }
        self.life = live(self.dir.path(), self.count, &self.sink, &self.now, &self.fortune);
    }

    /// In the end everything is seen that had no reason to go.
    fn end(mut self) {
        *self.fortune() = Fortune::default();
        self.order(Order::Resume);
        self.order(Order::Drain);
        for _ in 0..1000 {
            if self.go() != Next::Again {
                self.now.fetch_add(2 * SECOND, Ordering::Relaxed);
                if self.life.place().cursor == self.events.len() as i64 {
                    return self.hold();
                }
            }
            self.life.desk.end();
        }
        panic!("it comes to no end: {:?}", self.life.place());
    }
}

fn case() -> impl Strategy<Value = (usize, u64, u64, bool, Vec<Step>)> {
    let rotation = (prop_oneof![Just(300_u64), Just(1 << 40)], prop_oneof![Just(6_u64), Just(1 << 30)]);
    let steps = prop::collection::vec(step(), 1..60);
    (1..7_usize, rotation, any::<bool>(), steps)
        .prop_map(|(limit, (bytes, secs), gzip, steps)| (limit, bytes, secs, gzip, steps))
}

#[test]
fn wherever_a_file_sink_dies_each_event_is_seen_exactly_once() {
    let done = runner(100).run(&case(), |(limit, bytes, secs, gzip, steps)| {
        let rotation = Rotation { bytes, after: Duration::from_secs(secs) };
        let backend = config::Backend::File(config::FileSink { folder: PathBuf::new(), rotation, gzip });
        let mut lives = Lives::new(Sink { backend, ..sink(limit) });
        for step in &steps {
            lives.take(step);
        }
        lives.end();
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}
