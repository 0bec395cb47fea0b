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
/// How long after the first signal another one means "now". Before, it is the same wish: `timeout` signals the process and its
/// group, a closing terminal sends SIGHUP beside the service manager's SIGTERM.
const SAME_WISH: Duration = Duration::from_secs(1);

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
        signals.any().await;
        let told = Instant::now();
        tracing::info!(in_hand = self.counters.in_hand(), "stopping: the listeners close");
        self.closing.send_replace(true);
        tokio::select! {
            () = self.drained() => tracing::info!("stopping: every answer is finished"),
            () = tokio::time::sleep(self.drain) => {
                tracing::warn!(in_hand = self.counters.in_hand(), "stopping: drain_secs are over, answers in hand are cut");
            }
            () = signals.told_again(told) => {
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

/// What the program is told to end by.
struct Signals {
    /// SIGTERM and Ctrl-C.
    end: Vec<Signal>,
    /// The end of the terminal: it says that nobody watches, not that there is a hurry.
    hangup: Vec<Signal>,
}

impl Signals {
    fn new() -> Self {
        // A signal that cannot be watched keeps its default: it ends the process, and commits are safe without us.
        let watch = |kinds: &[SignalKind]| kinds.iter().filter_map(|kind| signal(*kind).ok()).collect();
        let end = watch(&[SignalKind::terminate(), SignalKind::interrupt()]);
        Signals { end, hangup: watch(&[SignalKind::hangup()]) }
    }

    async fn any(&mut self) {
        tokio::select! {
            () = came(&mut self.end) => {}
            () = came(&mut self.hangup) => {}
        }
    }

    /// Waits for a signal to end that is a wish of its own.
    async fn told_again(&mut self, first: Instant) {
        loop {
            came(&mut self.end).await;
            if first.elapsed() >= SAME_WISH {
                return;
            }
        }
    }
}

/// Waits for one of these.
async fn came(signals: &mut [Signal]) {
    std::future::poll_fn(|context| {
        let came = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
