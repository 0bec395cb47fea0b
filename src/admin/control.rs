//! Commands for the process that holds the ledger, over a socket in the data folder.
//!
//! One connection, one command, one answer, each a line of JSON. Only the folder's owner can open the socket (0600), so who
//! can send is who could write the ledger; nothing else is asked. `app` holds the [`Control`], `cli` calls [`send`].
//!
//! The socket is there while the process has the ledger: one that is deleted with the folder, or could not be made because the
//! disk was full, is made as soon as that is possible.

use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

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
/// How often it is looked whether the socket is still there.
const LOOK: Duration = Duration::from_secs(1);
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
        let mut door = Door { path: path.clone(), ledger, listener: None };
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

/// The socket, as long as it can be had.
struct Door {
    path: PathBuf,
    ledger: Arc<Health>,
    /// With the number of its file.
    listener: Option<(UnixListener, u64)>,
}

impl Door {
    /// Opens the socket where it is not open, or is no longer where it was.
    fn keep_open(&mut self) {
        if self.is_open() || !self.ledger.is_open() {
            return;
        }
        self.listener = match bind(&self.path) {
            Ok(listener) => Some(listener),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "the socket for commands cannot be opened, trying again");
                None
            }
        };
    }

    fn is_open(&self) -> bool {
        let found = fs::symlink_metadata(&self.path).map(|found| found.ino());
        self.listener.as_ref().is_some_and(|(_, own)| found.is_ok_and(|found| found == *own))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if self.is_open() {
            let _ = fs::remove_file(&self.path);
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

/// Binds under a name of its own and moves it into place once only the owner may open it.
fn bind(path: &Path) -> io::Result<(UnixListener, u64)> {
    let new = path.with_extension("sock.new");
    let _ = fs::remove_file(&new);
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    // So that who waits for a connection looks after the socket now and then.
    SockRef::from(&listener).set_read_timeout(Some(LOOK))?;
    let number = fs::symlink_metadata(&new)?.ino();
    fs::rename(&new, path)?;
    Ok((listener, number))
}

fn serve(door: &mut Door, closing: &AtomicBool, tokens: &Tokens, sinks: Option<&Sinks>) {
    while !closing.load(Ordering::Acquire) {
        door.keep_open();
        let Some((listener, _)) = &door.listener else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Begin;
    use crate::ledger::{self, Clock, Ledger};
    use crate::sink::Order;

    /// A process that holds the ledger in a folder.
    fn open(dir: &Path) -> (Ledger, Control) {
        let ledger = ledger::open(dir, &[], Clock::system()).expect("the folder takes a ledger");
        let control = Control::open(dir, ledger.health(), ledger.tokens(), None).expect("the thread starts");
        (ledger, control)
    }

    #[test]
    fn a_process_that_does_not_answer_is_told_of_in_words() {
        let dir = folder();
        let _silent = UnixListener::bind(dir.path().join(SOCKET)).expect("a socket");
        let sent = send_for(dir.path(), &Command::SinkStatus, Duration::from_secs(1));
        let words = sent.expect_err("nobody answers").to_string();
        assert!(words.ends_with("inlay.sock: no answer within 1 s"), "{words}");
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn create(dir: &Path, name: &str) -> Option<Answer> {
        send(dir, &Command::TokenCreate { name: name.to_owned() }).expect("the socket answers")
    }

    #[test]
    fn a_command_reaches_the_process_and_its_answer_comes_back() {
        let dir = folder();
        let (ledger, _control) = open(dir.path());
        let Some(Answer::Token(token)) = create(dir.path(), "the \"ci\"") else { panic!("a token was asked for") };
        assert!(ledger.tokens().verify(&token), "in force at once");
        let again = create(dir.path(), "the \"ci\"");
        assert!(matches!(&again, Some(Answer::Refused(why)) if why.contains("already")), "{again:?}");
        let revoke = Command::TokenRevoke { name: "the \"ci\"".to_owned() };
        assert_eq!(send(dir.path(), &revoke).expect("the socket answers"), Some(Answer::Done));
        assert!(!ledger.tokens().verify(&token), "void at once");
        let listed = send(dir.path(), &Command::TokenList).expect("the socket answers");
        let Some(Answer::Tokens(listed)) = listed else { panic!("a list was asked for: {listed:?}") };
        assert!(
            matches!(listed.as_slice(), [one] if one.name == "the \"ci\"" && one.revoked_ms.is_some()),
            "{listed:?}"
        );
    }

    #[test]
    fn the_longest_folder_that_a_configuration_may_name_has_room_for_the_socket() {
        let place = folder();
        let room = crate::config::LONGEST_FOLDER - place.path().as_os_str().len() - 1;
        let dir = place.path().join("a".repeat(room));
        let _process = open(&dir);
        assert!(create(&dir, "ci").is_some(), "the socket is there");
    }

    #[test]
    fn only_the_owner_may_open_the_socket() {
        let dir = folder();
        let _process = open(dir.path());
        let mode = fs::metadata(dir.path().join(SOCKET)).expect("the socket is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn without_a_process_nobody_answers_and_that_is_no_error() {
        let dir = folder();
        assert_eq!(create(dir.path(), "ci"), None, "no socket");
        drop(UnixListener::bind(dir.path().join(SOCKET)).expect("the folder takes a socket"));
        assert_eq!(create(dir.path(), "ci"), None, "the socket of a process that was killed");
    }

    #[test]
    fn a_dead_processs_socket_is_replaced_and_the_own_one_removed_at_the_end() {
        let dir = folder();
        drop(UnixListener::bind(dir.path().join(SOCKET)).expect("the folder takes a socket"));
        let process = open(dir.path());
        assert!(create(dir.path(), "ci").is_some(), "the new process answers");
        drop(process);
        assert!(!dir.path().join(SOCKET).exists(), "nothing is left");
    }

    #[test]
    fn sinks_are_told_of_and_take_orders_over_the_socket() {
        let dir = folder();
        let ledger = ledger::open(dir.path(), &[], Clock::system()).expect("the folder takes a ledger");
        let (config, events) = (dir.path().join("inlay.toml"), dir.path().join("events"));
        let sink = format!("[[sink]]\nname = 'archive'\nkind = 'file'\npath = '{}'\n", events.display());
        let site = "[[site]]\nname = 'shop'\nhosts = ['*']\norigin = 'http://127.0.0.1:3000'\n";
        fs::write(&config, format!("{site}{sink}")).expect("writable");
        let config = crate::config::load(&config, &|_| None).expect("a good configuration");
        let sinks = Arc::new(Sinks::start(&config, &ledger.outbox(), &Clock::system()));
        let _control =
            Control::open(dir.path(), ledger.health(), ledger.tokens(), Some(sinks.clone())).expect("it opens");
        let order = |name: &str, order| {
            let command = Command::SinkOrder { name: name.to_owned(), order };
            send(dir.path(), &command).expect("the socket answers")
        };
        for given in [Order::Drain, Order::Retry(Some(7)), Order::Replay(Begin::At(5)), Order::Pause] {
            assert_eq!(order("archive", given), Some(Answer::Done), "{given:?}");
        }
        let told = send(dir.path(), &Command::SinkStatus).expect("the socket answers");
        let Some(Answer::Sinks(told)) = told else { panic!("the sinks were asked for: {told:?}") };
        assert!(matches!(told.as_slice(), [one] if one.name == "archive" && one.kind == "file"), "{told:?}");
        let refused = order("archiv", Order::Pause);
        assert!(matches!(&refused, Some(Answer::Refused(why)) if why.contains("archive")), "{refused:?}");
        sinks.stop(Duration::from_secs(5));
    }

    #[test]
    fn lines_that_are_no_command_are_refused_and_the_next_one_is_served() {
        let dir = folder();
        let _process = open(dir.path());
        let path = dir.path().join(SOCKET);
        for line in ["{}", "x", "{\"token-create\":{}}", "{\"token-create\":{\"name\":\"a\",\"more\":1}}"] {
            let answer =
                exchange(UnixStream::connect(&path).expect("the socket is there"), line, ANSWER).expect("an answer");
            assert!(answer.contains("refused"), "{line}: {answer}");
        }
        let mut long = UnixStream::connect(&path).expect("the socket is there");
        let _ = long.write_all(&vec![b'x'; 10_000]);
        drop(long);
        drop(UnixStream::connect(&path));
        assert!(create(dir.path(), "ci").is_some(), "whatever came before");
    }
}
