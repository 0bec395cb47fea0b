//! How often a wrong token may be tried: a stranger who guesses is told to wait. A right one opens at any time.
//!
//! A token has 256 random bits; what is bounded here is the noise that guessing makes. Nobody waits inside.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Failed tries that one address has in a minute.
const TRIES: u32 = 10;
/// How many addresses are remembered; more than so many at once are treated as one.
const ADDRESSES: usize = 1_024;
/// Where addresses in excess are counted: the last address there is, nobody's.
const THE_REST: IpAddr = IpAddr::V6(Ipv6Addr::from_bits(u128::MAX));
/// Length of the window in seconds.
const WINDOW_S: i64 = 60;

/// Failed tries of the last minute, by address.
#[derive(Debug, Default)]
pub(super) struct Tries(Mutex<HashMap<IpAddr, Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    since_s: i64,
    failed: u32,
}

impl Tries {
    /// Seconds to wait before the next try from `peer`, or `None` where it may try. Times are seconds since 1970.
    pub(super) fn wait_s(&self, peer: IpAddr, now_s: i64) -> Option<i64> {
        let table = self.table();
        let window = table.get(&slot(&table, peer))?;
        (window.failed >= TRIES && window.holds(now_s)).then_some(window.since_s + WINDOW_S - now_s)
    }

    /// Remembers a failed try.
    pub(super) fn failed(&self, peer: IpAddr, now_s: i64) {
        let mut table = self.table();
        table.retain(|_, window| window.holds(now_s));
        let slot = slot(&table, peer);
        let window = table.entry(slot).or_insert(Window { since_s: now_s, failed: 0 });
        window.failed = window.failed.saturating_add(1);
    }

    fn table(&self) -> MutexGuard<'_, HashMap<IpAddr, Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// Whether it is not over; one that begins in the future is left from before the clock was set.
    fn holds(&self, now_s: i64) -> bool {
        (0..WINDOW_S).contains(&now_s.saturating_sub(self.since_s))
    }
}

/// Where an address is counted: an IPv6 host owns its whole /64; a full table counts new ones together.
fn slot(table: &HashMap<IpAddr, Window>, peer: IpAddr) -> IpAddr {
    let own = match peer.to_canonical() {
        IpAddr::V6(addr) => IpAddr::V6(Ipv6Addr::from_bits(addr.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    };
    if table.len() >= ADDRESSES && !table.contains_key(&own) { THE_REST } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn ten_failed_tries_are_free_and_then_a_minute_passes() {
        let tries = Tries::default();
        for _ in 0..TRIES {
            assert_eq!(tries.wait_s(ONE, 100), None);
            tries.failed(ONE, 100);
        }
        assert_eq!(tries.wait_s(ONE, 110), Some(50), "the rest of the minute");
        assert_eq!(tries.wait_s(OTHER, 110), None, "others are not held up");
        assert_eq!(tries.wait_s(ONE, 160), None, "the minute is over");
    }

    #[test]
    fn an_ipv6_host_has_one_count_for_its_network() {
        let tries = Tries::default();
        for host in 0..u128::from(TRIES) {
            tries.failed(IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | host)), 0);
        }
        assert!(tries.wait_s(IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | 0xffff)), 1).is_some());
    }

    #[test]
    fn the_table_is_bounded() {
        let tries = Tries::default();
        for host in 0..4 * ADDRESSES as u32 {
            tries.failed(IpAddr::V4(host.into()), 0);
        }
        assert!(tries.table().len() <= ADDRESSES + 1);
        assert!(tries.wait_s(IpAddr::V4(u32::MAX.into()), 1).is_some(), "strangers in excess share one count");
        assert_eq!(tries.wait_s(IpAddr::V4(1.into()), 1), None, "those remembered keep their own");
    }
}
