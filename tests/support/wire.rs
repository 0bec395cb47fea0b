//! A bad wire before a backend: a TCP proxy that breaks what passes in one of the ways in which wires break.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::door::{Door, Sock};
use super::receiver::Receiver;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Nobody listens.
    Refused,
    /// Connections are made, everything is taken, and nothing ever comes back.
    BlackHole,
    /// A reset while the request is on its way: the backend never sees it whole.
    ResetInRequest,
    /// A reset when the answer begins: the backend has accepted, and nobody knows.
    ResetInAnswer,
    /// The answer comes, a byte a second.
    ByteASecond,
    /// The connection ends in the middle of the answer's header.
    HalfAnswer,
}

/// A wire to a backend.
pub struct Wire {
    pub addr: SocketAddr,
    door: Door,
    shared: Arc<Shared>,
}

struct Shared {
    to: SocketAddr,
    fault: Mutex<Fault>,
    met: AtomicUsize,
}

/// So much of an answer passes before its wire is reset.
const BEGINNING: usize = 12;

impl Wire {
    pub fn new(to: SocketAddr, fault: Fault) -> Wire {
        let shared = Arc::new(Shared { to, fault: Mutex::new(Fault::None), met: AtomicUsize::new(0) });
        let serving = shared.clone();
        let door = Door::new(move |sock| serving.carry(sock));
        let wire = Wire { addr: door.addr, door, shared };
        wire.set(fault);
        wire
    }

    pub fn url(&self) -> String {
        format!("http://{}/in", self.addr)
    }

    /// Connections from now on meet this fault; those that are there end.
    pub fn set(&self, fault: Fault) {
        *self.shared.fault.lock().expect("unpoisoned") = fault;
        if fault == Fault::Refused {
            self.door.shut();
        } else {
            self.door.open();
            self.door.cut();
        }
    }

    /// How many connections were made to it, those aside that were refused.
    pub fn met(&self) -> usize {
        self.shared.met.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn carry(&self, mut client: Sock) {
        let fault = *self.fault.lock().expect("unpoisoned");
        self.met.fetch_add(1, Ordering::Relaxed);
        match fault {
            Fault::BlackHole => while client.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {},
            Fault::ResetInRequest => {
                _ = client.read(&mut [0; 64]);
                client.reset();
            }
            _ => {
                let Ok(backend) = Sock::connect(self.to) else { return client.reset() };
                let (from, to) = (client.clone(), backend.clone());
                let up = std::thread::spawn(move || copy(from, to));
                answer(fault, backend, client);
                up.join().expect("copying does not fail");
            }
        }
    }
}

/// Brings the answers back, as far as the fault lets them through.
fn answer(fault: Fault, mut backend: Sock, mut client: Sock) {
    if fault == Fault::None {
        return copy(backend, client);
    }
    let mut piece = [0; 4096];
    // The backend writes an answer in one piece.
    let read = backend.read(&mut piece).unwrap_or_default();
    let answer = &piece[..read];
    match fault {
        Fault::ByteASecond => {
            for byte in answer {
                if client.write_all(&[*byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_secs(1));
            }
            client.end(Shutdown::Both);
        }
        Fault::ResetInAnswer => {
            _ = client.write_all(&answer[..BEGINNING.min(read)]);
            // An end of the writing side would go out before the reset.
            client.end(Shutdown::Read);
            client.clone().reset();
        }
        _ => {
            _ = client.write_all(&answer[..read / 2]);
            client.end(Shutdown::Both);
        }
    }
    // The thread that copies the other way holds both ends: it has to see that they ended.
    backend.end(Shutdown::Both);
}

/// Copies until an end comes, and hands that on.
fn copy(mut from: Sock, mut to: Sock) {
    let mut piece = [0; 16 * 1024];
    while let Ok(read) = from.read(&mut piece) {
        if read == 0 || to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    from.end(Shutdown::Read);
    to.end(Shutdown::Write);
}

#[test]
fn the_wire_of_these_tests_breaks_as_it_says() {
    let request = format!("POST /in HTTP/1.1\r\nIdempotency-Key: {:032}\r\nContent-Length: 3\r\n\r\n{{}}\n", 0);
    for (fault, arrives, comes) in [
        (Fault::None, 1, "HTTP/1.1 200 So\r\nContent-Length: 9\r\n\r\nthank you"),
        (Fault::ResetInRequest, 0, ""),
        (Fault::ResetInAnswer, 1, "HTTP/1.1 200"),
        (Fault::HalfAnswer, 1, "HTTP/1.1 200 So\r\nConten"),
        (Fault::BlackHole, 0, ""),
        (Fault::ByteASecond, 1, "H"),
    ] {
        let receiver = Receiver::new();
        let wire = Wire::new(receiver.addr, fault);
        let mut stream = TcpStream::connect(wire.addr).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a time-out");
        stream.write_all(request.as_bytes()).expect("it is taken");
        let (mut came, mut piece) = (Vec::new(), [0; 100]);
        let end = loop {
            match stream.read(&mut piece) {
                Ok(0) => break None,
                Ok(read) => came.extend_from_slice(&piece[..read]),
                Err(error) => break Some(error.kind()),
            }
        };
        let (is_reset, is_open) = (end == Some(ErrorKind::ConnectionReset), end == Some(ErrorKind::WouldBlock));
        // What was on its way may be lost by a reset.
        assert!(comes.as_bytes().starts_with(&came), "{fault:?}: {:?}", String::from_utf8_lossy(&came));
        assert_eq!(is_reset, matches!(fault, Fault::ResetInRequest | Fault::ResetInAnswer), "{fault:?}: {end:?}");
        assert_eq!(is_open, matches!(fault, Fault::None | Fault::BlackHole | Fault::ByteASecond), "{fault:?}: {end:?}");
        assert!(is_reset || came == comes.as_bytes(), "{fault:?}: {:?}", String::from_utf8_lossy(&came));
        assert_eq!(receiver.accepted().len(), arrives, "{fault:?}: what arrives");
        wire.set(Fault::Refused);
        let refused = TcpStream::connect(wire.addr).map(drop).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::ConnectionRefused));
    }
}
