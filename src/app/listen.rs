//! Listening sockets, bound before anything else starts: a busy port is an error at once and in words.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 65_535;

/// A socket that listens and is not served yet.
#[derive(Debug)]
pub(crate) struct Bound {
    /// The address it has; the port is the one that was given where 0 was asked for.
    pub(crate) addr: SocketAddr,
    socket: OwnedFd,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody else has it.
    #[error("{addr}: another program listens there already; stop it, or choose another address")]
    Busy {
        /// The address.
        addr: SocketAddr,
    },
    /// The port needs rights that we do not have.
    #[error(
        "{addr}: ports below 1024 need rights: run with CAP_NET_BIND_SERVICE (in systemd `AmbientCapabilities=CAP_NET_BIND_SERVICE`), or choose a higher port"
    )]
    NoRights {
        /// The address.
        addr: SocketAddr,
    },
    /// The machine does not have the address.
    #[error("{addr}: this machine does not have that address; use one of its own, or 0.0.0.0 or [::] for all of them")]
    NotOurs {
        /// The address.
        addr: SocketAddr,
    },
    /// Anything else that the system says.
    #[error("{addr}: cannot listen there: {source}")]
    Other {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Bound {
    /// Binds and listens. An IPv6 address takes IPv6 alone, so that `0.0.0.0:80` and `[::]:80` can stand side by side.
    pub(crate) fn new(addr: SocketAddr) -> Result<Bound, ListenError> {
        let socket = listen(addr).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::Busy { addr },
            io::ErrorKind::PermissionDenied => ListenError::NoRights { addr },
            io::ErrorKind::AddrNotAvailable => ListenError::NotOurs { addr },
            _ => ListenError::Other { addr, source },
        })?;
        let bound = socket.local_addr().ok().and_then(|local| local.as_socket());
        Ok(Bound { addr: bound.unwrap_or(addr), socket: socket.into() })
    }

    /// The socket for the runtime that this is called in.
    pub(super) fn into_listener(self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.socket.into())
    }
}

fn listen(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restart may take the port while old connections still end; a port that is listened on stays busy.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}
