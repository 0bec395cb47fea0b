//! Inlay without its server: the ledger and the tagging, for somebody's own pingora proxy (`examples/embed.rs`) and for
//! the binary alike.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::collect;
use crate::config::{Config, Problems};
use crate::ledger::{self, Clock, Health, Ledger, OpenError, Recorder, Summary, Tokens};
use crate::proxy::{Counters, Tagged, Tagging, TaggingParts};
use crate::sink::Sinks;

/// An open ledger, the tagging that records into it, and the sinks that forward what was recorded.
pub struct Inlay {
    ledger: Ledger,
    sinks: Arc<Sinks>,
    tagging: Arc<Tagging>,
    counters: Arc<Counters>,
    clock: Clock,
}

/// How long sinks may take for what waits when the program ends. What they do not deliver then waits in the ledger.
const SINKS_END: Duration = Duration::from_secs(5);

/// Why a configuration file does not lead to an [`Inlay`].
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file.
    #[error(transparent)]
    Config(#[from] Problems),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] OpenError),
}

impl Inlay {
    /// Reads a configuration file and opens its ledger. Listeners and origins in it are the caller's own business.
    pub fn load(file: &Path) -> Result<Inlay, LoadError> {
        let config = super::load(file, &|name| std::env::var_os(name))?;
        Ok(Inlay::open(Arc::new(config))?)
    }

    /// Opens the ledger of a configuration and makes its sites ready. Where it cannot be opened for now, pages are served all
    /// the same, and [`Inlay::health`] says why nothing is recorded.
    pub fn open(config: Arc<Config>) -> Result<Inlay, OpenError> {
        let clock = Clock::system();
        let ledger = ledger::start(&config.server.data, &config.sites, clock.clone())?;
        let counters = Arc::new(Counters::new(config.sites.len()));
        let endpoints = endpoints(&config, &ledger);
        let gpc_since = gpc_since(&config, &ledger, &clock);
        let recorder = ledger.recorder();
        let sinks = Arc::new(Sinks::start(&config, &ledger.outbox(), &clock));
        let (counted, told) = (counters.clone(), clock.clone());
        let parts = TaggingParts { config, endpoints, gpc_since, recorder, counters: counted, clock: told };
        Ok(Inlay { ledger, sinks, tagging: Tagging::new(parts), counters, clock })
    }

    /// `proxy`, with tagging.
    pub fn tagged<P>(&self, proxy: P) -> Tagged<P> {
        Tagged::new(proxy, self.tagging.clone())
    }

    /// What the proxy counts.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// How the ledger is.
    pub fn health(&self) -> Arc<Health> {
        self.ledger.health()
    }

    /// Commits what was handed over, gives the sinks a moment for it, and closes the ledger: call it when the server has ended.
    pub fn close(self) -> Summary {
        self.ledger.drain();
        self.sinks.stop(SINKS_END);
        self.ledger.close()
    }

    /// The sinks.
    pub(crate) fn sinks(&self) -> Arc<Sinks> {
        self.sinks.clone()
    }

    pub(crate) fn tokens(&self) -> Tokens {
        self.ledger.tokens()
    }

    pub(super) fn recorder(&self) -> Recorder {
        self.ledger.recorder()
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock.clone()
    }
}

/// Each site's endpoints. The scripts that are current now are kept, and those of the last 30 days stay served: pages that
/// name them lie in caches.
fn endpoints(config: &Config, ledger: &Ledger) -> Vec<collect::Site> {
    let current = config.sites.iter().map(|site| {
        let script = collect::Script::current(site);
        ledger::Script { hash8: script.hash8().to_owned(), body: script.body().to_vec() }
    });
    let kept = ledger.scripts(current.collect()).unwrap_or_else(|error| {
        tracing::warn!(%error, "older scripts could not be read: pages that name one get the current script");
        Vec::new()
    });
    let older: Arc<[collect::Script]> =
        kept.into_iter().map(|script| collect::Script::of(script.body.into())).collect();
    let forwarded = |site: &str| config.sinks.iter().any(|sink| sink.wants_site(site));
    let endpoints = |site: &Arc<_>| collect::Site::new(Arc::clone(site), older.clone());
    config.sites.iter().map(|site| endpoints(site).forwarded(forwarded(&site.name))).collect()
}

/// The day on which each site began to say `gpc_json`, which a restart does not change; today for those that do not say it.
fn gpc_since(config: &Config, ledger: &Ledger, clock: &Clock) -> Vec<Date> {
    let says = |site: &&Arc<crate::config::Site>| site.privacy.gpc_json && site.privacy.honor.gpc;
    let names = config.sites.iter().filter(says).map(|site| site.name.clone()).collect();
    let since = ledger.gpc_json_since(names).unwrap_or_else(|error| {
        tracing::warn!(%error, "it could not be read since when sites say gpc_json: today is given");
        Vec::new()
    });
    let day = |ms: i64| TimeZone::UTC.to_datetime(Timestamp::from_millisecond(ms).unwrap_or_default()).date();
    let mut since = since.into_iter();
    config
        .sites
        .iter()
        .map(|site| day(Some(site).filter(says).and_then(|_| since.next()).unwrap_or(clock.now_ms())))
        .collect()
}
