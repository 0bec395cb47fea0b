//! Several sinks at once: each has its sites, its fields and its beginning, and none waits for another.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use super::{owner, pages, site, visit};
use crate::support::client::{NAVIGATION, ask};
use crate::support::proxy::Proxy;
use crate::support::receiver::{Receiver, text};
use crate::support::wire::{Fault, Wire};
use crate::support::{sink, wait_for};

fn keys(event: &Value) -> BTreeSet<&str> {
    event.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn each_sink_gets_its_sites_and_its_fields() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let [all, shop, lean, other] = [(); 4].map(|()| Receiver::new());
    let folder = dir.path().join("events");
    let sinks = [
        site("shop", &origin),
        site("blog", &origin),
        sink::http("all", &all.url(), ""),
        sink::http("shop", &shop.url(), "sites = [\"shop\"]\n"),
        sink::file("blog", &folder, "sites = [\"blog\"]\n"),
        sink::http("lean", &lean.url(), "[sink.fields]\nkeep = [\"site\", \"path\"]\n"),
        sink::http(
            "other",
            &other.url(),
            "[sink.fields]\ndrop = [\"host\"]\nrename = { path = \"url\" }\nhash = [\"referrer_host\"]\nhash_key = \"a key of the hashes\"\n",
        ),
    ];
    let proxy = Proxy::start_in(dir, "", &sinks.concat());
    for (host, path, from) in
        [("shop.test", "/1", "one"), ("blog.test", "/2", "two"), ("shop.test", "/3", "one"), ("blog.test", "/4", "one")]
    {
        let referrer = format!("{NAVIGATION}Referer: https://{from}.example/\r\n");
        assert_eq!(ask(proxy.addr, "GET", host, path, &referrer).status(), 200);
    }
    for (what, receiver, events) in [("all", &all, 4), ("shop", &shop, 2), ("lean", &lean, 4), ("other", &other, 4)] {
        wait_for(&format!("the events of {what}"), || (receiver.len() >= events).then_some(()));
        receiver.ids();
    }
    let in_files = wait_for("the events of blog", || sink::try_read(&folder).filter(|events| events.len() >= 2));

    assert_eq!(all.each("path"), ["/1", "/2", "/3", "/4"], "in the order of their commits");
    assert_eq!(shop.each("path"), ["/1", "/3"]);
    assert_eq!(in_files.iter().map(|event| text(event, "path")).collect::<Vec<_>>(), ["/2", "/4"]);
    for event in lean.events() {
        assert_eq!(keys(&event), BTreeSet::from(["v", "id", "site", "path"]), "what is kept, and what always is");
    }
    let whole = all.events();
    for (event, whole) in other.events().iter().zip(&whole) {
        assert!(!keys(event).contains("host") && !keys(event).contains("path"), "dropped and renamed: {event}");
        assert_eq!((&event["url"], &event["id"]), (&whole["path"], &whole["id"]));
    }
    let hashes = other.each("referrer_host");
    assert!(hashes.iter().all(|hash| !hash.is_empty() && !hash.contains("example")), "no plain value: {hashes:?}");
    let same = |a: usize, b: usize| hashes[a] == hashes[b];
    assert!(same(0, 2) && same(0, 3) && !same(0, 1), "equal values have equal hashes, others have others: {hashes:?}");
}

#[test]
fn a_dead_sink_holds_up_no_page_no_other_sink_and_no_stop() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let (dead, well) = (Receiver::new(), Receiver::new());
    let wire = Wire::new(dead.addr, Fault::BlackHole);
    let slow = sink::http("dead", &wire.url(), "").replace("timeout_secs = 2", "timeout_secs = 600");
    let config = format!("{}{slow}{}", site("shop", &origin), sink::http("well", &well.url(), ""));
    let mut proxy = Proxy::start_in(dir.clone(), "drain_secs = 3\n", &config);
    visit(&proxy, ["/1"]);
    wait_for("a delivery into the hole", || (wire.met() > 0).then_some(()));
    visit(&proxy, ["/2", "/3"]);
    wait_for("everything at the other sink", || (well.len() == 3).then_some(()));
    // `wait` inside has its own limit, and that is far below the 600 s of the delivery.
    assert_eq!(proxy.stop(), Some(0), "a clean end: {:#?}", proxy.log());
    wire.set(Fault::None);
    let _again = Proxy::start_in(dir, "", &config);
    wait_for("everything at the sink that was dead", || (dead.len() == 3).then_some(()));
    assert_eq!(dead.ids(), well.ids());
}

