//! For tests: a shipper without a thread, which takes its steps one by one when it is told to.

use std::time::Duration;

use super::{Parts, Shipper, Turn};

/// What a step ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sink) enum Next {
    /// Another step, at once.
    Again,
    /// It would wait, for so long at most.
    Wait(Duration),
    /// The ledger failed it, in words; it would wait a moment.
    Trouble(String),
}

impl Shipper {
    /// As a thread begins.
    pub(in crate::sink) fn by_hand(mut parts: Parts) -> Shipper {
        let generation = parts.outbox.generation();
        parts.outbox = parts.outbox.within(generation);
        let place = parts.outbox.join(&parts.sink.name, parts.sink.begin, &parts.filter).expect("a place");
        let mut shipper = Shipper::new(parts, place, generation);
        let now_ms = shipper.parts.clock.now_ms();
        // Where the ledger fails it, the first step tries again.
        _ = shipper.resume(now_ms);
        shipper
    }

    /// How a step begins: what was accepted is written down.
    pub(in crate::sink) fn write_accepted(&mut self) {
        self.settle().expect("the ledger can be written");
    }

    /// And then: orders are carried out.
    pub(in crate::sink) fn heed(&mut self) {
        self.obey().expect("the ledger can be written");
    }

    /// One round of the thread's loop, without the waiting.
    pub(in crate::sink) fn go(&mut self) -> Next {
        let turn = self.step();
        self.look_after();
        match turn {
            Ok(Turn::Again) => Next::Again,
            Ok(Turn::Wait(time)) => Next::Wait(time),
            Err(trouble) => {
                self.trouble(&trouble);
                Next::Trouble(trouble.to_string())
            }
        }
    }
}
