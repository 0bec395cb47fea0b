//! Where else sinks are told of: metrics, `/ready`, the owner's page, `inlay stats`.

use std::fs;

use serde_json::Value;

use super::{Backend, Shop, inlay, wait_for_status};
use crate::support::client::ask;
use crate::support::wait_for;

fn owner(shop: &Shop, target: &str, more: &str) -> String {
    let answer = ask(shop.proxy.admin, "GET", "localhost", target, more);
    assert_eq!(answer.status(), 200, "{target}");
    answer.text()
}

/// A process with a sink that gets everything, and one whose backend is down; one event waits.
fn shop(backend: &Backend, dark: &Backend) -> Shop {
    dark.answer(Some(("503 Service Unavailable", "gone <b>fishing</b>")));
    let soon = "batch_secs = 0\nretry_secs = 3600";
    let shop = Shop::start(&[backend.sink("hook", soon), dark.sink("dark", soon)].concat());
    shop.visit(&["/1"]);
    wait_for_status(&shop.config(), "hook", "a delivery", |hook| hook["delivered"] == 1);
    wait_for_status(&shop.config(), "dark", "a failure", |dark| {
        dark["last_error"].is_object() && dark["lag_events"] == 1
    });
    shop
}

#[test]
fn metrics_ready_and_page_tell_of_each_sink_and_readiness_stays() {
    let (backend, dark) = (Backend::new(), Backend::new());
    let shop = shop(&backend, &dark);
    let metrics = owner(&shop, "/metrics", "");
    for line in [
        "inlay_sink_delivered_total{sink=\"hook\"} 1",
        "inlay_sink_lag_events{sink=\"hook\"} 0",
        "inlay_sink_lag_events{sink=\"dark\"} 1",
        "inlay_sink_given_up_total{sink=\"dark\"} 0",
        "inlay_sink_state{sink=\"hook\",state=\"stopped\"} 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is in {metrics}");
    }
    let ready = owner(&shop, "/ready", "");
    assert!(ready.starts_with("ready\n") && ready.contains("\nsink hook: "), "{ready}");
    assert!(
        ready.contains("\nsink dark: ") && ready.contains("503 Service Unavailable: gone <b>fishing</b>"),
        "{ready}"
    );
    let ready: Value = serde_json::from_str(&owner(&shop, "/ready", "Accept: application/json\r\n")).expect("JSON");
    assert_eq!((&ready["state"], &ready["sinks"][1]["lag_events"]), (&"ready".into(), &1.into()), "{ready}");
    let page = owner(&shop, "/", "");
    assert!(page.contains("<h2>Sinks</h2>") && page.contains("<h3>dark <small>http</small></h3>"), "{page}");
    assert!(page.contains("gone &lt;b&gt;fishing") && !page.contains("<b>fishing"), "a backend writes no markup");
}

#[test]
fn stats_tell_of_sinks_with_a_process_and_without_one() {
    let (backend, dark) = (Backend::new(), Backend::new());
    let shop = shop(&backend, &dark);
    let config = shop.config();
    let stats = || inlay(&["stats", "--config", &config]).out;
    let json =
        || -> Value { serde_json::from_str(&inlay(&["stats", "--json", "--config", &config]).out).expect("JSON") };
    let said = stats();
    let sinks = said.split("Events that wait, by sink\n").nth(1).expect("a part on sinks");
    assert!(sinks.starts_with("       0  hook (http): idle; 1 delivered, 0 given up, 0 dead letters\n"), "{said}");
    assert!(sinks.contains("       1  dark (http): ") && sinks.contains("503 Service Unavailable"), "{said}");
    let told = json();
    assert_eq!((&told["sinks"][0]["name"], &told["sinks"][1]["lag_events"]), (&"hook".into(), &1.into()), "{told}");
    let _dir = shop.stop();
    let said = stats();
    assert!(said.contains("       1  dark (http): no inlay process runs"), "{said}");
    assert_eq!(json()["sinks"][1]["state"], "off");
    // What is wrong with the sinks' tables is no matter to who wants to know of views.
    let text = fs::read_to_string(&config).expect("a file");
    fs::write(&config, text.replace("kind = \"http\"", "kind = \"htp\"")).expect("written");
    assert_eq!(json()["views"], 1);
}

#[test]
fn without_sinks_nothing_is_said_of_them() {
    let shop = Shop::start("");
    shop.visit(&["/1"]);
    shop.proxy.stats_with_views(1);
    assert!(!inlay(&["stats", "--config", &shop.config()]).out.contains("sink"));
    assert!(!owner(&shop, "/", "").contains("Sinks"));
    assert_eq!(owner(&shop, "/ready", ""), "ready\nrecording: works\n");
    let none = inlay(&["sink", "status", "--config", &shop.config()]);
    assert!(none.code == Some(0) && none.out.contains("[[sink]]"), "{none:?}");
}

#[test]
fn the_reference_explains_every_metric_and_names_none_that_is_not() {
    let (backend, dark) = (Backend::new(), Backend::new());
    let shop = shop(&backend, &dark);
    let metrics = wait_for("a commit", || {
        Some(owner(&shop, "/metrics", "")).filter(|metrics| metrics.contains("\ninlay_ledger_commit_age_seconds "))
    });
    let told: Vec<&str> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");
    let reference = fs::read_to_string(reference).expect("a reference");
    let rows = reference.lines().filter_map(|line| line.strip_prefix("| `inlay_")?.split('`').next());
    let explained: Vec<String> = rows.map(|name| format!("inlay_{name}")).collect();
    for name in &told {
        assert!(explained.iter().any(|row| row == name), "docs/reference.md does not explain {name}");
    }
    for name in &explained {
        assert!(told.contains(&name.as_str()), "docs/reference.md explains {name}, which nobody tells");
    }
}
