//! The crash test: killed twenty times under load, with every sink at work and rows expiring, each event is in each sink
//! exactly once.
//!
//! What is compared: every row of the site `shop` with what each sink got. Rows of the site `old` have passed their retention
//! before the process that could send them starts: they expire while it runs, are sent to nobody, and are counted as given up.
//! They are left out of the comparison by their age.

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
const LOST_AT_MOST: Duration = Duration::from_secs(5);

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
            self.report.old += left::add_old_rows(&data, number);
        }
    }

    /// Lets everything arrive, and stops.
    fn settle(&mut self) {
        self.slow.always(Reply::Accept);
        let mut proxy = self.start();
        let (data, folder) = (proxy.data(), self.dir.path().join("events"));
        let rows = left::rows(&data, "shop").len();
        wait_for("everything at both backends", || (self.quick.len() >= rows && self.slow.len() >= rows).then_some(()));
        wait_for("everything in the files, and all of them closed", || {
            (sink::in_progress(&folder).is_empty() && sink::try_read(&folder)?.len() >= rows).then_some(())
        });
        wait_for("that the old rows are gone", || left::rows(&data, "old").is_empty().then_some(()));
        assert_eq!(proxy.stop(), Some(0), "a clean end: {:#?}", proxy.log());
    }

    /// Compares what each sink has with the rows of the ledger.
    fn compare(&mut self) {
        let (data, folder) = (self.dir.path().join("data"), self.dir.path().join("events"));
        let rows = left::rows(&data, "shop");
        left::agree(&data, &rows, self.report.old);
        assert_eq!(sink::in_progress(&folder), [""; 0], "nothing is left in progress");
        for (sink, events, old) in [
            ("files", sink::try_read(&folder).expect("nothing moves"), self.report.old),
            ("quick", self.quick.events(), self.report.old),
            ("slow", self.slow.events(), 0),
        ] {
            let ids = left::ids(&events);
            assert_eq!(left::twice(&ids), BTreeSet::new(), "{sink}: no event is there twice");
            let ids: BTreeSet<_> = ids.into_iter().collect();
            let (missing, more) = (rows.difference(&ids).count(), ids.difference(&rows).collect::<Vec<_>>());
            assert_eq!(missing, 0, "{sink} lacks so many of {} rows", rows.len());
            assert!(more.is_empty(), "{sink} has what expired, or what was never committed: {more:?}");
            assert_eq!(left::accounts(&data, sink), (rows.len(), old), "{sink}: delivered and given up");
        }
        self.report.repeated = [&self.quick, &self.slow].map(|receiver| {
            let accepted = receiver.requests().iter().filter(|request| request.status == 200).count();
            accepted - receiver.accepted().len()
        });
        (self.report.rows, self.report.files) = (rows.len(), sink::names(&folder).len());
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