#[test]
fn metrics_tell_of_each_sink() {
    let (origin, dead, well) = (pages(), Receiver::new(), Receiver::new());
    dead.door.shut();
    let sinks = [sink::http("dead", &dead.url(), ""), sink::http("well", &well.url(), "")];
    let proxy = Proxy::start(&format!("{}{}", site("shop", &origin), sinks.concat()));
    visit(&proxy, ["/1", "/2"]);
    wait_for("both events", || (well.len() == 2).then_some(()));
    let value = |metrics: &str, name: &str, sink: &str| -> Option<f64> {
        let label = format!("sink=\"{sink}\"");
        let line = metrics.lines().find(|line| line.starts_with(name) && line.contains(&label))?;
        line.rsplit(' ').next()?.parse().ok()
    };
    wait_for("the lag of the one and the deliveries of the other", || {
        let metrics = owner(&proxy, "/metrics").text();
        let lag = value(&metrics, "inlay_sink_lag_events", "dead") == Some(2.0);
        let delivered = value(&metrics, "inlay_sink_delivered_total", "well") == Some(2.0);
        (lag && delivered && value(&metrics, "inlay_sink_lag_events", "well") == Some(0.0)).then_some(())
    });
}

#[test]
fn a_new_sink_begins_with_what_comes_or_with_all_or_with_a_day() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let shop = site("shop", &origin);
    let mut proxy = Proxy::start_in(dir.clone(), "", &shop);
    visit(&proxy, ["/old", "/recent", "/today"]);
    proxy.stats_with_views(3);
    assert_eq!(proxy.stop(), Some(0));
    let day = 86_400_000;
    let ledger = Connection::open(proxy.data().join("ledger.db")).expect("a ledger");
    let now_ms: i64 = ledger.query_row("SELECT max(ts) FROM events", [], |row| row.get(0)).expect("a time");
    for (path, days) in [("/old", 20), ("/recent", 5)] {
        let sql = "UPDATE events SET ts = ts - ?1 WHERE path = ?2";
        assert_eq!(ledger.execute(sql, (days * day, path)).expect("a ledger that can be written"), 1);
    }
    let spans =
        "DELETE FROM spans; INSERT INTO spans SELECT ts / 3600000, min(seq), max(seq), 300 FROM events GROUP BY 1";
    ledger.execute_batch(spans).expect("where the rows stand now");
    drop(ledger);
    let ten_days_ago = jiff::Timestamp::from_millisecond(now_ms - 10 * day).expect("a time");
    let ten_days_ago = jiff::tz::Offset::UTC.to_datetime(ten_days_ago).date();

    let [now, start, since] = [(); 3].map(|()| Receiver::new());
    let config = [
        shop,
        sink::http("now", &now.url(), "from = \"now\"\n"),
        sink::http("start", &start.url(), "from = \"start\"\n"),
        sink::http("since", &since.url(), &format!("from = \"{ten_days_ago}\"\n")),
    ];
    let proxy = Proxy::start_in(dir, "", &config.concat());
    visit(&proxy, ["/new"]);
    wait_for("all of it", || (start.len() >= 4 && since.len() >= 3 && now.len() == 1).then_some(()));
    assert_eq!(start.each("path"), ["/old", "/recent", "/today", "/new"]);
    assert_eq!(since.each("path"), ["/recent", "/today", "/new"]);
    assert_eq!(now.each("path"), ["/new"]);
}
