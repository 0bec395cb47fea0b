//! The hand-over: byte buffers between the threads of requests and the writer, where nobody ever waits.
//!
//! Both sides only ever *try* a lane's lock. A lock that nobody waits for is released without a system call; had the writer
//! waited for one, the request that released it would have had to wake it (a futex call). So a request that finds its lane
//! taken or full goes on to the next one and gives up after all of them; the writer comes back a moment later.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread;

use super::drops::{DropReason, Drops};
use super::hit::Hit;

/// What became of a hit.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// The writer will take it up.
    Queued,
    /// It was dropped, and counted.
    Full,
}

/// Where requests leave their hits. Clones are the same ledger.
#[derive(Debug, Clone)]
pub struct Recorder {
    pub(in crate::ledger) lanes: Arc<Lanes>,
    pub(in crate::ledger) drops: Arc<Drops>,
}

/// The lanes.
#[derive(Debug)]
pub(in crate::ledger) struct Lanes {
    lanes: Box<[Mutex<Lane>]>,
    /// Each one's capacity in bytes.
    bytes: usize,
}

#[derive(Debug)]
struct Lane {
    /// Never grows beyond the capacity that it was made with.
    bytes: Vec<u8>,
    /// Once closed, nothing is left here any more: what came later would never be taken up.
    open: bool,
}

/// A lane's capacity in bytes: some 2,500 views.
const LANE_BYTES: usize = 1 << 20;
/// So many that what comes during a large batch's commit has room.
const MIN_LANES: usize = 8;

thread_local! {
    /// This thread's number, once it has one: threads start at lanes of their own.
    static THREAD: Cell<Option<usize>> = const { Cell::new(None) };
}
static THREADS: AtomicUsize = AtomicUsize::new(0);

impl Recorder {
    /// Hands a hit over. Neither waits, nor allocates, nor calls the system, nor wakes anybody.
    pub fn offer(&self, hit: &Hit<'_>) -> Offered {
        let lanes = &self.lanes.lanes;
        let first = thread_number();
        let mut closed = false;
        for at in 0..lanes.len() {
            let Some(mut lane) = lanes.get((first + at) % lanes.len()).and_then(try_lock) else { continue };
            closed = !lane.open;
            if lane.open && hit.append(&mut lane.bytes) {
                return Offered::Queued;
            }
        }
        self.drops.add(hit.site, if closed { DropReason::Shutdown } else { DropReason::QueueFull }, 1);
        Offered::Full
    }

    /// How many hits and rows of a site were dropped for a reason since the start.
    pub fn dropped(&self, site: usize, reason: DropReason) -> u64 {
        self.drops.get(site, reason)
    }
}

impl Lanes {
    /// Two lanes for each thread that the machine runs at once, so that a request finds a free one beside the writer. Their
    /// memory is the system's until hits need it.
    pub(in crate::ledger) fn new() -> Lanes {
        let threads = thread::available_parallelism().map_or(2, usize::from);
        Lanes::with(MIN_LANES.max(threads * 2), LANE_BYTES)
    }

    fn with(count: usize, bytes: usize) -> Lanes {
        let lanes = (0..count).map(|_| Mutex::new(Lane { bytes: Vec::with_capacity(bytes), open: true })).collect();
        Lanes { lanes, bytes }
    }

    /// An empty buffer like those of the lanes, for [`Lanes::take`].
    pub(in crate::ledger) fn spare(&self) -> Vec<u8> {
        Vec::with_capacity(self.bytes)
    }

    /// Appends what the lanes hold to `batch`, beginning with lane `first`, until `batch` has `enough` bytes. Lanes that a
    /// request is in at this moment are left for the next time. Returns the lane to begin with then.
    ///
    /// A lane's buffer is exchanged for `spare` and copied when the lane is free again: `batch` may have to grow for it, and
    /// that may be a system call.
    pub(in crate::ledger) fn take(
        &self,
        batch: &mut Vec<u8>,
        spare: &mut Vec<u8>,
        first: usize,
        enough: usize,
    ) -> usize {
        for at in 0..self.lanes.len() {
            let number = (first + at) % self.lanes.len();
            if batch.len() >= enough {
                return number;
            }
            if let Some(mut lane) = self.lanes.get(number).and_then(try_lock) {
                std::mem::swap(&mut lane.bytes, spare);
            }
            batch.extend_from_slice(spare);
            spare.clear();
        }
        first
    }

