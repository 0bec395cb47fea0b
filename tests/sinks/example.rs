//! `examples/receiver`, run as it stands, at the other end of a sink and of requests that no sink makes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ring::hmac;
use tempfile::TempDir;

use super::{pages, site, visit};
use crate::support::client::{Answer, Client};
use crate::support::proxy::Proxy;
use crate::support::{sink, wait_for};

/// The example's own test is run with these.
#[expect(dead_code, reason = "what it does for others is looked at from outside")]
#[path = "../../examples/receiver/http.rs"]
mod http;

/// The running example; it is ended with the test.
struct Example {
    addr: SocketAddr,
    file: PathBuf,
    child: Child,
}

fn receiver() -> Command {
    Command::new(Path::new(env!("CARGO_BIN_EXE_inlay")).parent().expect("a folder").join("examples/receiver"))
}

impl Example {
    fn start(dir: &Path, more: &[&str]) -> Example {
        let addr = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let file = dir.join("events.ndjson");
        let mut command = receiver();
        command.arg(addr.to_string()).arg(&file).args(more).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("`cargo test` builds the examples");
        let example = Example { addr, file, child };
        wait_for("the example listens", || TcpStream::connect(addr).ok());
        example
    }

    fn post(&self, key: &str, body: &[u8], more: &str) -> Answer {
        let mut client = Client::new(self.addr);
        let (length, key) = (body.len(), format!("Idempotency-Key: {key}\r\n"));
        client.send(format!("POST /in HTTP/1.1\r\nHost: a\r\n{key}{more}Content-Length: {length}\r\n\r\n"));
        client.try_send(body);
        client.answer("POST")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.file).expect("the file of events")
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn the_example_stores_what_a_sink_sends_packed_and_signed() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let example = Example::start(dir.path(), &["--secret", "a secret that two share"]);
    let url = format!("http://{}/in", example.addr);
    let hook = sink::http("hook", &url, "gzip = true\nsign = \"a secret that two share\"\n");
    let proxy = Proxy::start_in(dir, "", &format!("{}{hook}", site("shop", &origin)));
    visit(&proxy, ["/1", "/2"]);
    wait_for("both events", || (example.text().lines().count() == 2).then_some(()));
    wait_for("that the sink was told", || (sink::status(&proxy.data(), "hook")["delivered"] == 2).then_some(()));
    let paths: Vec<serde_json::Value> =
        example.text().lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(paths.iter().map(|event| &event["path"]).collect::<Vec<_>>(), ["/1", "/2"]);
}

#[test]
fn a_batch_that_comes_again_is_stored_once_also_after_a_kill_and_other_bytes_are_a_conflict() {
    let dir = TempDir::new().expect("a folder");
    let mut example = Example::start(dir.path(), &[]);
    let (one, two) = (b"{\"id\":\"1\"}\n".as_slice(), b"{\"id\":\"2\"}\n".as_slice());
    assert_eq!(example.post("a", one, "").status(), 204);
    assert_eq!(example.post("a", one, "").status(), 204, "it is acknowledged again");
    assert_eq!(example.post("a", two, "").status(), 409);
    example.child.kill().expect("it runs");
    example.child.wait().expect("it ends");
    // A crash in the middle of the next batch: its lines are there, and half of the line that would have committed them.
    let append = |file: PathBuf, bytes: &[u8]| {
        let before = std::fs::read(&file).expect("a file");
        std::fs::write(file, [&before, bytes].concat()).expect("written");
    };
    append(example.file.clone(), two);
    append(dir.path().join("events.ndjson.keys"), b"b 0123");
    let example = Example::start(dir.path(), &[]);
    assert_eq!(example.post("a", one, "").status(), 204, "the key is known after a kill");
    assert_eq!(example.post("b", two, "").status(), 204);
    assert_eq!(example.text(), "{\"id\":\"1\"}\n{\"id\":\"2\"}\n", "each once");
}

