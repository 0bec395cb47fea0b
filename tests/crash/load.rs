//! Visitors: each asks for pages of its own, one after the other, until the process is killed. Until then every page is served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::client::{Client, NAVIGATION};

/// A page that was served.
#[derive(Debug)]
pub(super) struct Answered {
    /// No other view has it.
    pub(super) path: String,
    pub(super) at: Instant,
}

pub(super) struct Load {
    shared: Arc<Shared>,
    visitors: Vec<JoinHandle<Vec<Answered>>>,
}

#[derive(Default)]
struct Shared {
    ends: AtomicBool,
    answered: AtomicUsize,
}

const VISITORS: usize = 4;
/// Pages over one connection.
const PAGES: usize = 50;
const PAUSE: Duration = Duration::from_millis(3);

impl Load {
    pub(super) fn new(addr: SocketAddr, round: usize) -> Load {
        let shared = Arc::new(Shared::default());
        let visitor = |name: usize| {
            let shared = shared.clone();
            std::thread::spawn(move || shared.visit(addr, &format!("/{round}/{name}")))
        };
        let visitors = (0..VISITORS).map(visitor).collect();
        Load { shared, visitors }
    }

    /// Pages that were served so far.
    pub(super) fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// From now on it is no failure that a page is not served.
    pub(super) fn expect_the_kill(&self) {
        self.shared.ends.store(true, Ordering::Release);
    }

    /// What was served.
    pub(super) fn end(mut self) -> Vec<Answered> {
        self.visitors.drain(..).flat_map(|visitor| visitor.join().expect("every page was served")).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.expect_the_kill();
    }
}

impl Shared {
    fn visit(&self, addr: SocketAddr, name: &str) -> Vec<Answered> {
        let mut answered = Vec::new();
        while let Ok(mut client) = Client::try_new(addr) {
            for _ in 0..PAGES {
                let path = format!("{name}/{}", answered.len());
                let request = format!("GET {path} HTTP/1.1\r\nHost: shop.test\r\n{NAVIGATION}\r\n");
                let sent = client.try_send(request.as_bytes());
                let Some(answer) = sent.then(|| client.try_answer()).flatten() else {
                    assert!(self.ends.load(Ordering::Acquire), "{path} was not served by a process that lived");
                    return answered;
                };
                assert_eq!(answer.status(), 200, "{path}");
                answered.push(Answered { path, at: Instant::now() });
                self.answered.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(PAUSE);
            }
        }
        assert!(self.ends.load(Ordering::Acquire), "a process that lived refused a connection");
        answered
    }
}
