//! The crash test: killed twenty times under load, with every sink at work and rows expiring, each event is in each sink
//! exactly once.
//!
//! What is compared: every row of the site `shop` with what each sink got. Rows of the site `old` have passed their retention
//! before the process that could send them starts: they expire while it runs, delivered or given up, and are left out of the
//! comparison by their age; what they must not do is come twice, or vanish uncounted.
//!
//! A batch that was accepted and not told goes again under its key with its bytes, unless one of its rows has expired
//! meanwhile: the rest of it then goes under another key, and the backend cannot know. `slow` gets no rows that expire, so there
//! this must never happen; at `quick` it is counted, and allowed for such batches alone.

mod kill;
mod left;
mod load;
mod report;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, binary, configure};
use crate::support::receiver::{Receiver, Reply};
use crate::support::{sink, wait_for};
use kill::{Kill, Trap};
use load::Load;
use report::{Report, Round};

/// How often it is killed.
const ROUNDS: usize = 20;
/// In so many rounds at least a batch has to be accepted and not written down.
const ROUNDS_IN_FLIGHT: usize = 3;
/// What may be lost was answered this shortly before.
const LOST: Duration = Duration::from_millis(200);
/// The same on a machine that is busy with more.
const LOST_AT_MOST: Duration = Duration::from_secs(2);

/// Everything that outlives a kill.
struct Stage {
    dir: Arc<TempDir>,
    sites: String,
    _origin: Origin,
    quick: Receiver,
    slow: Receiver,
    trap: Arc<Trap>,
    random: StdRng,
    report: Report,
}

impl Stage {
    fn new(seed: u64) -> Stage {
        let dir = Arc::new(TempDir::new().expect("a folder"));
        let origin = Origin::html("<!doctype html><html><head></head><body></body></html>");
        let (quick, slow, trap) = (Receiver::new(), Receiver::new(), Arc::new(Trap::default()));
        let trapped = trap.clone();
        quick.watch(move |moment, _| trapped.meet(moment));
        let mut random = StdRng::seed_from_u64(seed ^ 1);
        slow.always_by(move || match random.gen_range(0..100) {
            0..10 => Reply::AcceptAndReset,
            10..25 => Reply::Refuse(503, ""),
            25..30 => Reply::Refuse(429, "Retry-After: 1\r\n"),
            _ => Reply::AcceptAfter(Duration::from_millis(random.gen_range(10..150))),
        });
        let site = |name: &str, more: &str| {
            format!("[[site]]\nname = \"{name}\"\nhosts = [\"{name}.test\"]\norigin = \"{}\"\n{more}", origin.url())
        };
        let files = "from = \"start\"\nbatch_events = 40\nrotate_bytes = 30000\ngzip = true\n";
        let sites = [
            site("shop", ""),
            site("old", "[site.privacy]\nretention_days = 1\n"),
            sink::file("files", &dir.path().join("events"), files),
            sink::http("quick", &quick.url(), "from = \"start\"\nbatch_events = 40\n"),
            sink::http("slow", &slow.url(), "from = \"start\"\nbatch_events = 100\nsites = [\"shop\"]\n"),
        ];
        let (sites, random) = (sites.concat(), StdRng::seed_from_u64(seed));
        Stage { dir, sites, _origin: origin, quick, slow, trap, random, report: Report::new(seed) }
    }

    fn start(&self) -> Proxy {
        let config = configure(&self.dir, "", &self.sites);
        Proxy::spawn(binary().env("INLAY_LOG", "info").arg("run").arg("--config").arg(config), self.dir.clone())
    }

