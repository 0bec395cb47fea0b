//! `inlay sink`: what it tells, and what orders do, with a process and without one.

use std::sync::Arc;

use tempfile::TempDir;

use super::{Backend, Shop, config, inlay, status, wait_for_status};
use crate::support::wait_for;

/// A batch waits for its owner.
const GATHERING: &str = "batch_secs = 3600";
const SOON: &str = "batch_secs = 0\nretry_secs = 1";

#[test]
fn list_and_status_tell_of_each_sink_in_words_and_in_json() {
    let (backend, dark) = (Backend::new(), Backend::new());
    dark.answer(Some(("503 Service Unavailable", "gone \u{1b}[2J fishing")));
    let sinks = [backend.sink("hook", SOON), dark.sink("dark", "batch_secs = 0\nretry_secs = 3600")].concat();
    let shop = Shop::start(&sinks);
    shop.visit(&["/1", "/2"]);
    let config_file = shop.config();
    wait_for_status(&config_file, "hook", "two deliveries", |hook| hook["delivered"] == 2);
    wait_for_status(&config_file, "dark", "a failure", |dark| {
        dark["last_error"].is_object() && dark["lag_events"] == 2
    });

    let list = wait_for("a pause behind a failure", || {
        Some(inlay(&["sink", "list", "--config", &config_file])).filter(|list| list.out.contains("waiting"))
    });
    let lines: Vec<Vec<&str>> = list.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["sink", "kind", "state", "lag"], "{}", list.out);
    assert_eq!(lines[1], ["hook", "http", "idle", "0", "events"], "{}", list.out);
    assert_eq!(lines[2][..5], ["dark", "http", "waiting", "2", "events,"], "{}", list.out);
    assert!(list.out.lines().nth(2).is_some_and(|line| line.contains("the oldest")), "{}", list.out);

    let all = wait_for("a pause behind a failure", || {
        Some(inlay(&["sink", "status", "--config", &config_file])).filter(|all| all.out.contains("waiting"))
    });
    let dark = all.out.split("\n\n").nth(1).expect("a block for each");
    for part in ["dark (http): waiting after a failure, the next attempt is in", "2 events", " for the batch in hand; "]
    {
        assert!(dark.contains(part), "{part:?} in {dark}");
    }
    assert!(dark.contains("ago: the answer was 503 Service Unavailable: gone [2J fishing"), "{dark}");
    assert!(!all.out.contains('\u{1b}'), "a backend steers no terminal: {all:?}");
    let one = inlay(&["sink", "status", "hook", "--config", &config_file]);
    assert!(one.out.starts_with("hook (http): idle\n") && !one.out.contains("dark"), "{}", one.out);
    assert!(one.out.contains("delivered     2 events") && one.out.contains("none since the start"), "{}", one.out);

    // Without the process the ledger tells, and knows nothing of attempts.
    let dir = shop.stop();
    let told = status(&config(dir.path()), "dark");
    assert_eq!(
        (&told["state"], &told["lag_events"], &told["kind"]),
        (&"off".into(), &2.into(), &"http".into()),
        "{told}"
    );
    let data = dir.path().join("data");
    let told = inlay(&["sink", "status", "--data", data.to_str().expect("UTF-8")]);
    assert!(told.out.contains("no inlay process runs") && !told.out.contains("last error"), "{}", told.out);
}

