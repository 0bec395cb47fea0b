//! How the program stops, in this order: the listeners close, what is in hand is finished or its time runs out, the
//! runtimes end; then (in `run`) the buffers of events are emptied and the ledger is closed.
//!
//! pingora would sleep its whole grace time and cancel what is left, so it is told to stop only when we are done waiting.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::server::{ShutdownSignal, ShutdownSignalWatch};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::signals::Signals;
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
    pub(super) signals: Mutex<Signals>,
}

#[async_trait]
impl ShutdownSignalWatch for Stop {
    async fn recv(&self) -> ShutdownSignal {
        let mut signals = self.signals.lock().await;
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
