//! Events a second through the whole ledger: offered, made into rows and counts, committed, synced.
//!
//! The budget is 200,000 a second on one core: `taskset -c 0 cargo bench --bench ledger`. What an event brings along is a busy
//! day's: 3,000 paths and 500 referrers, most of them rare.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods, reason = "a benchmark fails by a panic")]

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use inlay::config::{Honor, Host, HostSent, Identity, InFront, Origin, Paths, Privacy, Site};
use inlay::enrich::Exchange;
use inlay::event::ViewId;
use inlay::inject::Outcome;
use inlay::ledger::{self, Clock, Hit, Ledger, Offered, Recorder};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events of one measured round.
const EVENTS: u64 = 200_000;
const AGENT: &[u8] =
    b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const START_MS: i64 = 1_795_435_200_000;

fn committed(c: &mut Criterion) {
    let mut group = c.benchmark_group("ledger");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS)).measurement_time(Duration::from_secs(20));
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = ledger::open(dir.path(), &sites(), Clock::system()).expect("the ledger opens");
    let (views, before) = (Views::new(), cpu_seconds());
    group.bench_function(BenchmarkId::new("committed", EVENTS), |b| {
        b.iter_custom(|rounds| (0..rounds).map(|_| round(&ledger, &views)).sum());
    });
    group.finish();
    let rows = ledger.close().rows as f64;
    if let Some(used) = before.zip(cpu_seconds()).map(|(before, after)| after - before) {
        println!("{:.2} us of CPU time an event, all threads", used * 1e6 / rows);
    }
    println!("{:.0} bytes an event on disk", size(dir.path()) as f64 / rows);
}

fn offered(c: &mut Criterion) {
    let mut group = c.benchmark_group("ledger");
    group.throughput(Throughput::Elements(1));
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = ledger::open(dir.path(), &sites(), Clock::system()).expect("the ledger opens");
    let (views, recorder) = (Views::new(), ledger.recorder());
    let mut at = 0;
    group.bench_function("offered", |b| {
        b.iter(|| {
            at += 1;
            recorder.offer(&views.hit(at))
        });
    });
    group.finish();
}

/// Offers a round's events as fast as the ledger takes them, and waits for the last one's sync.
fn round(ledger: &Ledger, views: &Views) -> Duration {
    let (recorder, health) = (ledger.recorder(), ledger.health());
    let until = health.rows() + EVENTS;
    let began = Instant::now();
    for at in 0..EVENTS {
        offer(&recorder, &views.hit(at));
    }
    while health.rows() < until {
        thread::sleep(Duration::from_millis(1));
    }
    began.elapsed()
}

fn offer(recorder: &Recorder, hit: &Hit<'_>) {
    while recorder.offer(hit) == Offered::Full {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The texts of a day's views.
struct Views {
    targets: Vec<String>,
    referrers: Vec<String>,
}

impl Views {
    fn new() -> Views {
        Views {
            targets: (0..3000).map(|n| format!("/shop/section-{}/product-{n}?utm_source=nl", n % 40)).collect(),
            referrers: (0..500).map(|n| format!("https://www.site-{n}.example/some/page?id={n}")).collect(),
        }
    }

    fn hit(&self, at: u64) -> Hit<'_> {
        let random = at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // The smaller of two is drawn more often: few paths have most of the views.
        let pick = |shift: u32, of: usize| {
            let (a, b) = ((random >> shift) as usize % of, (random >> (shift + 12)) as usize % of);
            a.min(b)
        };
        let ts_ms = START_MS + at as i64 / 200;
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

fn sites() -> Vec<Arc<Site>> {
    vec![Arc::new(Site {
        name: "shop".into(),
        hosts: vec![Host::Name("shop.example.com".into())],
        origin: Origin { https: false, host: "127.0.0.1".into(), port: 3000 },
        prefix: "/_inlay".into(),
        host: HostSent::Keep,
        tag: true,
        paths: Paths::default(),
        keep_query: vec![],
        timezone: jiff::tz::TimeZone::get("Europe/Berlin").expect("the zone is compiled in"),
        in_front: InFront::Unknown,
        origin_timeout: Duration::from_secs(60),
        privacy: Privacy {
            identity: Identity::Cookieless,
            honor: Honor { gpc: true, dnt: true },
            retention_days: 90,
            contact: String::new(),
            gpc_json: false,
        },
        tags: vec![],
    })]
}

/// CPU time of the process so far, where the system tells it (in hundredths of a second). Unlike the events a second, it says
/// the same on a machine that has other work.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / 100.0)
}

fn size(dir: &Path) -> u64 {
    dir.join("ledger.db").metadata().map_or(0, |file| file.len())
}

criterion_group!(benches, committed, offered);
criterion_main!(benches);
