//! What a backend sees of an `http` sink: compression, signature, headers of the owner's.

use std::sync::Arc;

use tempfile::TempDir;

use super::{pages, site, visit};
use crate::support::proxy::{Proxy, binary, configure};
use crate::support::receiver::{Receiver, Reply};
use crate::support::{sink, wait_for};

#[test]
fn bodies_are_compressed_and_signed_where_the_owner_wants_it_and_bear_his_headers() {
    let (origin, receiver, dir) = (pages(), Receiver::new(), Arc::new(TempDir::new().expect("a folder")));
    receiver.expect_signed_with("a secret that two share");
    receiver.next([Reply::Refuse(503, "")]);
    let more =
        "gzip = true\nsign = \"env:HOOK_SECRET\"\nheaders = { Authorization = \"env:HOOK_AUTH\", X-Team = \"web\" }\n";
    let config = format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), more));
    let mut command = binary();
    command.env("HOOK_SECRET", "a secret that two share").env("HOOK_AUTH", "Bearer b");
    let proxy = Proxy::spawn(command.arg("run").arg("--config").arg(configure(&dir, "", &config)), dir);
    visit(&proxy, ["/1", "/2"]);
    wait_for("both events", || (receiver.len() == 2).then_some(()));
    assert_eq!(receiver.each("path"), ["/1", "/2"]);
    for request in receiver.requests() {
        let header = |name: &str| request.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| &**v);
        assert_eq!(header("content-encoding"), Some("gzip"));
        assert_eq!((header("authorization"), header("x-team")), (Some("Bearer b"), Some("web")));
        assert!(header("user-agent").is_some_and(|agent| agent.starts_with("inlay/")), "who it is: {request:?}");
    }
    assert!(
        !proxy.log().iter().any(|line| line.contains("Bearer b") || line.contains("a secret that two share")),
        "no secrets"
    );
}

#[test]
fn a_batch_that_was_accepted_and_not_told_goes_again_with_the_same_bytes_also_after_a_kill() {
    let (origin, receiver) = (pages(), Receiver::new());
    receiver.always(Reply::AcceptAndReset);
    let config = format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), ""));
    let mut proxy = Proxy::start(&config);
    visit(&proxy, ["/1", "/2", "/3"]);
    wait_for("two attempts", || (receiver.requests().len() >= 2).then_some(()));
    proxy.signal("-KILL");
    proxy.wait();
    let tried = receiver.requests().len();
    receiver.always(Reply::Accept);
    let _again = Proxy::start_in(proxy.dir.clone(), "", &config);
    wait_for("another attempt", || (receiver.requests().len() > tried && receiver.len() >= 3).then_some(()));
    let requests = receiver.requests();
    assert_eq!(requests[0].key, requests[tried].key, "the same batch under the same key");
    assert_eq!(receiver.ids().len(), 3, "each once, by the key alone");
}

#[test]
fn a_backend_that_was_down_gets_everything_in_order_when_it_is_back() {
    let (origin, receiver) = (pages(), Receiver::new());
    let proxy = Proxy::start(&format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), "")));
    visit(&proxy, ["/1"]);
    wait_for("the first event", || (receiver.len() == 1).then_some(()));
    receiver.door.shut();
    visit(&proxy, ["/2", "/3"]);
    wait_for("a failure", || (sink::status(&proxy.data(), "hook")["failures"].as_u64() > Some(0)).then_some(()));
    visit(&proxy, ["/4"]);
    receiver.door.open();
    wait_for("everything", || (receiver.len() == 4).then_some(()));
    assert_eq!(receiver.each("path"), ["/1", "/2", "/3", "/4"]);
    receiver.ids();
}

#[test]
fn a_proxy_that_the_environment_names_sees_nothing() {
    let (origin, receiver, dir) = (pages(), Receiver::new(), Arc::new(TempDir::new().expect("a folder")));
    let between = Receiver::new();
    let config = format!("{}{}", site("shop", &origin), sink::http("hook", &receiver.url(), ""));
    let mut command = binary();
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, format!("http://{}", between.addr));
    }
    let proxy = Proxy::spawn(command.arg("run").arg("--config").arg(configure(&dir, "", &config)), dir);
    visit(&proxy, ["/1"]);
    wait_for("the event", || (receiver.len() == 1).then_some(()));
    assert!(between.requests().is_empty(), "events go where they are configured to go, and nowhere else");
}
