//! Answers that are a no: what is halved, what becomes a dead letter, what stops a sink.

use super::{pages, site, visit};
use crate::support::proxy::Proxy;
use crate::support::receiver::{Receiver, Reply};
use crate::support::{sink, wait_for};

/// A proxy whose sink `hook` waits until it is told to drain, so that all of a test's events are one batch.
fn gathering(receiver: &Receiver) -> (Proxy, crate::support::origin::Origin) {
    let origin = pages();
    let hook = sink::http("hook", &receiver.url(), "").replace("batch_secs = 1", "batch_secs = 3600");
    (Proxy::start(&format!("{}{hook}", site("shop", &origin))), origin)
}

fn drain(proxy: &Proxy, views: u64) {
    proxy.stats_with_views(views);
    sink::command(&proxy.data(), &["drain", "hook"]);
}

#[test]
fn a_bad_event_ends_alone_as_a_dead_letter_with_its_answer_and_goes_when_its_owner_says_so() {
    let receiver = Receiver::new();
    receiver.refuse_path("/bad", Some("no such product"));
    let (proxy, _origin) = gathering(&receiver);
    visit(&proxy, ["/0", "/1", "/2", "/bad", "/4", "/5", "/6", "/7", "/8"]);
    drain(&proxy, 9);
    wait_for("everything else", || (receiver.len() >= 8).then_some(()));
    assert_eq!(receiver.each("path"), ["/0", "/1", "/2", "/4", "/5", "/6", "/7", "/8"], "once, and in order");
    wait_for("the dead letter in the status", || (sink::status(&proxy.data(), "hook")["dead"] == 1).then_some(()));
    let letters = sink::command(&proxy.data(), &["dead", "hook"]);
    for word in ["422", "no such product"] {
        assert!(letters.contains(word), "{word} in {letters}");
    }
    assert_eq!(receiver.requests()[0].ids.len(), 9, "first all at once");
    let alone = receiver.requests().into_iter().filter(|request| request.status == 422).map(|r| r.ids.len()).min();
    assert_eq!(alone, Some(1), "and in the end the bad one alone");

    // Refused again, it is a dead letter still.
    let before = receiver.requests().len();
    sink::command(&proxy.data(), &["retry", "hook"]);
    wait_for("another attempt", || (receiver.requests().len() > before).then_some(()));
    wait_for("the dead letter", || (sink::status(&proxy.data(), "hook")["dead"] == 1).then_some(()));
    receiver.refuse_path("/bad", None);
    sink::command(&proxy.data(), &["retry", "hook"]);
    wait_for("the dead letter at the backend", || (receiver.len() == 9).then_some(()));
    let last = receiver.requests().pop().expect("a request");
    assert!(last.key.starts_with("dead-") && last.ids.len() == 1, "alone, under a key that tells: {last:?}");
    assert_eq!(receiver.ids().len(), 9, "each once");
    wait_for("no dead letter any more", || (sink::status(&proxy.data(), "hook")["dead"] == 0).then_some(()));
}

#[test]
fn a_batch_that_is_too_large_goes_in_halves() {
    let receiver = Receiver::new();
    receiver.take_at_most(1000);
    let (proxy, _origin) = gathering(&receiver);
    let paths: Vec<String> = (0..20).map(|n| format!("/{n}")).collect();
    visit(&proxy, paths.iter().map(String::as_str));
    drain(&proxy, 20);
    wait_for("everything", || (receiver.len() >= 20).then_some(()));
    assert_eq!(receiver.each("path"), paths, "each once, in order");
    let refused = receiver.requests().iter().filter(|request| request.status == 413).count();
    assert!(refused >= 2, "twice at least it was too much: {refused}");
    assert_eq!(sink::status(&proxy.data(), "hook")["dead"], 0, "nothing of it is bad");
}

#[test]
fn a_redirect_is_not_followed_and_stops_the_sink_until_it_is_told_to_go_on() {
    let (receiver, elsewhere) = (Receiver::new(), Receiver::new());
    let location: &'static str = format!("Location: {}\r\n", elsewhere.url()).leak();
    receiver.always(Reply::Refuse(307, location));
    let origin = pages();
    let proxy = Proxy::start(&format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), "")));
    visit(&proxy, ["/1"]);
    let status = sink::wait_for_words(&proxy.data(), "hook", &["redirect"]);
    assert!(status.to_string().contains("307"), "what it answered: {status}");
    visit(&proxy, ["/2"]);
    proxy.stats_with_views(2);
    // Longer than the longest pause between two attempts.
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(receiver.requests().len(), 1, "a stopped sink does not try again by itself");
    assert!(elsewhere.requests().is_empty(), "where the answer points to, nothing arrives");
    receiver.always(Reply::Accept);
    sink::command(&proxy.data(), &["resume", "hook"]);
    wait_for("everything", || (receiver.len() == 2).then_some(()));
    assert_eq!(receiver.ids().len(), 2);
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_sink_that_stopped_tries_again_at_the_next_start_from_where_it_was() {
    let receiver = Receiver::new();
    receiver.always(Reply::Refuse(404, ""));
    let origin = pages();
    let config = format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), ""));
    let mut proxy = Proxy::start(&config);
    visit(&proxy, ["/1"]);
    sink::wait_for_words(&proxy.data(), "hook", &["404"]);
    assert_eq!(proxy.stop(), Some(0));
    receiver.always(Reply::Accept);
    let _again = Proxy::start_in(proxy.dir.clone(), "", &config);
    wait_for("the event", || (receiver.len() == 1).then_some(()));
    receiver.ids();
}

#[test]
fn where_every_event_is_refused_it_is_not_the_events_and_the_sink_stops() {
    let receiver = Receiver::new();
    receiver.always(Reply::Refuse(400, ""));
    let origin = pages();
    let proxy = Proxy::start(&format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), "")));
    let paths: Vec<String> = (0..130).map(|n| format!("/{n}")).collect();
    visit(&proxy, paths.iter().map(String::as_str));
    sink::wait_for_words(&proxy.data(), "hook", &["stopped"]);
    wait_for("a hundred dead letters", || (sink::status(&proxy.data(), "hook")["dead"] == 100).then_some(()));
    receiver.always(Reply::Accept);
    sink::command(&proxy.data(), &["resume", "hook"]);
    wait_for("what was not tried yet", || (receiver.len() == 30).then_some(()));
    sink::command(&proxy.data(), &["retry", "hook"]);
    wait_for("the dead letters", || (receiver.len() == 130).then_some(()));
    assert_eq!(receiver.ids().len(), 130, "each once");
}
