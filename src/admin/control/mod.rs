//! Commands for the process that holds the ledger, over a socket in the data folder.
//!
//! One connection, one command, one answer, each a line of JSON. Only the folder's owner can open the socket (0600), so who
//! can send is who could write the ledger; nothing else is asked. `app` holds the [`Control`], `cli` calls [`send`].
//!
//! The socket is there while the process has the ledger: one that is deleted with the folder, or could not be made because the
//! disk was full, is made as soon as that is possible.

mod door;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::door::{Door, LOOK};
use super::command::{Answer, Command, carry_out};
use crate::ledger::{Health, Tokens};
use crate::sink::Sinks;

/// The socket's name in the data folder.
const SOCKET: &str = "inlay.sock";
/// A command's line is at most so many bytes long.
const COMMAND_LINE: u64 = 4_096;
/// An answer's line is at most so many bytes long: thousands of tokens.
const ANSWER_LINE: u64 = 1 << 20;
/// How long a command may take to come. The next one waits so long, and so does closing.
const COMMAND: Duration = Duration::from_secs(2);
/// How long an answer may take to come: a commit may stand before it.
const ANSWER: Duration = Duration::from_secs(20);
/// How long the listener rests after a failure of its own, such as too many open files.
const REST: Duration = Duration::from_millis(100);

/// The open socket. Dropping it closes it and removes its file.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Why a command did not get through.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The socket could not be opened, or the process behind it did not answer.
    #[error("the socket {}: {source}", path.display())]
    Io {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The process behind the socket is of another version.
    #[error("the running inlay answered with words that this one does not know: is it of another version?")]
    Words(#[source] serde_json::Error),
}

impl Control {
    /// Opens the socket in `dir` and carries out what comes, one after the other, on a thread of its own.
    ///
    /// While the process has the ledger, a socket that is already there is a dead process's and is replaced.
    pub fn open(
        dir: &Path,
        ledger: Arc<Health>,
        tokens: Tokens,
        sinks: Option<Arc<Sinks>>,
    ) -> Result<Control, ControlError> {
        let path = dir.join(SOCKET);
        let failed = |source| ControlError::Io { path: path.clone(), source };
        let closing = Arc::new(AtomicBool::new(false));
        let mut door = Door::new(path.clone(), ledger);
        door.keep_open();
        let seen = closing.clone();
        let serve = move || serve(&mut door, &seen, &tokens, sinks.as_deref());
        let thread = thread::Builder::new().name("control".to_owned()).spawn(serve).map_err(failed)?;
        Ok(Control { path, closing, thread: Some(thread) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return };
        // The thread waits for a connection: this is its last. Where it cannot be woken it ends with the process.
        thread.thread().unpark();
        if UnixStream::connect(&self.path).is_ok() {
            let _ = thread.join();
        }
    }
}

/// Sends a command to the process that holds the ledger in `dir`. `None`: no process listens there.
pub fn send(dir: &Path, command: &Command) -> Result<Option<Answer>, ControlError> {
    send_for(dir, command, ANSWER)
}

/// The same, with so much time for the answer.
pub fn send_for(dir: &Path, command: &Command, patience: Duration) -> Result<Option<Answer>, ControlError> {
    let path = dir.join(SOCKET);
    let failed = |source| ControlError::Io { path: path.clone(), source };
    let stream = match UnixStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    let line = serde_json::to_string(command).map_err(ControlError::Words)?;
    let answer = exchange(stream, &line, patience).map_err(failed)?;
    serde_json::from_str(&answer).map(Some).map_err(ControlError::Words)
}

fn serve(door: &mut Door, closing: &AtomicBool, tokens: &Tokens, sinks: Option<&Sinks>) {
    while !closing.load(Ordering::Acquire) {
        door.keep_open();
        let Some(listener) = door.listener() else {
            thread::park_timeout(LOOK);
            continue;
        };
        let served = match listener.accept() {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            _ if closing.load(Ordering::Acquire) => return,
            accepted => accepted.and_then(|(stream, _)| answer(stream, tokens, sinks)),
        };
        if let Err(error) = served {
            tracing::debug!(error = %error, "a command over the control socket came to nothing");
            thread::sleep(REST);
        }
    }
}

fn answer(mut stream: UnixStream, tokens: &Tokens, sinks: Option<&Sinks>) -> io::Result<()> {
    let line = read_line(&mut stream, COMMAND_LINE, COMMAND)?;
    let answer = match serde_json::from_str(&line) {
        Ok(command) => carry_out(command, tokens, sinks),
        Err(error) => Answer::Refused(format!("the running inlay does not know this command: {error}")),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn exchange(mut stream: UnixStream, line: &str, patience: Duration) -> io::Result<String> {
    stream.write_all(format!("{line}\n").as_bytes())?;
    read_line(&mut stream, ANSWER_LINE, patience).map_err(|said| match said.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            io::Error::new(ErrorKind::TimedOut, format!("no answer within {} s", patience.as_secs()))
        }
        _ => said,
    })
}

fn read_line(stream: &mut UnixStream, limit: u64, patience: Duration) -> io::Result<String> {
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let mut line = String::new();
    BufReader::new(stream.take(limit)).read_line(&mut line)?;
    if line.ends_with('\n') { Ok(line) } else { Err(ErrorKind::UnexpectedEof.into()) }
}
