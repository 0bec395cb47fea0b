//! How long to wait before the next attempt: twice as long each time, with jitter, so that many proxies that lost the same
//! backend do not all come back at once.

use std::time::Duration;

/// The pause behind the first failure.
const FIRST: Duration = Duration::from_millis(500);
/// A backend that says when to come back is believed up to this.
const BELIEVED: Duration = Duration::from_secs(3600);

/// What becomes of the pauses while failures go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// They grow, and are no shorter than the backend asks for.
    Growing(Option<Duration>),
    /// They stay so long.
    Steady(Duration),
}

/// The pause behind the `attempts`-th failure in a row. `random` is from 0 to 1: between half of the pause and all of it.
pub(super) fn pause(attempts: u32, most: Duration, pace: Pace, random: f64) -> Duration {
    let asked = match pace {
        Pace::Growing(asked) => asked,
        Pace::Steady(pause) => return pause + FIRST.mul_f64(random.clamp(0.0, 1.0)),
    };
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1).min(20)));
    let own = doubled.min(most).mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0);
    // What the backend asks for is kept, and exceeded by a little, for the same reason.
    asked.map_or(own, |asked| asked.min(BELIEVED).max(own.min(most)) + FIRST.mul_f64(random.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Duration = Duration::from_secs(60);

    #[test]
    fn a_pause_doubles_up_to_the_most_and_lies_in_its_upper_half() {
        for (attempts, whole) in [(1, 0.5), (2, 1.0), (3, 2.0), (7, 32.0), (8, 60.0), (1000, 60.0)] {
            let [least, most] =
                [0.0, 1.0].map(|random| pause(attempts, MOST, Pace::Growing(None), random).as_secs_f64());
            assert!((least - whole / 2.0).abs() < 1e-9 && (most - whole).abs() < 1e-9, "{attempts}: {least} to {most}");
        }
    }

    #[test]
    fn what_the_backend_asks_for_is_kept() {
        for random in [0.0, 0.5, 1.0] {
            let paused = pause(1, MOST, Pace::Growing(Some(Duration::from_secs(7))), random);
            assert!((7.0..=7.5).contains(&paused.as_secs_f64()), "{paused:?}");
        }
        let absurd = pause(1, MOST, Pace::Growing(Some(Duration::from_secs(1 << 40))), 1.0);
        assert!(absurd <= BELIEVED + FIRST, "{absurd:?}");
    }
}
