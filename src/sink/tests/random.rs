//! Random commits, cursors, expiry, answers, orders, crashes and reopenings against the model.

use std::time::Duration;

use super::book::Book;
use super::fake::Happened;
use super::steps::{Case, Changed, HOLD, Step, case};
use super::world::{New, Seen, World};
use super::{HOUR, SECOND, runner, sink};
use crate::config::{Begin, Fields};
use crate::sink::Order;
use crate::sink::shipper::by_hand::Next;

struct Run {
    world: World,
    book: Book,
    /// The ledger as it was last seen.
    seen: Seen,
    /// Whether it stopped while the ledger could not be written.
    is_unwritten: bool,
}

impl Run {
    fn new(case: &Case) -> Run {
        let mut sink = sink(case.limit);
        sink.batch.wait = Duration::from_secs(case.wait_secs);
        if case.small {
            sink.hold_bytes = HOLD;
        }
        let (world, book) = (World::new(sink), Book { holds_little: case.small, ..Book::default() });
        let seen = world.look();
        Run { world, book, seen, is_unwritten: false }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Commit(events) => {
                let now_ms = self.world.now_ms();
                let new = events.iter().map(|(site, age_ms, is_bad)| New {
                    site: *site,
                    ts_ms: now_ms - age_ms,
                    is_bad: *is_bad,
                });
                let new: Vec<New> = new.collect();
                self.world.commit(&new);
                self.book.committed(&new);
            }
            Step::Pass(ms) => self.world.pass(*ms),
            Step::Expire => {
                self.world.expire();
                self.book.expired(self.world.now_ms(), self.seen.open.as_ref());
                self.see();
            }
            Step::Answer(answer, meanwhile) => self.world.tape().replies.push_back((*answer, *meanwhile)),
            Step::Unready => self.world.tape().unready += 1,
            Step::Late => self.world.tape().late += 1,
            Step::Go(steps) => {
                for _ in 0..*steps {
                    if self.go() != Next::Again {
                        break;
                    }
                }
            }
            Step::Crash(changed) => self.crash(changed),
            Step::Order(order) => self.order(*order),
            Step::Hinder(is_hindered) => self.world.hinder(*is_hindered),
        }
    }

    fn see(&mut self) {
        self.seen = self.world.look();
        self.book.seen(&self.seen, self.world.now_ms());
    }

    fn go(&mut self) -> Next {
        let before = self.world.tape().clone();
        let is_settled = self.book.told.is_none() && self.book.risen.is_none();
        let next = self.world.go();
        let after = {
            let mut tape = self.world.tape();
            let after = tape.clone();
            tape.happened.clear();
            after
        };
        for happened in &after.happened {
            match happened {
                Happened::Attempt(attempt) => self.book.attempted(attempt),
                Happened::Expired(now_ms, open) => self.book.expired(*now_ms, open.as_ref()),
            }
        }
        if let Some(state) = after.resumed.get(before.resumed.len()).filter(|_| is_settled) {
            assert_eq!(*state, self.seen.place.state, "it goes back to what was written down");
        }
        self.book.claims.was_hindered |= matches!(next, Next::Trouble(_)) || before.unready != after.unready;
        self.see();
        self.stopped();
        next
    }

    /// Whether it stopped is written down, but for a ledger that could not be written then.
    fn stopped(&mut self) {
        let (is_written, is_stopped) = (self.seen.place.stopped.is_some(), self.book.claims.is_stopped);
        let is_hindered = self.world.tape().is_hindered;
        self.is_unwritten = is_stopped && !is_written && (self.is_unwritten || is_hindered);
        assert!(is_hindered || self.is_unwritten || is_written == is_stopped, "it stopped: {is_stopped}");
    }

    fn crash(&mut self, changed: &Changed) {
        let state = self.seen.place.state.clone();
        let names: Vec<String> = changed.sites.iter().map(|site| ["day", "month"][*site].to_owned()).collect();
        let drop = if changed.fields { vec!["status".to_owned()] } else { vec![] };
        let fields = Fields { drop, ..Fields::default() };
        let sink = &mut self.world.sink;
        let is_other = names != sink.sites || fields != sink.fields;
        (sink.sites, sink.fields, sink.batch.events) = (names, fields, changed.limit);
        if changed.ledger {
            self.world.crash();
        } else {
            self.world.start_sink();
        }
        self.book.crashed(is_other);
        self.seen = self.world.look();
        // What was in doubt was so by what the sink wanted then.
        self.book.wants(changed.sites.clone(), &self.seen);
        self.book.seen(&self.seen, self.world.now_ms());
        assert_eq!(self.seen.place.paused, self.book.claims.is_paused, "a pause outlives the process");
        assert_eq!(self.world.tape().resumed.last(), Some(&state), "it goes back to what was written down");
    }

    fn order(&mut self, order: Order) {
        let order = match order {
            Order::Replay(Begin::At(hours)) => Order::Replay(Begin::At(self.world.now_ms() + hours * HOUR)),
            other => other,
        };
        if matches!(order, Order::Replay(_)) {
            self.world.hinder(false);
        }
        if !self.world.order(order) {
            return;
        }
        let letters = self.seen.letters.iter().map(|letter| letter.seq);
        match order {
            Order::Pause => self.book.claims.is_paused = true,
            Order::Resume => (self.book.claims.is_paused, self.book.claims.is_stopped) = (false, false),
            Order::Retry(None) => self.book.to_retry.extend(letters),
            Order::Retry(Some(seq)) => self.book.to_retry.extend(letters.filter(|letter| *letter == seq)),
            Order::Drain => {}
            Order::Replay(begin) => self.replay(begin),
        }
    }

    fn replay(&mut self, begin: Begin) {
        self.world.shipper().write_accepted();
        self.see();
        self.world.shipper().heed();
        self.seen = self.world.look();
        let (cursor, last) = (self.seen.place.cursor, self.book.events.len() as i64);
        match begin {
            Begin::Start => assert_eq!(cursor, 0),
            Begin::Now => assert_eq!(cursor, last),
            Begin::At(ts_ms) => {
                let first = self.book.events.iter().position(|event| !event.is_gone && event.ts_ms >= ts_ms);
                assert!(cursor <= first.map_or(last, |at| at as i64), "whatever is of this time or later goes again");
            }
        }
        self.book.replayed(&self.seen);
    }

    /// In the end the backend takes whatever is not bad, and nothing waits.
    fn end(mut self) {
        self.world.hinder(false);
        {
            let mut tape = self.world.tape();
            tape.replies.clear();
            (tape.unready, tape.late) = (0, 0);
        }
        self.order(Order::Resume);
        self.order(Order::Drain);
        for _ in 0..1000 {
            let next = self.go();
            if self.book.claims.is_stopped {
                self.order(Order::Resume);
            } else if next != Next::Again && self.seen.open.is_none() {
                // What nobody wants is passed over in time, and what is due expires in time.
                if self.book.waiting_in_earnest(self.world.now_ms()) == 0 {
                    return;
                }
            }
            if next != Next::Again {
                self.world.pass(62 * SECOND);
            }
        }
        panic!("in the end something still waits: {:#?}", self.seen);
    }
}

#[test]
fn whatever_happens_each_event_ends_as_exactly_one_of_what_is_promised() {
    let done = runner(200).run(&case(), |case| {
        let mut run = Run::new(&case);
        case.steps.iter().for_each(|step| run.take(step));
        run.end();
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}
