//! Names become addresses in the background: each name once a round, several at a time, so that one that nobody answers for
//! holds up no other.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Origins;
use super::origin::Addresses;

/// How often names are asked for again.
const EVERY: Duration = Duration::from_secs(30);
/// How long one look-up may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long the start waits for the first round: sites whose origin has an address do not wait for others' names.
const START_WAITS: Duration = Duration::from_secs(2);
/// How many names are asked for at a time; each holds a thread while it waits.
const AT_A_TIME: usize = 32;

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
/// From a name and a port to addresses.
type LookUp = Arc<dyn Fn(&str, u16) -> Found + Send + Sync>;

/// Keeps the addresses of names fresh.
pub struct Resolver {
    origins: Arc<Origins>,
    /// The sites of each name and port.
    names: Vec<Arc<Name>>,
    look_up: LookUp,
}

#[derive(Debug)]
struct Name {
    host: String,
    port: u16,
    sites: Vec<usize>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Resolver {
    /// A resolver that asks the system.
    pub fn new(origins: Arc<Origins>) -> Self {
        Resolver::with(origins, Arc::new(|host, port| Box::pin(ask_the_system(host.to_owned(), port))))
    }

    fn with(origins: Arc<Origins>, look_up: LookUp) -> Self {
        let mut names = BTreeMap::<(&str, u16), Vec<usize>>::new();
        for (at, site) in origins.sites.iter().enumerate() {
            if site.origin.host.parse::<IpAddr>().is_err() {
                names.entry((&site.origin.host, site.origin.port)).or_default().push(at);
            }
        }
        let names = names.into_iter().map(|((host, port), sites)| Name { host: host.to_owned(), port, sites });
        let names = names.map(Arc::new).collect();
        Resolver { origins, names, look_up }
    }

    /// Asks at once and then every 30 s, for ever. `ready` is called when the first round is done or has taken its time.
    pub async fn run(&self, ready: impl FnOnce()) {
        let mut first = pin!(self.round());
        if timeout(START_WAITS, &mut first).await.is_ok() {
            ready();
        } else {
            tracing::warn!("some origins' names are still being looked up: their sites answer 502 until then");
            ready();
            first.await;
        }
        loop {
            sleep(EVERY).await;
            self.round().await;
        }
    }

    /// Asks for the addresses of every name once. What is being asked ends with this future.
    async fn round(&self) {
        let permits = Arc::new(Semaphore::new(AT_A_TIME));
        let mut asking = JoinSet::new();
        for name in &self.names {
            let (permits, name, look_up) = (permits.clone(), name.clone(), self.look_up.clone());
            let origins = self.origins.clone();
            asking.spawn(async move {
                let _permit = permits.acquire_owned().await;
                name.resolve(&origins, &look_up).await;
            });
        }
        while asking.join_next().await.is_some() {}
    }
}

impl Name {
    async fn resolve(&self, origins: &Origins, look_up: &LookUp) {
        let sites = || self.sites.iter().filter_map(|at| origins.sites.get(*at));
        let error = match timeout(TIMEOUT, look_up(&self.host, self.port)).await {
            Ok(Ok(found)) => return sites().for_each(|site| site.set(&found)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the name server did not answer in time".to_owned(),
        };
        let kept = sites().map(Addresses::known).max().unwrap_or_default();
        tracing::warn!(origin = %self.host, error, addresses_kept = kept, "the origin's name was not resolved");
    }
}

async fn ask_the_system(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((host.as_str(), port)).await?.collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;

    const TOML: &str = r#"
        [[site]]
        name = "dead"
        hosts = ["dead.test"]
        origin = "http://silent.invalid"
        [[site]]
        name = "one"
        hosts = ["one.test"]
        origin = "http://shop.invalid:3000"
        [[site]]
        name = "two"
        hosts = ["two.test"]
        origin = "http://shop.invalid:3000"
        [[site]]
        name = "near"
        hosts = ["near.test"]
        origin = "http://127.0.0.1:3000"
    "#;

    /// Names that have an address, how often each name was asked for, and a resolver that asks there; `silent.invalid` is
    /// never answered for.
    #[derive(Default)]
    struct Names {
        known: Mutex<HashMap<String, SocketAddr>>,
        asked: Mutex<Vec<String>>,
    }

    fn resolver(names: &Arc<Names>) -> Resolver {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("inlay.toml");
        std::fs::write(&file, TOML).expect("written");
        let config = crate::config::load(&file, &|_| None).expect("a configuration");
        let names = names.clone();
        let look_up: LookUp = Arc::new(move |host, _| {
            names.asked.lock().expect("unpoisoned").push(host.to_owned());
            let known = names.known.lock().expect("unpoisoned").get(host).copied();
            match (host, known) {
                ("silent.invalid", _) => Box::pin(std::future::pending()),
                (_, Some(addr)) => Box::pin(async move { Ok(vec![addr]) }),
                _ => Box::pin(async { Err(io::Error::other("no such name")) }),
            }
        });
        Resolver::with(Origins::new(&config), look_up)
    }

    fn known(resolver: &Resolver) -> Vec<usize> {
        resolver.origins.sites.iter().map(Addresses::known).collect()
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(work)
    }

    #[test]
    fn a_name_that_nobody_answers_for_delays_neither_the_start_nor_the_other_sites() {
        let names = Arc::new(Names::default());
        names.known.lock().expect("unpoisoned").insert("shop.invalid".into(), ([127, 0, 0, 1], 3000).into());
        let resolver = resolver(&names);
        let (start, mut ready) = (Instant::now(), None);
        block_on(async {
            let run = resolver.run(|| ready = Some((start.elapsed(), known(&resolver))));
            assert!(timeout(Duration::from_secs(4), run).await.is_err(), "it runs for ever");
        });
        let (after, known) = ready.expect("the start goes on");
        assert!(after < Duration::from_secs(4), "after {after:?}");
        assert_eq!(known, [0, 1, 1, 1], "whoever has an address has it by then");
        let asked = names.asked.lock().expect("unpoisoned").clone();
        assert_eq!(asked.iter().filter(|name| *name == "shop.invalid").count(), 1, "once for both sites: {asked:?}");
    }

    #[test]
    fn a_name_gets_its_address_in_a_later_round_and_keeps_it_when_nobody_answers() {
        let names = Arc::new(Names::default());
        let resolver = resolver(&names);
        block_on(resolver.round());
        assert_eq!(known(&resolver), [0, 0, 0, 1], "no such name yet");
        names.known.lock().expect("unpoisoned").insert("shop.invalid".into(), ([127, 0, 0, 1], 3000).into());
        block_on(resolver.round());
        assert_eq!(known(&resolver), [0, 1, 1, 1], "now there is");
        names.known.lock().expect("unpoisoned").clear();
        block_on(resolver.round());
        assert_eq!(known(&resolver), [0, 1, 1, 1], "kept");
    }
}
