//! What an owner tells a sink: pause, resume, drain, replay.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{pages, site, visit};
use crate::support::proxy::Proxy;
use crate::support::receiver::Receiver;
use crate::support::{sink, wait_for};

#[test]
fn a_paused_sink_sends_nothing_also_after_a_restart_until_it_is_resumed() {
    let (origin, receiver) = (pages(), Receiver::new());
    let config = format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), ""));
    let mut proxy = Proxy::start(&config);
    visit(&proxy, ["/1"]);
    wait_for("the first event", || (receiver.len() == 1).then_some(()));
    sink::command(&proxy.data(), &["pause", "hook"]);
    visit(&proxy, ["/2", "/3"]);
    sink::wait_for_words(&proxy.data(), "hook", &["paused"]);
    wait_for("a backlog of two", || (sink::status(&proxy.data(), "hook")["lag_events"] == 2).then_some(()));
    assert_eq!(proxy.stop(), Some(0));
    let proxy = Proxy::start_in(proxy.dir.clone(), "", &config);
    sink::wait_for_words(&proxy.data(), "hook", &["paused"]);
    // Longer than a batch waits.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(receiver.len(), 1, "paused before the restart, paused behind it");
    sink::command(&proxy.data(), &["resume", "hook"]);
    wait_for("what was recorded meanwhile", || (receiver.len() == 3).then_some(()));
    assert_eq!(receiver.each("path"), ["/1", "/2", "/3"]);
}

#[test]
fn what_gathers_goes_at_once_when_it_is_drained_and_at_the_stop() {
    let (origin, receiver) = (pages(), Receiver::new());
    let hook = sink::http("hook", &receiver.url(), "").replace("batch_secs = 1", "batch_secs = 3600");
    let mut proxy = Proxy::start(&format!("{}{hook}", site("shop", &origin)));
    visit(&proxy, ["/1", "/2"]);
    proxy.stats_with_views(2);
    assert_eq!(receiver.len(), 0, "a batch waits to be filled");
    sink::command(&proxy.data(), &["drain", "hook"]);
    wait_for("what had gathered", || (receiver.len() == 2).then_some(()));
    visit(&proxy, ["/3"]);
    proxy.stats_with_views(3);
    assert_eq!(proxy.stop(), Some(0), "{:#?}", proxy.log());
    assert_eq!(receiver.each("path"), ["/1", "/2", "/3"], "a stop leaves nothing that could have gone");
}

#[test]
fn a_replay_sends_everything_again_under_other_keys() {
    let (origin, receiver) = (pages(), Receiver::new());
    let config = format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), ""));
    let proxy = Proxy::start(&config);
    visit(&proxy, ["/1", "/2"]);
    wait_for("both events", || (receiver.len() == 2).then_some(()));
    wait_for("that it is written down", || (sink::status(&proxy.data(), "hook")["lag_events"] == 0).then_some(()));
    sink::command(&proxy.data(), &["replay", "hook", "--from", "start"]);
    wait_for("both again", || (receiver.len() == 4).then_some(()));
    let mut times = BTreeMap::new();
    receiver.each("id").into_iter().for_each(|id| *times.entry(id).or_insert(0) += 1);
    assert_eq!(times.into_values().collect::<Vec<_>>(), [2, 2], "each a second time");
    visit(&proxy, ["/3"]);
    wait_for("what comes behind a replay", || (receiver.len() == 5).then_some(()));
}

#[test]
fn an_order_for_a_sink_that_is_not_there_names_those_that_are() {
    let (origin, receiver) = (pages(), Receiver::new());
    let proxy = Proxy::start(&format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), "")));
    let mut command = crate::support::proxy::binary();
    let done = command.args(["sink", "pause", "hock", "--data"]).arg(proxy.data()).output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("hock") && said.contains("hook"), "{said}");
}
