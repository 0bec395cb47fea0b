//! Somebody who visits pages while a test is at something else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::client::navigate;

/// Somebody who visits pages all the while; each has to be served.
pub struct Visitor {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Visitor {
    pub fn new(addr: SocketAddr) -> Visitor {
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, count) = (stop.clone(), served.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                let page = navigate(addr, &format!("/{}", count.load(Ordering::Relaxed)), "");
                assert_eq!(page.status(), 200, "pages are served whatever becomes of sinks");
                count.fetch_add(1, Ordering::Release);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Visitor { stop, served, thread: Some(thread) }
    }

    /// Ends the visit; how many pages there were.
    pub fn leave(mut self) -> usize {
        self.stop.store(true, Ordering::Release);
        self.thread.take().expect("it runs").join().expect("every page was served");
        self.served.load(Ordering::Acquire)
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}
