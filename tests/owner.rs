//! The owner's listener of the real binary: who may read what, tokens made and revoked beside it, and what it says of the rest.

use std::process::{Command, Output};
use std::sync::Arc;

use tempfile::TempDir;

use crate::support::client::{Answer, ask, navigate};
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, before, binary};
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head><title>a</title></head><body>b</body></html>";

fn owner(proxy: &Proxy, target: &str, more: &str) -> Answer {
    ask(proxy.admin, "GET", &proxy.admin.to_string(), target, more)
}

fn token(proxy: &Proxy, words: &[&str]) -> Output {
    token_command(words).arg("--data").arg(proxy.data()).output().expect("the command runs")
}

fn token_command(words: &[&str]) -> Command {
    let mut command = binary();
    command.arg("token").args(words);
    command
}

/// The last line that a command printed.
fn last_line(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_token_made_beside_a_running_proxy_shuts_the_page_at_once_and_revoking_it_does_too() {
    let proxy = before(&Origin::html(PAGE).url(), "");
    assert_eq!(owner(&proxy, "/", "").status(), 200, "on loopback, before the first token");
    let made = last_line(&token(&proxy, &["create", "--name", "test"]));
    assert!(made.starts_with("inlay_"), "the token is printed last: {made}");
    assert_eq!(owner(&proxy, "/", "").status(), 401, "without the token");
    let bearer = format!("Authorization: Bearer {made}\r\n");
    assert_eq!(owner(&proxy, "/", &bearer).status(), 200, "with it");
    assert!(last_line(&token(&proxy, &["list"])).contains("in force"));
    assert!(token(&proxy, &["revoke", "test"]).status.success());
    assert_eq!(owner(&proxy, "/", &bearer).status(), 401, "revoked");
    for open in ["/live", "/ready", "/metrics"] {
        assert_eq!(owner(&proxy, open, "").status(), 200, "{open} stays open");
    }
}

#[test]
fn tokens_outlive_the_process_and_are_made_without_one() {
    let origin = Origin::html(PAGE);
    let mut proxy = before(&origin.url(), "");
    assert_eq!(proxy.stop(), Some(0));
    let config = proxy.dir.path().join("inlay.toml");
    let output = token_command(&["create", "--name", "test", "--config"]).arg(&config).output().expect("it runs");
    let bearer = format!("Authorization: Bearer {}\r\n", last_line(&output));
    let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"shop.test\"]\norigin = \"{}\"\n", origin.url());
    let proxy = Proxy::start_in(proxy.dir.clone(), "", &site);
    assert_eq!(owner(&proxy, "/", "").status(), 401);
    assert_eq!(owner(&proxy, "/", &bearer).status(), 200);
}

#[test]
fn no_token_is_made_in_a_ledger_that_nobody_named() {
    let dir = TempDir::new().expect("a folder");
    let refused = token_command(&["create", "--name", "me"]).current_dir(dir.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("say which with --data DIR or --config FILE") && said.lines().count() == 1, "{said}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0, "nothing was made");
    for words in [&["create", "--name", "me", "--data", "data"][..], &["create", "--name", "you"]] {
        let made = token_command(words).current_dir(dir.path()).output().expect("it runs");
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        let dir = dir.path().canonicalize().expect("it is there").join("data");
        assert!(made.status.success() && said.contains(&format!("the ledger in {}", dir.display())), "{said}");
    }
}

#[test]
fn tokens_and_statistics_are_found_by_a_file_whose_sites_are_not_ready() {
    let dir = TempDir::new().expect("a folder");
    let config = dir.path().join("inlay.toml");
    std::fs::write(&config, "[server]\ndata = \"d\"\n[[site]]\norigin = \"env:INLAY_TEST_UNSET\"\n").expect("written");
    let made = token_command(&["create", "--name", "me", "--config"]).arg(&config).output().expect("it runs");
    assert!(
        made.status.success() && dir.path().join("d/ledger.db").exists(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let stats = binary().args(["stats", "--config"]).arg(&config).output().expect("it runs");
    assert!(stats.status.success(), "{}", String::from_utf8_lossy(&stats.stderr));
}

#[test]
fn off_loopback_only_what_is_open_answers_until_there_is_a_token() {
    let dir = Arc::new(TempDir::new().expect("a folder"));
    let config = dir.path().join("inlay.toml");
    let origin = Origin::html(PAGE).url();
    let text = format!(
        "[server]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"0.0.0.0:0\"\nlog = \"json\"\n\
         [[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{origin}\"\n"
    );
    std::fs::write(&config, text).expect("the configuration is written");
    let proxy = Proxy::spawn(binary().arg("run").arg("--config").arg(&config), dir);
    let hint = wait_for("the start says how a token is made", || {
        proxy.log().into_iter().find(|line| line.contains("inlay token create"))
    });
    assert!(hint.contains(&format!("--data {}", proxy.data().display())), "with its own folder: {hint}");
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], proxy.admin.port()));
    let get = |target: &str| ask(at, "GET", &at.to_string(), target, "");
    assert_eq!(get("/live").status(), 200);
    let page = get("/");
    assert_eq!(page.status(), 403);
    assert!(page.text().contains("inlay token create"), "{}", page.text());
}

#[test]
fn a_strangers_name_and_a_strangers_form_are_refused() {
    let proxy = before(&Origin::html(PAGE).url(), "");
    let rebound = ask(proxy.admin, "GET", "evil.example", "/", "");
    assert_eq!(rebound.status(), 421, "{}", rebound.text());
    let host = proxy.admin.to_string();
    let form = "Origin: http://evil.example\r\nContent-Length: 0\r\n";
    assert_eq!(ask(proxy.admin, "POST", &host, "/logout", form).status(), 403);
}

#[test]
fn a_view_stands_on_the_page_and_in_the_metrics() {
    let proxy = before(&Origin::html(PAGE).url(), "");
    navigate(proxy.addr, "/lamps", "");
    let page = wait_for("the view on the owner's page", || {
        let page = owner(&proxy, "/", "").text();
        page.contains("/lamps").then_some(page)
    });
    assert!(page.contains("<svg class=\"bars\""), "with its graph");
    let metrics = owner(&proxy, "/metrics", "").text();
    for line in ["inlay_pages_total{site=\"shop\",outcome=\"tagged\"} 1", "inlay_events_committed_total 1"] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("/lamps") && !metrics.contains("127.0.0.1"), "no path and no address");
}

#[test]
fn an_untrusted_peer_that_forwards_is_warned_of_and_only_the_owner_reads_its_address() {
    let origin = Origin::html(PAGE);
    let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"shop.test\"]\norigin = \"{}\"\n", origin.url());
    let dir = Arc::new(TempDir::new().expect("a folder"));
    let proxy = Proxy::start_in(dir, "trusted_proxies = []", &site);
    assert!(!owner(&proxy, "/ready", "").text().contains("warning"), "nothing to warn of yet");
    navigate(proxy.addr, "/", "X-Forwarded-For: 203.0.113.9\r\n");
    let ready = owner(&proxy, "/ready", "");
    assert_eq!(ready.status(), 200);
    assert!(ready.text().contains("trusted_proxies") && !ready.text().contains("127.0.0.1"), "{}", ready.text());
    assert!(owner(&proxy, "/", "").text().contains("127.0.0.1"));
}

#[test]
fn an_answer_to_head_has_the_length_of_the_page() {
    let proxy = before(&Origin::html(PAGE).url(), "");
    let head = ask(proxy.admin, "HEAD", &proxy.admin.to_string(), "/live", "");
    assert_eq!((head.status(), head.header("content-length")), (200, Some("5")));
}
