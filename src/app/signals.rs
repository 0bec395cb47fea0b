//! The signals that end the program, watched from before it says that it listens: one that comes while it still starts is
//! kept, and obeyed once there is something to stop.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long after the first signal another one means "now". Before, it is the same wish: `timeout` signals the process and its
/// group, a closing terminal sends SIGHUP beside the service manager's SIGTERM.
const SAME_WISH: Duration = Duration::from_secs(1);
/// So many signals are kept.
const KEPT: usize = 16;

/// What the program is told to end by.
pub(super) struct Signals {
    told: mpsc::Receiver<Told>,
}

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// SIGTERM and Ctrl-C.
    End,
    /// The end of the terminal: it says that nobody watches, not that there is a hurry.
    Hangup,
}

impl Signals {
    /// Watches from now on, on a thread of its own: the runtimes that serve do not run yet.
    pub(super) fn watch() -> Signals {
        let (tell, told) = mpsc::channel(KEPT);
        let (ready, is_ready) = sync_channel(1);
        let watching = thread::Builder::new().name("signals".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
            match runtime {
                Ok(runtime) => runtime.block_on(async {
                    let watched = Watched::new();
                    _ = ready.send(());
                    watched.tell(&tell).await;
                }),
                Err(error) => tracing::warn!(%error, "signals cannot be watched: they end the program at once"),
            }
        });
        // What is not watched keeps its default: it ends the process, and commits are safe without us.
        if watching.is_ok() {
            _ = is_ready.recv();
        }
        Signals { told }
    }

    /// Waits for any of them.
    pub(super) async fn any(&mut self) {
        if self.told.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits for a signal to end that is a wish of its own.
    pub(super) async fn told_again(&mut self, first: Instant) {
        loop {
            match self.told.recv().await {
                Some(Told::End) if first.elapsed() >= SAME_WISH => return,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }
}

struct Watched {
    end: Vec<Signal>,
    hangup: Vec<Signal>,
}

impl Watched {
    fn new() -> Watched {
        // A signal that cannot be watched keeps its default.
        let watch = |kinds: &[SignalKind]| kinds.iter().filter_map(|kind| signal(*kind).ok()).collect();
        let end = watch(&[SignalKind::terminate(), SignalKind::interrupt()]);
        Watched { end, hangup: watch(&[SignalKind::hangup()]) }
    }

    async fn tell(mut self, tell: &mpsc::Sender<Told>) {
        loop {
            let told = tokio::select! {
                () = came(&mut self.end) => Told::End,
                () = came(&mut self.hangup) => Told::Hangup,
            };
            // Where nobody takes them up any more the program is ending; where many wait, one more says nothing new.
            if let Err(mpsc::error::TrySendError::Closed(_)) = tell.try_send(told) {
                std::future::pending::<()>().await;
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