#[test]
fn sinks_that_never_started_and_sinks_that_left_the_configuration_are_told_of() {
    let (dir, backend) = (Arc::new(TempDir::new().expect("a folder")), Backend::new());
    let shop = Shop::start_in(dir, &backend.sink("old", SOON));
    wait_for("it has its place", || (status(&shop.config(), "old")["state"] == "idle").then_some(()));
    let dir = shop.stop();
    let shop = Shop::start_in(dir, &backend.sink("new", SOON));
    let config_file = shop.config();
    assert_eq!(states(&config_file), [("new".into(), "idle".into()), ("old".into(), "unnamed".into())]);
    let pause = |name: &str| inlay(&["sink", "pause", name, "--config", &config_file]);
    let refused = pause("old");
    assert!(refused.code == Some(2) && refused.notes.contains("the configuration does not name it"), "{refused:?}");

    // Without the process, and with a secret that is not in this environment.
    let _dir = shop.stop();
    let text = std::fs::read_to_string(&config_file).expect("a file");
    let newest = backend.sink("newest", "headers = { A = \"env:INLAY_TEST_UNSET\" }");
    std::fs::write(&config_file, text + &newest).expect("written");
    let wanted = [("new", "off"), ("newest", "off"), ("old", "unnamed")];
    assert_eq!(states(&config_file), wanted.map(|(name, state)| (name.to_owned(), state.to_owned())));
    let refused = pause("old");
    assert!(refused.code == Some(2) && refused.notes.contains("the configuration does not name it"), "{refused:?}");
    let refused = pause("newest");
    assert!(refused.code == Some(1) && refused.notes.contains("has not started yet"), "{refused:?}");
}

/// Names and states of the list.
fn states(config: &str) -> Vec<(String, String)> {
    let list = inlay(&["sink", "list", "--config", config]).out;
    let words = list.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.map(|words| (words[0].clone(), words[2].clone())).collect()
}

#[test]
fn a_pause_holds_with_a_process_and_without_one_until_it_is_resumed() {
    let backend = Backend::new();
    let sinks = backend.sink("hook", SOON);
    let shop = Shop::start(&sinks);
    let config_file = shop.config();
    let paused = inlay(&["sink", "pause", "hook", "--config", &config_file]);
    assert_eq!((paused.code, paused.out.as_str()), (Some(0), ""), "{paused:?}");
    assert!(paused.notes.contains("inlay sink resume hook"), "{paused:?}");
    wait_for_status(&config_file, "hook", "the pause", |hook| hook["state"] == "paused");
    shop.visit(&["/1"]);
    wait_for_status(&config_file, "hook", "what waits", |hook| hook["lag_events"] == 1);
    let dir = shop.stop();
    assert_eq!(status(&config(dir.path()), "hook")["state"], "paused", "the ledger knows");
    let resumed = inlay(&["sink", "resume", "hook", "--config", &config(dir.path())]);
    assert!(resumed.code == Some(0) && resumed.notes.contains("goes on when inlay runs"), "{resumed:?}");
    assert_eq!(status(&config(dir.path()), "hook")["state"], "off");
    assert_eq!(inlay(&["sink", "pause", "hook", "--config", &config(dir.path())]).code, Some(0));
    let shop = Shop::start_in(dir, &sinks);
    wait_for_status(&config_file, "hook", "a pause that was ordered without a process", |hook| {
        hook["state"] == "paused"
    });
    assert_eq!(backend.paths(), [""; 0], "nothing was sent");
    assert_eq!(inlay(&["sink", "resume", "hook", "--config", &config_file]).code, Some(0));
    wait_for("the event", || (backend.paths() == ["/1"]).then_some(()));
    drop(shop);
}

#[test]
fn drain_returns_when_everything_has_gone_and_says_why_where_it_does_not() {
    let (backend, dark) = (Backend::new(), Backend::new());
    dark.answer(Some(("503 Service Unavailable", "not today")));
    let sinks =
        [backend.sink("hook", GATHERING), dark.sink("dark", &format!("{GATHERING}\nretry_secs = 3600"))].concat();
    let shop = Shop::start(&sinks);
    let config_file = shop.config();
    shop.visit(&["/1", "/2", "/3"]);
    shop.proxy.stats_with_views(3);
    assert_eq!(backend.paths(), [""; 0], "it gathers");
    let drained = inlay(&["sink", "drain", "hook", "--config", &config_file]);
    assert_eq!(drained.code, Some(0), "{drained:?}");
    assert_eq!(backend.paths(), ["/1", "/2", "/3"], "all has gone when the command returns");
    assert_eq!(inlay(&["sink", "drain", "hook", "--config", &config_file]).code, Some(0), "also where nothing waits");

    let stuck = inlay(&["sink", "drain", "dark", "--timeout", "1", "--config", &config_file]);
    assert_eq!(stuck.code, Some(1), "{stuck:?}");
    for part in ["lag: 3 events", "the next attempt is in", "503 Service Unavailable: not today"] {
        assert!(stuck.notes.contains(part), "{part:?} in {stuck:?}");
    }
    assert_eq!(inlay(&["sink", "pause", "dark", "--config", &config_file]).code, Some(0));
    let stuck = inlay(&["sink", "drain", "dark", "--config", &config_file]);
    assert!(stuck.code == Some(1) && stuck.notes.contains("paused by its owner"), "at once and in words: {stuck:?}");

    let dir = shop.stop();
    let nobody = inlay(&["sink", "drain", "dark", "--config", &config(dir.path())]);
    assert!(nobody.code == Some(1) && nobody.notes.contains("no process runs"), "{nobody:?}");
    assert!(nobody.notes.contains("3 events"), "{nobody:?}");
}