#[test]
fn what_the_example_does_not_take_it_refuses_in_words() {
    let dir = TempDir::new().expect("a folder");
    let example = Example::start(dir.path(), &[]);
    for (what, key, body, more, status) in [
        ("no event", "a", b"{}\nno\n".to_vec(), "", 422),
        ("half a line", "a", b"{}".to_vec(), "", 400),
        ("no key", "", b"{}\n".to_vec(), "", 400),
        ("a key with blanks", "a b", b"{}\n".to_vec(), "", 400),
        ("no gzip", "a", b"{}\n".to_vec(), "Content-Encoding: gzip\r\n", 400),
        ("chunks", "a", b"{}\n".to_vec(), "Transfer-Encoding: chunked\r\n", 411),
        ("a large body", "a", vec![b'\n'; 17 << 20], "", 413),
        ("a large header", "a", b"{}\n".to_vec(), &format!("X: {}\r\n", "x".repeat(20_000)), 431),
    ] {
        let answer = example.post(key, &body, more);
        assert_eq!(answer.status(), status, "{what}: {}", answer.text());
        assert!(!answer.text().is_empty(), "{what}: in words");
    }
    assert_eq!(example.text(), "", "nothing of it is stored");
}

#[test]
fn the_example_believes_a_signature_that_is_right_and_fresh() {
    let dir = TempDir::new().expect("a folder");
    let example = Example::start(dir.path(), &["--secret", "s"]);
    let now = inlay::ledger::Clock::system().now_ms() / 1000;
    let signed = |secret: &str, at: i64, body: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, &[at.to_string().as_bytes(), b".", body].concat());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("X-Inlay-Signature: t={at},v1={hex}\r\n")
    };
    for (what, signature, status) in [
        ("none", String::new(), 401),
        ("another secret", signed("t", now, b"{}\n"), 401),
        ("another body", signed("s", now, b"[]\n"), 401),
        ("of yesterday", signed("s", now - 86_400, b"{}\n"), 401),
        ("of tomorrow", signed("s", now + 86_400, b"{}\n"), 401),
        ("right", signed("s", now, b"{}\n"), 204),
    ] {
        assert_eq!(example.post("a", b"{}\n", &signature).status(), status, "{what}");
    }
    assert_eq!(example.text(), "{}\n");
}

#[test]
fn the_example_leaves_files_alone_that_are_not_its_own_or_in_use() {
    let dir = TempDir::new().expect("a folder");
    let other = dir.path().join("other.txt");
    std::fs::write(&other, "somebody's").expect("written");
    let ends = |file: &Path| {
        let done = receiver().arg("127.0.0.1:0").arg(file).stdout(Stdio::null()).output().expect("it runs");
        (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let (began, said) = ends(&other);
    assert!(!began && said.contains("name another file"), "{said}");
    assert_eq!(std::fs::read_to_string(&other).expect("it is there"), "somebody's");

    let example = Example::start(dir.path(), &[]);
    assert_eq!(example.post("a", b"{}\n", "").status(), 204);
    assert!(!ends(&example.file).0, "one process writes the files");
    assert_eq!(example.post("b", b"{}\n", "").status(), 204);
    assert_eq!(example.text(), "{}\n{}\n");
}

#[test]
fn the_example_says_whether_it_wants_a_body_before_it_comes() {
    let dir = TempDir::new().expect("a folder");
    let example = Example::start(dir.path(), &[]);
    for (length, said) in [(3, "HTTP/1.1 100 Continue\r\n\r\n"), (17 << 20, "HTTP/1.1 413 Content Too Large\r\n")] {
        let mut stream = TcpStream::connect(example.addr).expect("a connection");
        let head = format!(
            "POST / HTTP/1.1\r\nIdempotency-Key: a\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it is taken");
        let mut answer = vec![0; said.len()];
        stream.read_exact(&mut answer).expect("an answer before the body");
        assert_eq!(String::from_utf8_lossy(&answer), said);
    }
}
