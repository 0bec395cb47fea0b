//! How many events a batch may have at present: fewer while a bad one is looked for, and where the backend found batches too
//! large.

/// After so many batches in a row that were taken, one of twice the size is tried.
const TAKEN: u32 = 64;

/// The size of batches, in events.
#[derive(Debug)]
pub(super) struct Size {
    /// What the configuration says.
    most: usize,
    /// What the backend does not find too large, as far as is known.
    ceiling: usize,
    limit: usize,
    /// Batches of the ceiling's size that were taken in a row.
    taken: u32,
    /// The ceiling before the first of the refusals in a row.
    before: Option<usize>,
}

impl Size {
    pub(super) fn new(most: usize) -> Size {
        Size { most, ceiling: most, limit: most, taken: 0, before: None }
    }

    /// Events of the next batch, at most.
    pub(super) fn events(&self) -> usize {
        self.limit
    }

    /// A batch was taken: sizes grow again.
    pub(super) fn accepted(&mut self) {
        self.before = None;
        if self.limit == self.ceiling {
            self.taken = self.taken.saturating_add(1);
        }
        if self.taken >= TAKEN {
            self.ceiling = self.ceiling.saturating_mul(2).min(self.most);
            self.taken = 0;
        }
        self.limit = self.limit.saturating_mul(2).min(self.ceiling);
    }

    /// A batch of so many events was refused, because of its size or of what is in it: its half is next.
    pub(super) fn refused(&mut self, events: usize, too_large: bool) {
        self.limit = (events / 2).max(1);
        let before = *self.before.get_or_insert(self.ceiling);
        if too_large && events == 1 {
            // It was this event alone that was too large, and not the batches that it was in.
            (self.ceiling, self.taken) = (before, 0);
        } else if too_large {
            (self.ceiling, self.taken) = (self.limit, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a backend that takes at most `takes` events says no, over so many batches.
    fn refusals(takes: usize, batches: usize) -> usize {
        let mut size = Size::new(1000);
        let mut refused = 0;
        for _ in 0..batches {
            while size.events() > takes {
                refused += 1;
                size.refused(size.events(), true);
            }
            size.accepted();
        }
        refused
    }

    #[test]
    fn a_size_that_was_too_large_is_not_tried_again_at_once() {
        assert_eq!(refusals(1000, 1000), 0);
        assert!(refusals(300, 1000) <= 2 + 1000 / 64 + 1, "{}", refusals(300, 1000));
    }

    #[test]
    fn a_backend_that_takes_more_again_gets_more() {
        let mut size = Size::new(1000);
        size.refused(1000, true);
        size.refused(500, true);
        (0..200).for_each(|_| size.accepted());
        assert_eq!(size.events(), 1000);
    }

    #[test]
    fn one_giant_event_makes_no_small_batches_of_all_others() {
        let mut size = Size::new(1000);
        for events in [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1] {
            size.refused(events, true);
        }
        (0..10).for_each(|_| size.accepted());
        assert_eq!(size.events(), 1000);
    }

    #[test]
    fn behind_a_bad_event_batches_grow_to_their_size_at_once() {
        let mut size = Size::new(1000);
        for events in [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1] {
            size.refused(events, false);
        }
        assert_eq!(size.events(), 1);
        (0..10).for_each(|_| size.accepted());
        assert_eq!(size.events(), 1000);
    }
}
