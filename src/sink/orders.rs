//! What others tell a shipper, and what it lets them see. A shipper looks between two deliveries: who gives an order does not
//! wait for a slow backend.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::status::Status;
use crate::config::Begin;

/// An order for one sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// No further batch begins.
    Pause,
    /// Batches begin again, at once; also after a stop of the sink's own.
    Resume,
    /// What waits goes now: neither a batch that gathers nor a pause after a failure is waited for.
    Drain,
    /// Dead letters are tried again: this one, or all.
    Retry(Option<i64>),
    /// Events go again from here.
    Replay(Begin),
}

/// Between one shipper and everybody else.
#[derive(Debug)]
pub(super) struct Desk {
    orders: Mutex<VecDeque<Order>>,
    status: Mutex<Status>,
    ending: AtomicBool,
}

impl Desk {
    pub(super) fn new(status: Status) -> Desk {
        Desk { orders: Mutex::default(), status: Mutex::new(status), ending: AtomicBool::new(false) }
    }

    /// Leaves an order; the bell is for the caller to ring.
    pub(super) fn leave(&self, order: Order) {
        self.orders().push_back(order);
        if order == Order::Drain {
            self.status().draining = true;
        }
    }

    /// What was to go has gone, unless there is another order for it.
    pub(super) fn drained(&self) {
        let mut status = self.status();
        status.draining = self.orders().contains(&Order::Drain);
    }

    /// The oldest order, which stays until it is done.
    pub(super) fn next(&self) -> Option<Order> {
        self.orders().front().copied()
    }

    /// The oldest order is carried out.
    pub(super) fn done(&self) {
        self.orders().pop_front();
    }

    /// The status, to read or to write; never held across anything that waits.
    pub(super) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits goes now, and then the shipper ends; the bell is for the caller to ring.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Release);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    fn orders(&self) -> MutexGuard<'_, VecDeque<Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
