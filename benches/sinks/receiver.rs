//! A backend that takes everything: it reads bodies, counts their lines and says 204. As a thread, or as a process of its own
//! on the other core.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const ASKED: &str = "INLAY_BENCH_RECEIVER";

/// A receiver in a thread of this process.
pub struct Receiver {
    pub addr: SocketAddr,
    /// Lines that came so far.
    pub lines: Arc<AtomicU64>,
}

impl Receiver {
    /// Starts one; bodies that are posted to `/keep` become files in `keep`.
    pub fn start(keep: Option<PathBuf>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let lines = Arc::new(AtomicU64::new(0));
        let counted = lines.clone();
        thread::spawn(move || accept(&listener, &counted, keep.as_deref()));
        Receiver { addr, lines }
    }
}

/// A receiver in a process of its own. Dropping it ends it.
pub struct Apart {
    pub addr: SocketAddr,
    child: Child,
}

impl Apart {
    /// Starts one on a core.
    pub fn on_core(core: usize) -> Apart {
        let addr = TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a free port");
        let mut command = Command::new("taskset");
        command.arg("-c").arg(core.to_string()).arg(std::env::current_exe().expect("our own file"));
        let child = command.env(ASKED, addr.to_string()).stdout(Stdio::null()).spawn().expect("taskset runs");
        while TcpStream::connect(addr).is_err() {
            thread::sleep(std::time::Duration::from_millis(10));
        }
        Apart { addr, child }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Whether this process is to be a receiver.
pub fn asked() -> bool {
    std::env::var_os(ASKED).is_some()
}

/// Serves until it is ended.
pub fn serve() {
    let addr = std::env::var(ASKED).expect("an address");
    let listener = TcpListener::bind(addr).expect("the port is free");
    accept(&listener, &Arc::default(), None);
}

fn accept(listener: &TcpListener, lines: &Arc<AtomicU64>, keep: Option<&Path>) {
    let kept = Arc::new(AtomicU64::new(0));
    for stream in listener.incoming().flatten() {
        let (lines, keep, kept) = (lines.clone(), keep.map(Path::to_owned), kept.clone());
        thread::spawn(move || answer(stream, &lines, keep.as_ref().map(|dir| (dir, &*kept))));
    }
}

/// Answers what comes over one connection, until it ends.
fn answer(stream: TcpStream, lines: &AtomicU64, keep: Option<(&PathBuf, &AtomicU64)>) -> Option<()> {
    _ = stream.set_nodelay(true);
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    loop {
        let (mut request, mut length) = (String::new(), 0);
        stream.read_line(&mut request).ok().filter(|read| *read > 0)?;
        loop {
            let mut field = String::new();
            stream.read_line(&mut field).ok().filter(|read| *read > 2).map_or_else(|| field.clear(), drop);
            if field.is_empty() {
                break;
            }
            if let Some(("content-length", value)) = field.to_ascii_lowercase().split_once(':') {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = Vec::with_capacity(length);
        Read::take(&mut stream, length as u64).read_to_end(&mut body).ok()?;
        if let Some((dir, kept)) = keep.filter(|_| request.contains("/keep")) {
            let name = format!("{:06}.ndjson", kept.fetch_add(1, Ordering::Relaxed));
            std::fs::write(dir.join(name), &body).expect("a body is kept");
        }
        lines.fetch_add(memchr::memchr_iter(b'\n', &body).count() as u64, Ordering::Relaxed);
        stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}
