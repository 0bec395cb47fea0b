//! A busy day's views, for benchmarks of the ledger and of sinks: 3,000 paths and 500 referrers, most of them rare.

use std::thread;
use std::time::{Duration, Instant};

use inlay::enrich::Exchange;
use inlay::event::ViewId;
use inlay::inject::Outcome;
use inlay::ledger::{Hit, Ledger, Offered};

const AGENT: &[u8] =
    b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// The texts of a day's views.
pub struct Views {
    targets: Vec<String>,
    referrers: Vec<String>,
    start_ms: i64,
}

impl Views {
    /// Views from this time on, milliseconds since 1970.
    pub fn from(start_ms: i64) -> Views {
        Views {
            targets: (0..3000).map(|n| format!("/shop/section-{}/product-{n}?utm_source=nl", n % 40)).collect(),
            referrers: (0..500).map(|n| format!("https://www.site-{n}.example/some/page?id={n}")).collect(),
            start_ms,
        }
    }

    /// Offers so many events as fast as the ledger takes them, and waits for the last one's sync; how long that took.
    pub fn commit(&self, ledger: &Ledger, events: u64) -> Duration {
        let (recorder, health) = (ledger.recorder(), ledger.health());
        let until = health.rows() + events;
        let began = Instant::now();
        for at in 0..events {
            while recorder.offer(&self.hit(at)) == Offered::Full {
                thread::sleep(Duration::from_millis(1));
            }
        }
        while health.rows() < until {
            thread::sleep(Duration::from_millis(1));
        }
        began.elapsed()
    }

    pub fn hit(&self, at: u64) -> Hit<'_> {
        let random = at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // The smaller of two is drawn more often: few paths have most of the views.
        let pick = |shift: u32, of: usize| {
            let (a, b) = ((random >> shift) as usize % of, (random >> (shift + 12)) as usize % of);
            a.min(b)
        };
        let ts_ms = self.start_ms + at as i64 / 200;
        let mut view_id = [0; 16];
        view_id[..8].copy_from_slice(&random.to_le_bytes());
        let view = Exchange {
            ts_ms,
            view_id: ViewId(view_id),
            host: b"shop.example.com",
            target: self.targets[pick(7, self.targets.len())].as_bytes(),
            status: 200,
            origin_us: 38_200,
            referrer: if at.is_multiple_of(3) {
                b""
            } else {
                self.referrers[pick(11, self.referrers.len())].as_bytes()
            },
            user_agent: AGENT,
            languages: b"en-US,en;q=0.9",
        };
        Hit { site: 0, ts_ms, outcome: Outcome::Tagged, view: Some(view) }
    }
}