    /// Starts, loads, kills, and looks at what is left.
    fn round(&mut self, number: usize, kill: Kill) {
        let (proxy, folder) = (self.start(), self.dir.path().join("events"));
        let load = Load::new(proxy.addr, number);
        wait_for("pages under load", || (load.answered() > 40).then_some(()));
        std::thread::sleep(Duration::from_millis(self.random.gen_range(100..700)));
        kill.wait(&self.trap, &folder);
        let (data, log) = (proxy.data(), proxy.log());
        load.expect_the_kill();
        let killed = Instant::now();
        drop(proxy);
        self.trap.release();
        let answers = load.end();
        let panics: Vec<_> = log.iter().filter(|line| line.contains("panicked")).collect();
        assert!(panics.is_empty(), "round {number}: {panics:#?}");

        let left = left::look(&data, &folder, [&self.quick, &self.slow]);
        let lost = |path: &str| !left.paths.contains(path);
        let lost: Vec<_> = answers.iter().filter(|answer| lost(&answer.path)).collect();
        let oldest = lost.iter().map(|answer| killed.saturating_duration_since(answer.at)).max().unwrap_or_default();
        assert!(oldest <= LOST_AT_MOST, "round {number}: an event that was lost was answered {oldest:?} before");
        self.report.rounds.push(Round { kill, answered: answers.len(), lost: lost.len(), oldest, left });
        // Not in every round: so half of the logs are taken up by the next process alone.
        if number.is_multiple_of(2) {
            self.report.old.extend(left::add_old_rows(&data, number));
        }
    }

    /// Lets everything arrive, and stops.
    fn settle(&mut self) {
        self.slow.always(Reply::Accept);
        let mut proxy = self.start();
        let data = proxy.data();
        wait_for("that every sink has everything", || {
            sink::statuses(&data).iter().all(|sink| sink["lag_events"] == 0).then_some(())
        });
        wait_for("that the old rows are gone", || (left::rows(&data, "old").is_empty()).then_some(()));
        self.report.statuses = sink::statuses(&data);
        assert_eq!(proxy.stop(), Some(0), "a clean end: {:#?}", proxy.log());
    }

    /// Compares what each sink has with the rows of the ledger.
    fn compare(&mut self) {
        let data = self.dir.path().join("data");
        let rows = left::rows(&data, "shop");
        left::agree(&data, &rows, self.report.old.len());
        let folder = self.dir.path().join("events");
        let in_files = sink::try_read(&folder).expect("nothing moves");
        let hidden: Vec<_> = sink::names(&folder).into_iter().filter(|name| name.starts_with('.')).collect();
        assert!(hidden.is_empty(), "nothing is left in progress: {hidden:?}");
        self.report.files = sink::names(&folder).len();

        let files = left::ids(&in_files);
        assert_eq!(left::twice(&files), BTreeSet::new(), "no event is in the files twice");
        self.report.compare("files", &rows, &files);
        let slow = left::ids(&self.slow.events());
        assert_eq!(left::twice(&slow), BTreeSet::new(), "no event came to `slow` under two keys");
        self.report.compare("slow", &rows, &slow);
        let quick = left::ids(&self.quick.events());
        let excused = left::shared_a_batch(&self.quick.requests(), &self.report.old);
        let twice = left::twice(&quick);
        let unexcused: Vec<_> = twice.difference(&excused).collect();
        assert!(unexcused.is_empty(), "came to `quick` under two keys: {unexcused:?}");
        self.report.twice_by_expiry = twice.len();
        self.report.compare("quick", &rows, &quick);
        self.report.repeated = [&self.quick, &self.slow].map(|receiver| {
            let accepted: Vec<_> = receiver.requests().into_iter().filter(|request| request.status == 200).collect();
            accepted.len() - accepted.iter().map(|request| &request.key).collect::<BTreeSet<_>>().len()
        });
        self.report.rows = rows.len();
    }
}

#[test]
fn killed_twenty_times_under_load_every_row_is_in_every_sink_exactly_once() {
    let given = std::env::var("INLAY_SEED").ok().map(|seed| seed.parse().expect("a seed is a number"));
    let seed = given.unwrap_or_else(rand::random::<u32>);
    println!("INLAY_SEED={seed} repeats these kills");
    let mut stage = Stage::new(seed.into());
    for (number, kill) in Kill::schedule(ROUNDS, &mut stage.random.clone()).into_iter().enumerate() {
        stage.round(number, kill);
    }
    stage.settle();
    stage.compare();
    println!("{}", stage.report);
    stage.report.check();
}
