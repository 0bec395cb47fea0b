//! A backend in the test's own process: it answers as it is told, records every request, and holds the sender to its promise
//! that the same key always has the same bytes. What it accepts it forgets by the key alone: an event that comes again under
//! another key is there twice.

mod batch;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::io::{BufReader, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use super::door::{Door, Sock};
use super::origin::{Request, read_request};

/// What a batch is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    Accept,
    /// Accepted, and told so late.
    AcceptAfter(Duration),
    /// Accepted, and the connection is reset before a word of it.
    AcceptAndReset,
    /// A status, with more lines of the header.
    Refuse(u16, &'static str),
}

/// When a watcher is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The batch is accepted, and nothing of it was told.
    Accepted,
    /// The answer is written.
    Answered,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub key: String,
    pub headers: Vec<(String, String)>,
    pub ids: Vec<String>,
    /// What it was answered; 200 where it was accepted, told or not.
    pub status: u16,
    pub at: Instant,
}

/// A running backend. It can be stopped and started again at the same port, and forgets nothing by that.
pub struct Receiver {
    pub addr: SocketAddr,
    pub door: Door,
    shared: Arc<Shared>,
}

type Watcher = Arc<dyn Fn(Moment, &Seen) + Send + Sync>;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    watcher: Mutex<Option<Watcher>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Reply>,
    otherwise: Option<Box<dyn FnMut() -> Reply + Send>>,
    /// Events of these paths are refused with 422 and these words.
    bad: HashMap<String, String>,
    most_bytes: Option<usize>,
    secret: Option<String>,
    tls: Option<Arc<ServerConfig>>,
    requests: Vec<Seen>,
    digests: HashMap<String, [u8; 32]>,
    accepted: HashSet<String>,
    events: Vec<Value>,
    /// Promises that the sender has broken.
    broken: Vec<String>,
}

impl Receiver {
    /// Accepts everything until it is told otherwise.
    pub fn new() -> Receiver {
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        let door = Door::new(move |sock| serving.serve(sock));
        Receiver { addr: door.addr, door, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/in", self.addr)
    }

    /// The next requests are answered so, in this order, and those behind them as usual.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.state().script.extend(replies);
    }

    /// Every request is answered so, from now on.
    pub fn always(&self, reply: Reply) {
        self.always_by(move || reply.clone());
    }

    pub fn always_by(&self, reply: impl FnMut() -> Reply + Send + 'static) {
        self.shared.state().otherwise = Some(Box::new(reply));
    }

    /// A batch with an event of this path is refused with 422 and these words; without words, no longer.
    pub fn refuse_path(&self, path: &str, words: Option<&str>) {
        let mut state = self.shared.state();
        state.bad.remove(path);
        state.bad.extend(words.map(|words| (path.to_owned(), words.to_owned())));
    }

    /// A longer body is refused with 413.
    pub fn take_at_most(&self, bytes: usize) {
        self.shared.state().most_bytes = Some(bytes);
    }

    /// Every request has to be signed with this secret.
    pub fn expect_signed_with(&self, secret: &str) {
        self.shared.state().secret = Some(secret.to_owned());
    }

    /// Connections from now on speak TLS.
    pub fn speak_tls(&self, config: Arc<ServerConfig>) {
        self.shared.state().tls = Some(config);
    }

    /// `watcher` is called at each moment, on the thread that answers, which waits for it.
    pub fn watch(&self, watcher: impl Fn(Moment, &Seen) + Send + Sync + 'static) {
        *self.shared.watcher.lock().expect("unpoisoned") = Some(Arc::new(watcher));
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.state().requests.clone()
    }

    /// The keys that were accepted.
    pub fn accepted(&self) -> HashSet<String> {
        self.shared.state().accepted.clone()
    }

    /// The events of every key that was accepted, in the order of acceptance.
    pub fn events(&self) -> Vec<Value> {
        let state = self.shared.state();
        assert!(state.broken.is_empty(), "promises that were broken: {:#?}", state.broken);
        state.events.clone()
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.shared.state().events.len()
    }

    /// One field of every event, in the order of acceptance.
    pub fn each(&self, field: &str) -> Vec<String> {
        self.events().iter().map(|event| text(event, field)).collect()
    }

    /// The ids of its events, none of which is there twice.
    pub fn ids(&self) -> BTreeSet<String> {
        let ids = self.each("id");
        let once: BTreeSet<_> = ids.iter().cloned().collect();
        assert_eq!(once.len(), ids.len(), "no id comes twice under two keys");
        once
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("unpoisoned")
    }

    fn serve(&self, sock: Sock) {
        let tls = self.state().tls.clone();
        match tls {
            None => self.talk(sock.clone(), sock),
            Some(config) => {
                let connection = ServerConnection::new(config).expect("a connection");
                self.talk(StreamOwned::new(connection, sock.clone()), sock);
            }
        }
    }

    fn talk(&self, stream: impl Read + Write, sock: Sock) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = read_request(&mut reader) {
            let (reply, words, seen) = self.state().take(&request);
            if seen.status == 200 {
                self.tell(Moment::Accepted, &seen);
            }
            let more = match reply {
                Reply::AcceptAndReset => return sock.reset(),
                Reply::AcceptAfter(time) => {
                    std::thread::sleep(time);
                    ""
                }
                Reply::Accept => "",
                Reply::Refuse(_, more) => more,
            };
            let (status, length) = (seen.status, words.len());
            let answer = format!("HTTP/1.1 {status} So\r\nContent-Length: {length}\r\n{more}\r\n{words}");
            let stream = reader.get_mut();
            if stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_err() {
                return;
            }
            self.tell(Moment::Answered, &seen);
        }
    }

    fn tell(&self, moment: Moment, seen: &Seen) {
        let watcher = self.watcher.lock().expect("unpoisoned").clone();
        if let Some(watcher) = watcher {
            watcher(moment, seen);
        }
    }
}

impl State {
    /// What a request is answered, with which words; where that is an acceptance, its events are kept.
    fn take(&mut self, request: &Request) -> (Reply, String, Seen) {
        let scripted = self.script.pop_front();
        let mut reply = scripted.unwrap_or_else(|| self.otherwise.as_mut().map_or(Reply::Accept, |reply| reply()));
        let key = request.header("idempotency-key").unwrap_or_default().to_owned();
        let events = self.look(request, &key);
        let mut words = "told so by the test".to_owned();
        if !matches!(reply, Reply::Refuse(..)) {
            words = "thank you".into();
            if let Some((status, why)) = self.refusal(request, &events) {
                (reply, words) = (Reply::Refuse(status, ""), why);
            }
        }
        let status = if let Reply::Refuse(status, _) = reply { status } else { 200 };
        let ids = events.iter().map(|event| text(event, "id")).collect();
        let seen = Seen { key, headers: request.headers.clone(), ids, status, at: Instant::now() };
        if status == 200 && self.accepted.insert(seen.key.clone()) {
            self.events.extend(events);
        }
        self.requests.push(seen.clone());
        (reply, words, seen)
    }
}

/// A field's text; empty where there is none.
pub fn text(event: &Value, field: &str) -> String {
    event[field].as_str().unwrap_or_default().to_owned()
}
