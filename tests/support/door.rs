//! A door: a listening port that can be shut and opened again, with every connection that came through it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use super::PATIENCE;

/// More connections at once are a fault of whoever makes them.
const MOST: usize = 500;

/// Serves each connection on a thread of its own.
pub struct Door {
    pub addr: SocketAddr,
    /// Bound and not listening: while nobody else listens the system refuses connections, and nobody else gets the port.
    _holder: Socket,
    serve: Arc<dyn Fn(Sock) + Send + Sync>,
    live: Arc<Mutex<Vec<Weak<TcpStream>>>>,
    /// While it is open.
    accepting: Mutex<Option<Accepting>>,
}

struct Accepting {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// One connection. Clones are the same one; it closes with the last.
#[derive(Clone)]
pub struct Sock(Arc<TcpStream>);

impl Door {
    /// An open door at a free port.
    pub fn new(serve: impl Fn(Sock) + Send + Sync + 'static) -> Door {
        let holder = bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let addr = holder.local_addr().expect("an address").as_socket().expect("of TCP");
        let (live, accepting) = (Arc::default(), Mutex::default());
        let door = Door { addr, _holder: holder, serve: Arc::new(serve), live, accepting };
        door.open();
        door
    }

    pub fn open(&self) {
        let mut accepting = self.accepting.lock().expect("unpoisoned");
        if accepting.is_none() {
            let socket = bind(self.addr);
            socket.listen(128).expect("the port listens");
            *accepting = Some(self.accept(socket.into()));
        }
    }

    /// Connections are refused, and those that are there end.
    pub fn shut(&self) {
        if let Some(Accepting { ends, thread }) = self.accepting.lock().expect("unpoisoned").take() {
            ends.store(true, Ordering::Release);
            // Wakes the thread, which then lets the listener go.
            _ = TcpStream::connect(self.addr);
            thread.join().expect("nothing fails while accepting");
        }
        self.cut();
    }

    /// Ends the connections that are there.
    pub fn cut(&self) {
        for stream in self.live.lock().expect("unpoisoned").drain(..).filter_map(|stream| stream.upgrade()) {
            _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn accept(&self, listener: TcpListener) -> Accepting {
        let ends = Arc::new(AtomicBool::new(false));
        let (serve, live, over) = (self.serve.clone(), self.live.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                let stream = Arc::new(stream);
                let mut live = live.lock().expect("unpoisoned");
                live.retain(|stream| stream.strong_count() > 0);
                if live.len() < MOST {
                    live.push(Arc::downgrade(&stream));
                    let serve = serve.clone();
                    std::thread::spawn(move || serve(Sock::new(stream)));
                }
            }
        });
        Accepting { ends, thread }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut();
    }
}

impl Sock {
    fn new(stream: Arc<TcpStream>) -> Sock {
        stream.set_read_timeout(Some(PATIENCE * 6)).expect("a time-out");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        Sock(stream)
    }

    pub fn connect(addr: SocketAddr) -> io::Result<Sock> {
        TcpStream::connect_timeout(&addr, PATIENCE).map(|stream| Sock::new(Arc::new(stream)))
    }

    /// The other end sees a reset and not an end, when the last clone goes.
    pub fn reset(self) {
        _ = SockRef::from(&*self.0).set_linger(Some(Duration::ZERO));
    }

    pub fn end(&self, how: Shutdown) {
        _ = self.0.shutdown(how);
    }
}

impl Read for Sock {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(into)
    }
}

impl Write for Sock {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn bind(addr: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_port(true).expect("several sockets at one port");
    socket.set_reuse_address(true).expect("ports are bound again while old connections fade");
    socket.bind(&addr.into()).expect("the port is free");
    socket
}
