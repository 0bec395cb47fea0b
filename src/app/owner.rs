//! The owner's listener: `admin` answers, on a thread that may wait; here stands how the process is at present.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use tokio::sync::watch;

use super::embed::Inlay;
use crate::admin::{Admin, Phase, Recording, SiteNumbers, Snapshot};
use crate::config::Config;
use crate::inject::Outcome;
use crate::ledger::{Clock, DropReason, Health, Recorder};
use crate::proxy::{Answer, Body, Counters, Handler};
use crate::sink::Sinks;

/// How far the program is between its start and its end.
pub(super) struct Stage {
    /// Says true once visitors' connections are accepted.
    pub(super) accepting: watch::Receiver<bool>,
    /// Says true once it was told to stop.
    pub(super) stopping: watch::Receiver<bool>,
}

impl Stage {
    fn phase(&self) -> Phase {
        match (*self.stopping.borrow(), *self.accepting.borrow()) {
            (true, _) => Phase::Stopping,
            (false, true) => Phase::Serving,
            (false, false) => Phase::Starting,
        }
    }
}

/// Serves [`Admin`].
pub(super) struct Owner {
    admin: Arc<Admin>,
    clock: Clock,
}

impl Owner {
    /// The owner's side of a program.
    pub(super) fn new(config: Arc<Config>, inlay: &Inlay, stage: Stage) -> Owner {
        let clock = inlay.clock();
        let process = Process {
            config: config.clone(),
            counters: inlay.counters(),
            health: inlay.health(),
            recorder: inlay.recorder(),
            sinks: inlay.sinks(),
            started_ms: clock.now_ms(),
            clock: clock.clone(),
            stage,
        };
        let now = Box::new(move || process.snapshot());
        let admin = Admin::new(config, &rand::random(), inlay.tokens(), now);
        Owner { admin: Arc::new(admin), clock }
    }
}

#[async_trait]
impl Handler for Owner {
    async fn handle(&self, request: Request<Bytes>, peer: Option<IpAddr>) -> Answer {
        let (admin, clock) = (self.admin.clone(), self.clock.clone());
        let answered = tokio::task::spawn_blocking(move || {
            let now = Timestamp::from_millisecond(clock.now_ms()).unwrap_or_default();
            admin.answer(&request, peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), now)
        });
        match answered.await {
            Ok(answer) => answer.map(Body::Whole),
            Err(_) => {
                let mut answer = Response::new(Body::Whole(Bytes::from_static(b"This cannot be answered.\n")));
                *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                answer
            }
        }
    }
}

/// The process, as `admin` is told of it.
struct Process {
    config: Arc<Config>,
    counters: Arc<Counters>,
    health: Arc<Health>,
    recorder: Recorder,
    sinks: Arc<Sinks>,
    clock: Clock,
    started_ms: i64,
    stage: Stage,
}

impl Process {
    fn snapshot(&self) -> Snapshot {
        let now_ms = self.clock.now_ms();
        let since = |then_ms: i64| Duration::from_millis(u64::try_from(now_ms - then_ms).unwrap_or_default());
        Snapshot {
            phase: self.stage.phase(),
            started_s: self.started_ms as f64 / 1e3,
            recording: self.health.trouble().map_or(Recording::Works, Recording::Fails),
            ledger_lost: self.health.loss(),
            last_commit: self.health.committed_ms().map(since),
            events_committed: self.health.rows(),
            requests_in_hand: self.counters.in_hand(),
            requests_unknown_host: self.counters.unknown_host(),
            untrusted_forwarder: self.counters.untrusted_forwarder(now_ms),
            sinks: self.sinks.status(),
            sites: self.config.sites.iter().enumerate().map(|(at, site)| self.site(at, &site.name)).collect(),
        }
    }

    fn site(&self, at: usize, name: &str) -> SiteNumbers {
        SiteNumbers {
            name: name.to_owned(),
            requests: self.counters.requests(at),
            pages: by_code(self.counters.pages(at)),
            shadow: by_code(self.counters.shadow(at)),
            shadow_s: self.counters.shadow_time(at).as_secs_f64(),
            dropped: DropReason::ALL.map(|why| self.recorder.dropped(at, why)),
            origin_errors: self.counters.origin_faults(at).map(|(fault, n)| (fault.word(), n)).collect(),
        }
    }
}

/// Counts at their outcome's code.
fn by_code(counts: impl Iterator<Item = (Outcome, u64)>) -> [u64; Outcome::COUNT] {
    let mut at_code = [0; Outcome::COUNT];
    for (outcome, n) in counts {
        if let Some(slot) = at_code.get_mut(usize::from(outcome.code())) {
            *slot = n;
        }
    }
    at_code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_starting_until_it_accepts_and_stopping_once_it_is_told() {
        let ((accepting, accepts), (stopping, stops)) = (watch::channel(false), watch::channel(false));
        let stage = Stage { accepting: accepts, stopping: stops };
        assert!(matches!(stage.phase(), Phase::Starting));
        accepting.send_replace(true);
        assert!(matches!(stage.phase(), Phase::Serving));
        stopping.send_replace(true);
        assert!(matches!(stage.phase(), Phase::Stopping));
    }
}