    /// Closes every lane. What is in them stays to be taken; what is offered from now on is counted as dropped.
    pub(in crate::ledger) fn close(&self) {
        for lane in &self.lanes {
            soon(lane).open = false;
        }
    }

    /// Whether all lanes are empty.
    pub(in crate::ledger) fn drained(&self) -> bool {
        self.lanes.iter().all(|lane| soon(lane).bytes.is_empty())
    }
}

/// The lane, as soon as nobody has it. A request has it for less than a microsecond, and the lock is still only tried.
fn soon(lane: &Mutex<Lane>) -> MutexGuard<'_, Lane> {
    loop {
        if let Some(lane) = try_lock(lane) {
            return lane;
        }
        thread::yield_now();
    }
}

/// The lane, if nobody has it. A lane whose holder panicked is as good as any: a record is whole or was never begun.
fn try_lock(lane: &Mutex<Lane>) -> Option<MutexGuard<'_, Lane>> {
    match lane.try_lock() {
        Ok(lane) => Some(lane),
        Err(TryLockError::Poisoned(lane)) => Some(lane.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

fn thread_number() -> usize {
    THREAD.with(|own| {
        own.get().unwrap_or_else(|| {
            let number = THREADS.fetch_add(1, Ordering::Relaxed);
            own.set(Some(number));
            number
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::Outcome;

    const HIT: Hit<'static> = Hit { site: 0, ts_ms: 0, outcome: Outcome::Tagged, view: None };
    /// Bytes of such a hit in a lane.
    const BYTES: usize = 17;

    fn recorder(lanes: usize, hits_a_lane: usize) -> Recorder {
        Recorder { lanes: Arc::new(Lanes::with(lanes, hits_a_lane * BYTES)), drops: Arc::new(Drops::new(1)) }
    }

    #[test]
    fn a_hit_goes_to_the_next_lane_where_its_own_is_full_or_taken() {
        let recorder = recorder(3, 2);
        let taken = recorder.lanes.lanes[1].lock().expect("nobody has it");
        for hit in 0..4 {
            assert_eq!(recorder.offer(&HIT), Offered::Queued, "hit {hit} finds one of two lanes");
        }
        assert_eq!(recorder.offer(&HIT), Offered::Full, "the third is taken");
        drop(taken);
        assert_eq!(recorder.offer(&HIT), Offered::Queued, "now it is not");
        assert_eq!(recorder.dropped(0, DropReason::QueueFull), 1);
    }

    #[test]
    fn lanes_are_taken_in_turn_and_no_more_than_is_wanted() {
        let recorder = recorder(4, 1);
        for _ in 0..4 {
            assert_eq!(recorder.offer(&HIT), Offered::Queued);
        }
        let (mut batch, mut spare) = (Vec::new(), recorder.lanes.spare());
        let next = recorder.lanes.take(&mut batch, &mut spare, 3, 2 * BYTES);
        assert_eq!((batch.len(), next), (2 * BYTES, 1), "lanes 3 and 0, then it is lane 1's turn");
        assert!(!recorder.lanes.drained());
        recorder.lanes.take(&mut batch, &mut spare, next, usize::MAX);
        assert_eq!(batch.len(), 4 * BYTES);
        assert!(recorder.lanes.drained());
        for hit in 0..4 {
            assert_eq!(recorder.offer(&HIT), Offered::Queued, "hit {hit}: a lane that was taken has its room again");
        }
        assert_eq!(recorder.offer(&HIT), Offered::Full, "and no more than that");
    }

    #[test]
    fn threads_lose_nothing_between_them() {
        let recorder = recorder(4, 50);
        let offering: Vec<_> = (0..4)
            .map(|_| {
                let recorder = recorder.clone();
                thread::spawn(move || (0..5_000).filter(|_| recorder.offer(&HIT) == Offered::Queued).count())
            })
            .collect();
        let (mut batch, mut spare, mut first) = (Vec::new(), recorder.lanes.spare(), 0);
        while offering.iter().any(|thread| !thread.is_finished()) {
            first = recorder.lanes.take(&mut batch, &mut spare, first, usize::MAX);
        }
        recorder.lanes.close();
        recorder.lanes.take(&mut batch, &mut spare, first, usize::MAX);
        let queued: usize = offering.into_iter().map(|thread| thread.join().expect("a thread")).sum();
        assert_eq!(batch.len(), queued * BYTES, "what was queued was taken");
        assert_eq!(recorder.dropped(0, DropReason::QueueFull) as usize, 20_000 - queued, "what was not was counted");
    }
}