#[test]
fn a_dead_letter_is_listed_with_its_answer_and_tried_again_by_seq_by_id_or_with_all() {
    let backend = Backend::new();
    backend.refuse(Some(("\"/bad", "422 Unprocessable Content", "no \u{202e}such\u{9b}2J thing")));
    let sinks = backend.sink("hook", SOON);
    let shop = Shop::start(&sinks);
    let config_file = shop.config();
    shop.visit(&["/1", "/bad1", "/bad2", "/bad3", "/2"]);
    wait_for_status(&config_file, "hook", "three dead letters", |hook| hook["dead"] == 3 && hook["delivered"] == 2);
    let list = |config: &str| inlay(&["sink", "dead", "hook", "--config", config]);
    let text = list(&config_file).out;
    for part in ["shop  /bad1\n", "with status 422: no \\u{202e}such", "/bad3"] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert!(!text.contains(['\u{202e}', '\u{9b}']), "a backend steers no terminal: {text:?}");
    let json = inlay(&["sink", "dead", "hook", "--json", "--config", &config_file]).out;
    assert!(!json.contains('\u{202e}'), "{json}");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let letters = json["dead"].as_array().expect("a list");
    assert_eq!(letters.iter().map(|letter| &letter["path"]).collect::<Vec<_>>(), ["/bad1", "/bad2", "/bad3"]);
    assert_eq!((&letters[0]["status"], &letters[0]["site"]), (&422.into(), &"shop".into()), "{json}");

    backend.refuse(None);
    let (seq, id) = (letters[1]["seq"].to_string(), letters[2]["id"].as_str().expect("an id").to_owned());
    assert_eq!(inlay(&["sink", "retry", "hook", &seq, "--config", &config_file]).code, Some(0));
    wait_for("the one of the seq", || (backend.paths() == ["/1", "/2", "/bad2"]).then_some(()));
    // The backend has it a moment before the ledger knows.
    wait_for_status(&config_file, "hook", "two dead letters", |hook| hook["dead"] == 2);
    let wrong = inlay(&["sink", "retry", "hook", &seq, "--config", &config_file]);
    assert!(wrong.code == Some(2) && wrong.notes.contains("inlay sink dead hook"), "it is none any more: {wrong:?}");
    assert_eq!(inlay(&["sink", "retry", "hook", &id, "--config", &config_file]).code, Some(0));
    wait_for("the one of the id", || (backend.paths().last().is_some_and(|path| path == "/bad3")).then_some(()));
    wait_for_status(&config_file, "hook", "one dead letter", |hook| hook["dead"] == 1);

    // What is left, without a process; the next one finds the order.
    let dir = shop.stop();
    assert!(list(&config(dir.path())).out.contains("/bad1"));
    let retried = inlay(&["sink", "retry", "hook", "--config", &config(dir.path())]);
    assert!(retried.code == Some(0) && retried.notes.contains("when inlay runs"), "{retried:?}");
    assert!(list(&config(dir.path())).out.contains("it is to be tried again"));
    let shop = Shop::start_in(dir, &sinks);
    wait_for("the last one", || (backend.paths().len() == 5).then_some(()));
    wait_for_status(&shop.config(), "hook", "no dead letter", |hook| hook["dead"] == 0 && hook["delivered"] == 5);
    let none = list(&shop.config());
    assert!(none.code == Some(0) && none.out.is_empty() && none.notes.contains("no dead letters"), "{none:?}");
}

