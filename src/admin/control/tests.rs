//! The socket from both ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

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

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn create(dir: &Path, name: &str) -> Option<Answer> {
    send(dir, &Command::TokenCreate { name: name.to_owned() }).expect("the socket answers")
}

#[test]
fn a_process_that_does_not_answer_is_told_of_in_words() {
    let dir = folder();
    let _silent = UnixListener::bind(dir.path().join(SOCKET)).expect("a socket");
    let sent = send_for(dir.path(), &Command::SinkStatus, Duration::from_secs(1));
    let words = sent.expect_err("nobody answers").to_string();
    assert!(words.ends_with("inlay.sock: no answer within 1 s"), "{words}");
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
    assert!(matches!(listed.as_slice(), [one] if one.name == "the \"ci\"" && one.revoked_ms.is_some()), "{listed:?}");
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
    let _control = Control::open(dir.path(), ledger.health(), ledger.tokens(), Some(sinks.clone())).expect("it opens");
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
