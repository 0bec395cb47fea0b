//! The wire: what each of its faults does to a sink, what the sink's status says meanwhile, and that nothing is lost or doubled
//! when it ends. All faults are on at once, in one process, beside a sink that is well.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::authority::Authority;
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, binary, configure};
use crate::support::receiver::{Receiver, Reply};
use crate::support::visitor::Visitor;
use crate::support::wire::{Fault, Wire};
use crate::support::{sink, wait_for};

/// What is bad, and how it gets well.
#[derive(Debug, Clone, Copy)]
enum Bad {
    /// The wire; it is mended.
    Wire(Fault),
    /// The backend answers so; then it accepts.
    Answers(u16, &'static str),
    /// The backend's certificate is by an authority that nobody here knows; it gets one by a known one.
    Stranger,
    /// The backend's certificate is for another name; it gets its own.
    OtherName,
    /// The URL's host has no address; the owner writes another URL and starts anew.
    NoName,
    /// The credentials are good, and then refused; they are accepted again, and the owner says `inlay sink resume`.
    Turned,
}

/// Sink, fault, and what the status says: one of these words.
const TABLE: [(&str, Bad, &[&str]); 16] = [
    ("refused", Bad::Wire(Fault::Refused), &["no connection was made: "]),
    ("black-hole", Bad::Wire(Fault::BlackHole), &["no answer within timeout_secs"]),
    ("reset-in-request", Bad::Wire(Fault::ResetInRequest), &["reset", "broke", "closed"]),
    ("reset-in-answer", Bad::Wire(Fault::ResetInAnswer), &["reset", "broke", "closed"]),
    ("byte-a-second", Bad::Wire(Fault::ByteASecond), &["no answer within timeout_secs"]),
    ("half-an-answer", Bad::Wire(Fault::HalfAnswer), &["broke", "closed", "ended", "disconnected"]),
    ("429", Bad::Answers(429, ""), &["429"]),
    ("429-after", Bad::Answers(429, RETRY_AFTER), &["429"]),
    ("500", Bad::Answers(500, ""), &["500"]),
    ("500-after", Bad::Answers(500, RETRY_AFTER), &["500"]),
    ("503", Bad::Answers(503, ""), &["503"]),
    ("503-after", Bad::Answers(503, RETRY_AFTER), &["503"]),
    ("unknown-authority", Bad::Stranger, &["the tls handshake failed: invalid peer certificate"]),
    ("other-name", Bad::OtherName, &["the tls handshake failed: invalid peer certificate"]),
    ("no-such-name", Bad::NoName, &["the host's name has no address", "no answer within timeout_secs"]),
    ("credentials", Bad::Turned, &["credentials"]),
];

const RETRY_AFTER: &str = "Retry-After: 2\r\n";
const TWO_SECONDS: Duration = Duration::from_secs(2);

/// A row of the table at work.
struct Row {
    name: &'static str,
    bad: Bad,
    words: &'static [&'static str],
    receiver: Receiver,
    wire: Option<Wire>,
}

