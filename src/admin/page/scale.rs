//! The numbers beside a graph: a round step, few lines, and the highest bar below the last.

/// An axis from 0 to `steps * step`. Wider than the numbers on it: the top of [`u64::MAX`] lies above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    step: u128,
    steps: u32,
}

/// How many steps an axis has at most.
const STEPS: u128 = 4;

impl Scale {
    /// The axis for values up to `max`.
    pub(super) fn for_max(max: u64) -> Scale {
        let max = u128::from(max.max(1));
        let mut power = 1;
        loop {
            if let Some(step) = [1, 2, 5].map(|digit| digit * power).into_iter().find(|step| step * STEPS >= max) {
                return Scale { step, steps: u32::try_from(max.div_ceil(step)).unwrap_or(1) };
            }
            power *= 10;
        }
    }

    /// Each line above 0: its value and its share of the height.
    pub(super) fn lines(self) -> impl Iterator<Item = (u64, f64)> {
        (1..=self.steps).map(move |at| {
            let value = u64::try_from(self.step * u128::from(at)).unwrap_or(u64::MAX);
            (value, f64::from(at) / f64::from(self.steps))
        })
    }

    /// A value's share of the height, 0 to 1.
    pub(super) fn share(self, value: u64) -> f64 {
        value as f64 / (self.step * u128::from(self.steps)) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(max: u64) -> Vec<u64> {
        Scale::for_max(max).lines().map(|(value, _)| value).collect()
    }

    #[test]
    fn lines_are_round_and_few() {
        assert_eq!(values(0), [1]);
        assert_eq!(values(1), [1]);
        assert_eq!(values(3), [1, 2, 3]);
        assert_eq!(values(7), [2, 4, 6, 8]);
        assert_eq!(values(1_234), [500, 1_000, 1_500]);
        assert_eq!(values(20_000_000), [5_000_000, 10_000_000, 15_000_000, 20_000_000]);
    }

    proptest! {
        #[test]
        fn no_bar_is_higher_than_the_last_line_or_far_below_it(max in any::<u64>()) {
            let scale = Scale::for_max(max);
            let share = scale.share(max);
            prop_assert!((0.0..=1.0).contains(&share), "share {share}");
            prop_assert!(max < 2 || share > 0.49, "share {share} leaves half of the graph empty");
            prop_assert!((1..=4).contains(&scale.lines().count()));
        }
    }
}