#[test]
fn a_replay_sends_from_a_time_on_again_and_counts_what_it_skips_as_given_up() {
    let backend = Backend::new();
    let sinks = backend.sink("hook", SOON);
    let shop = Shop::start(&sinks);
    let config_file = shop.config();
    shop.visit(&["/1", "/2"]);
    wait_for_status(&config_file, "hook", "both", |hook| hook["delivered"] == 2);
    let replayed = inlay(&["sink", "replay", "hook", "--from", "2020-01-01", "--config", &config_file]);
    assert!(replayed.code == Some(0) && replayed.notes.contains("had already"), "{replayed:?}");
    wait_for("both again", || (backend.paths() == ["/1", "/2", "/1", "/2"]).then_some(()));
    let dir = shop.stop();
    let offline = |words: &[&str]| inlay(&[&["sink"], words, &["--config", &config(dir.path())]].concat());
    let replayed = offline(&["replay", "hook", "--from", "start"]);
    assert!(replayed.code == Some(0) && replayed.notes.contains("when inlay runs"), "{replayed:?}");
    assert_eq!(status(&config(dir.path()), "hook")["lag_events"], 2);
    assert_eq!(offline(&["replay", "hook", "--from", "now"]).code, Some(0));
    let told = status(&config(dir.path()), "hook");
    assert_eq!((&told["lag_events"], &told["given_up"]), (&0.into(), &2.into()), "never silently: {told}");
    let ahead = offline(&["replay", "hook", "--from", "2999-01-01"]);
    assert!(ahead.code == Some(2) && ahead.notes.contains("--from lies ahead"), "{ahead:?}");
    let wrong = offline(&["replay", "hook", "--from", "strat"]);
    assert!(wrong.code == Some(2) && wrong.notes.contains("write `start`"), "{wrong:?}");
}

#[test]
fn a_sink_that_is_not_there_is_wrong_use_whoever_tells() {
    let backend = Backend::new();
    let shop = Shop::start(&[backend.sink("hook", SOON), backend.sink("other", SOON)].concat());
    let config_file = shop.config();
    for running in ["with a process", "without"] {
        for words in [
            &["status", "hock"][..],
            &["pause", "hock"],
            &["resume", "hock"],
            &["drain", "hock"],
            &["dead", "hock"],
            &["retry", "hock"],
            &["retry", "hock", "12"],
            &["replay", "hock", "--from", "start"],
        ] {
            let refused = inlay(&[&["sink"], words, &["--config", &config_file]].concat());
            assert_eq!(refused.code, Some(2), "{running}: {words:?}: {refused:?}");
            assert!(refused.notes.contains("did you mean \"hook\"?"), "{running}: {words:?}: {refused:?}");
            assert!(refused.notes.contains("hook, other"), "{running}: {words:?}: {refused:?}");
            assert_eq!(refused.notes.lines().count(), 1, "{running}: {words:?}: {refused:?}");
        }
        shop.proxy.signal("-KILL");
        wait_for("it is gone", || {
            let list = inlay(&["sink", "list", "--config", &config_file]);
            list.out.contains("off").then_some(())
        });
    }
}

#[test]
fn looking_begins_no_ledger_and_every_help_has_an_example() {
    let dir = TempDir::new().expect("a folder");
    let data = dir.path().join("data");
    let data = data.to_str().expect("UTF-8");
    for words in
        [&["list"][..], &["status"], &["pause", "hook"], &["dead", "hook"], &["replay", "hook", "--from", "now"]]
    {
        let refused = inlay(&[&["sink"], words, &["--data", data]].concat());
        assert!(refused.code == Some(1) && refused.notes.contains("there is no ledger"), "{words:?}: {refused:?}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0, "nothing was made");
    for word in ["", "list", "status", "pause", "resume", "drain", "dead", "retry", "replay"] {
        let words: Vec<&str> = ["sink", word, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let help = inlay(&words);
        assert!(help.code == Some(0) && help.out.contains("  inlay sink "), "{word}: {help:?}");
    }
}
