//! Events a second through the whole ledger: offered, made into rows and counts, committed, synced.
//!
//! The budget is 200,000 a second on one core: `taskset -c 0 cargo bench --bench ledger`. What an event brings along is a busy
//! day's: 3,000 paths and 500 referrers, most of them rare.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a benchmark fails by a panic"
)]

mod views;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use inlay::config::{Compress, Csp, Honor, Host, HostSent, Identity, InFront, Mode, Origin, Paths, Privacy, Site};
use inlay::ledger::{self, Clock};
use views::Views;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events of one measured round.
const EVENTS: u64 = 200_000;
/// 2026-11-23T12:00:00Z.
const START_MS: i64 = 1_795_435_200_000;

fn committed(c: &mut Criterion) {
    let mut group = c.benchmark_group("ledger");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS)).measurement_time(Duration::from_secs(20));
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = ledger::open(dir.path(), &sites(), Clock::system()).expect("the ledger opens");
    let (views, before) = (Views::from(START_MS), cpu_seconds());
    group.bench_function(BenchmarkId::new("committed", EVENTS), |b| {
        b.iter_custom(|rounds| (0..rounds).map(|_| views.commit(&ledger, EVENTS)).sum());
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
    let (views, recorder) = (Views::from(START_MS), ledger.recorder());
    let mut at = 0;
    group.bench_function("offered", |b| {
        b.iter(|| {
            at += 1;
            recorder.offer(&views.hit(at))
        });
    });
    group.finish();
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
        compress: Compress::Pass,
        csp: Csp::Adapt,
        mode: Mode::Live,
        percent: 100,
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