impl Row {
    fn new((name, bad, words): (&'static str, Bad, &'static [&'static str]), known: &Authority) -> Row {
        let receiver = Receiver::new();
        let mut wire = None;
        match bad {
            Bad::Wire(fault) => wire = Some(Wire::new(receiver.addr, fault)),
            Bad::Answers(status, more) => receiver.always(Reply::Refuse(status, more)),
            Bad::Stranger => receiver.speak_tls(Authority::new().server("localhost")),
            Bad::OtherName => receiver.speak_tls(known.server("elsewhere.test")),
            Bad::Turned => {
                receiver.next([Reply::Accept]);
                receiver.always(Reply::Refuse(401, ""));
            }
            Bad::NoName => {}
        }
        Row { name, bad, words, receiver, wire }
    }

    fn url(&self) -> String {
        let port = self.receiver.addr.port();
        match (&self.wire, self.bad) {
            (Some(wire), _) => wire.url(),
            (None, Bad::Stranger | Bad::OtherName) => format!("https://localhost:{port}/in"),
            (None, Bad::NoName) => format!("http://backend.invalid:{port}/in"),
            (None, _) => self.receiver.url(),
        }
    }

    /// Waits until the fault was met, where it can be seen more than once, and the status tells of it.
    fn is_met(&self, data: &Path) {
        let status = sink::wait_for_words(data, self.name, self.words);
        assert!(status["failures"].as_u64() > Some(0), "failures are counted: {status}");
        println!("{:<18} {}", self.name, status["last_error"]);
        let attempts = || match (&self.wire, self.bad) {
            (Some(_), Bad::Wire(Fault::Refused)) | (None, Bad::NoName | Bad::Stranger | Bad::OtherName) => {
                status_failures(data, self.name)
            }
            (Some(wire), _) => wire.met(),
            (None, _) => self.receiver.requests().len(),
        };
        let expected = if matches!(self.bad, Bad::Turned) { 2 } else { 3 };
        wait_for(&format!("{expected} attempts over {}", self.name), || (attempts() >= expected).then_some(()));
    }

    fn heal(&self, data: &Path, known: &Authority) {
        match self.bad {
            Bad::Wire(_) => self.wire.as_ref().expect("a wire").set(Fault::None),
            Bad::Answers(..) => self.receiver.always(Reply::Accept),
            Bad::Stranger | Bad::OtherName => self.receiver.speak_tls(known.server("localhost")),
            Bad::Turned => {
                let requests = self.receiver.requests();
                assert_eq!(requests[0].status, 200, "they were good before");
                let refused: Vec<_> = requests.iter().filter(|request| request.status == 401).collect();
                let minutes = refused[0].at.elapsed().as_secs() as usize / 60;
                assert!(refused.len() <= 1 + minutes, "refused credentials are tried once a minute, and no more");
                self.receiver.always(Reply::Accept);
                sink::command(data, &["resume", self.name]);
            }
            Bad::NoName => {}
        }
    }

    /// Between two attempts lies what the backend asked for; where it asked for nothing, less.
    fn keeps_its_distance(&self) {
        let Bad::Answers(status, asked) = self.bad else { return };
        let times: Vec<_> = self.receiver.requests().iter().filter(|r| r.status == status).map(|r| r.at).collect();
        let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        if asked.is_empty() {
            assert!(pauses.iter().min() < Some(&TWO_SECONDS), "{}: an own pause: {pauses:?}", self.name);
        } else {
            assert!(pauses.iter().min() >= Some(&TWO_SECONDS), "{}: the pause it asked for: {pauses:?}", self.name);
        }
    }
}

fn status_failures(data: &Path, name: &str) -> usize {
    sink::status(data, name)["failures"].as_u64().unwrap_or_default() as usize
}

/// Runs with this configuration, believing in this authority.
fn start(dir: &Arc<TempDir>, known: &Authority, sites: &str) -> Proxy {
    let roots = dir.path().join("roots.pem");
    known.write(&roots);
    let config = configure(dir, "", sites);
    let mut command = binary();
    command.env("SSL_CERT_FILE", roots).env("INLAY_LOG", "info").arg("run").arg("--config").arg(config);
    Proxy::spawn(&mut command, dir.clone())
}

#[test]
fn every_fault_of_the_wire_is_told_holds_up_nobody_and_leaves_nothing_lost_or_doubled() {
    let (origin, known, dir) =
        (Origin::html("<html><head></head></html>"), Authority::new(), Arc::new(TempDir::new().expect("a folder")));
    let rows = TABLE.map(|row| Row::new(row, &known));
    let well = Receiver::new();
    let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{}\"\n", origin.url());
    let config = |url: &dyn Fn(&Row) -> String| {
        let sinks: String = rows.iter().map(|row| sink::http(row.name, &url(row), "from = \"start\"\n")).collect();
        format!("{site}{}{sinks}", sink::http("well", &well.url(), "from = \"start\"\n"))
    };
    let mut proxy = start(&dir, &known, &config(&Row::url));

    let visitor = Visitor::new(proxy.addr);
    rows.iter().for_each(|row| row.is_met(&proxy.data()));
    let served = visitor.leave();
    wait_for("everything at the sink that is well, while all others are not", || (well.len() == served).then_some(()));
    let all = well.ids();
    assert_eq!(all.len(), served, "each view once");
    assert!(status_failures(&proxy.data(), "well") == 0, "the faults of others are not its own");
    rows.iter().for_each(Row::keeps_its_distance);

    rows.iter().for_each(|row| row.heal(&proxy.data(), &known));
    let arrives = |row: &Row| {
        wait_for(&format!("everything over {}", row.name), || (row.receiver.len() >= served).then_some(()));
        assert_eq!(row.receiver.ids(), all, "{}: everything, and nothing twice", row.name);
    };
    rows.iter().filter(|row| !matches!(row.bad, Bad::NoName)).for_each(arrives);
    assert_eq!(proxy.stop(), Some(0), "a clean end: {:#?}", proxy.log());

    // A name that is gone comes back with another URL. The sink goes on where it was.
    let right = |row: &Row| if matches!(row.bad, Bad::NoName) { row.receiver.url() } else { row.url() };
    let proxy = start(&dir, &known, &config(&right));
    rows.iter().for_each(arrives);
    for status in sink::statuses(&proxy.data()) {
        wait_for("a status without a backlog", || {
            (sink::status(&proxy.data(), status["name"].as_str()?)["lag_events"] == 0).then_some(())
        });
    }
}
