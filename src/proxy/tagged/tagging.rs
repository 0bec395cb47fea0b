//! What tagging needs beside the request: the sites made ready at start, the recorder, the counters, the clock.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::collect;
use crate::config::{Config, Site};
use crate::inject;
use crate::ledger::{Clock, Recorder};
use crate::proxy::Counters;
use crate::proxy::site_table::SiteTable;

/// What [`Tagging`] is made of.
pub struct TaggingParts {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// Each site's endpoints, in the order of `config.sites`.
    pub endpoints: Vec<collect::Site>,
    /// The day on which each site began to say `gpc_json`, in the same order.
    pub gpc_since: Vec<Date>,
    /// Where views go.
    pub recorder: Recorder,
    /// Where the proxy counts.
    pub counters: Arc<Counters>,
    /// The time.
    pub clock: Clock,
}

/// Tagging for the sites of one configuration.
pub struct Tagging {
    pub(super) config: Arc<Config>,
    pub(super) table: SiteTable,
    pub(super) sites: Vec<Arc<TaggedSite>>,
    pub(super) clock: Clock,
}

/// One site, with everything that is made once, and where its pages are counted and recorded.
pub(super) struct TaggedSite {
    pub(super) config: Arc<Site>,
    pub(super) inject: inject::Site,
    pub(super) collect: collect::Site,
    pub(super) recorder: Recorder,
    pub(super) counters: Arc<Counters>,
    /// The day on which it began to say `gpc_json`, where it does (UTC).
    pub(super) gpc_since: Date,
}

impl Tagging {
    /// Makes every site ready.
    pub fn new(parts: TaggingParts) -> Arc<Self> {
        let TaggingParts { config, endpoints, gpc_since, recorder, counters, clock } = parts;
        let table = SiteTable::new(config.sites.iter().map(|site| &**site));
        let sites = config.sites.iter().zip(endpoints).zip(gpc_since).map(|((site, collect), gpc_since)| {
            let own_src = format!("{}/t.", site.prefix);
            let inject = inject::Site::new(site.clone(), collect.own_tag(), own_src.into());
            let (recorder, counters) = (recorder.clone(), counters.clone());
            Arc::new(TaggedSite { config: site.clone(), inject, collect, gpc_since, recorder, counters })
        });
        let sites = sites.collect();
        Arc::new(Tagging { config, table, sites, clock })
    }
}

impl fmt::Debug for Tagging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tagging").field("sites", &self.sites.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for TaggedSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaggedSite").field("name", &self.config.name).finish_non_exhaustive()
    }
}
