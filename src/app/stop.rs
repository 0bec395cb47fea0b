//! How the program stops, in this order: the listeners close, what is in hand is finished or its time runs out, the
//! runtimes end; then (in `run`) the buffers of events are emptied and the ledger is closed.
//!
//! pingora would sleep its whole grace time and cancel what is left, so it is told to stop only when we are done waiting.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::server::{ShutdownSignal, ShutdownSignalWatch};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::proxy::Counters;

/// How often the number of requests in hand is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How many looks in a row must find none: a connection that was just accepted is not counted yet.
const IDLE_LOOKS: u32 = 2;

/// Waits for the signal, closes the listeners, waits for what is in hand.
pub(super) struct Stop {
    pub(super) closing: watch::Sender<bool>,
    pub(super) counters: Arc<Counters>,
    pub(super) drain: Duration,
}

#[async_trait]
impl ShutdownSignalWatch for Stop {
    async fn recv(&self) -> ShutdownSignal {
        let mut signals = Signals::new();
        signals.recv().await;
        tracing::info!(in_hand = self.counters.in_hand(), "stopping: the listeners close");
        self.closing.send_replace(true);
        tokio::select! {
            () = self.drained() => tracing::info!("stopping: every answer is finished"),
            () = tokio::time::sleep(self.drain) => {
                tracing::warn!(in_hand = self.counters.in_hand(), "stopping: drain_secs are over, answers in hand are cut");
            }
            () = signals.recv() => {
                tracing::warn!(in_hand = self.counters.in_hand(), "stopping: told twice, answers in hand are cut");
            }
        }
        ShutdownSignal::GracefulTerminate
    }
}

impl Stop {
    async fn drained(&self) {
        let mut idle = 0;
        let mut next = Instant::now();
        while idle < IDLE_LOOKS {
            next += LOOK_EVERY;
            tokio::time::sleep_until(next).await;
            idle = if self.counters.in_hand() == 0 { idle + 1 } else { 0 };
        }
    }
}

/// SIGTERM, Ctrl-C, and the end of the terminal.
struct Signals(Vec<Signal>);

impl Signals {
    fn new() -> Self {
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        // A signal that cannot be watched keeps its default: it ends the process, and commits are safe without us.
        Signals(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn recv(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}
