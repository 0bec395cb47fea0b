//! `inlay export`: what comes out, of which time and site, beside a process; and how little memory a large ledger takes.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use super::{PAGE, Shop, inlay};
use crate::support::client::{NAVIGATION, ask};

use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, binary};

const DAY_MS: i64 = 86_400_000;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn paths(text: &str) -> Vec<String> {
    lines(text).iter().map(|event| event["path"].as_str().expect("a path").to_owned()).collect()
}

#[test]
fn events_come_out_as_sinks_get_them_beside_a_running_process() {
    let shop = Shop::start("");
    shop.visit(&["/1", "/=2"]);
    shop.proxy.stats_with_views(2);
    let config = shop.config();
    let ndjson = inlay(&["export", "--format", "ndjson", "--config", &config]);
    assert_eq!((ndjson.code, ndjson.notes.as_str()), (Some(0), ""), "{ndjson:?}");
    assert_eq!(paths(&ndjson.out), ["/1", "/=2"]);
    let event = &lines(&ndjson.out)[0];
    assert_eq!((&event["v"], &event["site"], &event["kind"]), (&1.into(), &"shop".into(), &"view".into()), "{event}");
    let csv = inlay(&["export", "--format", "csv", "--config", &config]);
    let rows: Vec<&str> = csv.out.lines().collect();
    assert!(rows[0].starts_with("v,id,ts,site,kind,source,") && rows.len() == 3, "{csv:?}");
    assert!(rows[1].contains(event["id"].as_str().expect("an id")) && rows[1].contains(",/1,"), "{csv:?}");

    let file = shop.proxy.dir.path().join("events.csv");
    let to_file =
        || inlay(&["export", "--format", "csv", "--config", &config, "--output", file.to_str().expect("UTF-8")]);
    let written = to_file();
    assert!(written.code == Some(0) && written.out.is_empty(), "{written:?}");
    assert!(written.notes.contains("2 events written to"), "{written:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), csv.out);
    assert_eq!(
        file.metadata().expect("it is there").permissions().mode() & 0o777,
        0o600,
        "personal, so its owner's alone"
    );
    let again = to_file();
    assert!(again.code == Some(1) && again.notes.contains("is there already"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), csv.out, "and as it was");
}

#[test]
fn a_time_and_sites_are_what_comes_out_and_wrong_ones_are_wrong_use() {
    let origin = Origin::html(PAGE);
    let site =
        |name: &str| format!("[[site]]\nname = \"{name}\"\nhosts = [\"{name}.test\"]\norigin = \"{}\"\n", origin.url());
    let mut proxy = Proxy::start(&[site("shop"), site("blog"), site("docs")].concat());
    for (host, path) in
        [("shop.test", "/old"), ("shop.test", "/recent"), ("blog.test", "/blog"), ("docs.test", "/docs")]
    {
        assert_eq!(ask(proxy.addr, "GET", host, path, NAVIGATION).status(), 200);
    }
    proxy.stats_with_views(4);
    assert_eq!(proxy.stop(), Some(0));
    let ledger = Connection::open(proxy.data().join("ledger.db")).expect("a ledger");
    let now_ms: i64 = ledger.query_row("SELECT max(ts) FROM events", [], |row| row.get(0)).expect("a time");
    move_to(&ledger, "/old", now_ms - 20 * DAY_MS);
    move_to(&ledger, "/recent", now_ms - 5 * DAY_MS);
    drop(ledger);
    let config = super::config(proxy.dir.path());
    let export = |words: &[&str]| inlay(&[&["export", "--format", "ndjson", "--config", &config], words].concat());
    let day = |days: i64| {
        let at = jiff::Timestamp::from_millisecond(now_ms - days * DAY_MS).expect("a time");
        jiff::tz::Offset::UTC.to_datetime(at).date().to_string()
    };
    let set = |words: &[&str]| paths(&export(words).out).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(set(&[]), ["/blog", "/docs", "/old", "/recent"].map(str::to_owned).into());
    assert_eq!(set(&["--from", &day(10)]), ["/blog", "/docs", "/recent"].map(str::to_owned).into());
    assert_eq!(set(&["--from", &day(10), "--to", &day(1)]), ["/recent"].map(str::to_owned).into());
    assert_eq!(set(&["--to", &day(20)]), BTreeSet::new(), "the day of --to is not among them");
    assert_eq!(set(&["--to", &day(19)]), ["/old"].map(str::to_owned).into());
    assert_eq!(set(&["--site", "blog", "--site", "docs"]), ["/blog", "/docs"].map(str::to_owned).into());

    let wrong = export(&["--site", "blogg"]);
    assert!(wrong.code == Some(2) && wrong.notes.contains("did you mean `blog`?"), "{wrong:?}");
    for words in [&["--from", "2026-13-01"][..], &["--to", "now"], &["--from", &day(1), "--to", &day(2)]] {
        let wrong = export(words);
        assert!(wrong.code == Some(2) && wrong.out.is_empty(), "{words:?}: {wrong:?}");
    }
    assert_eq!(inlay(&["export", "--config", &config]).code, Some(2), "a format has to be said");
    let help = inlay(&["export", "--help"]);
    assert!(help.out.contains("  inlay export --config"), "{help:?}");
}

/// Gives the event of this path another time, and the hour of that time its span.
fn move_to(ledger: &Connection, path: &str, ts_ms: i64) {
    assert_eq!(ledger.execute("UPDATE events SET ts = ?1 WHERE path = ?2", (ts_ms, path)).expect("writable"), 1);
    let span = "INSERT INTO spans(hour, first_seq, last_seq) SELECT ts / 3600000, seq, seq FROM events WHERE path = ?1";
    assert_eq!(ledger.execute(span, [path]).expect("writable"), 1);
}

#[test]
fn what_has_expired_does_not_come_out_though_its_row_is_there_still() {
    let shop = Shop::start("");
    shop.visit(&["/1", "/2"]);
    shop.proxy.stats_with_views(2);
    let dir = shop.stop();
    let ledger = Connection::open(dir.path().join("data/ledger.db")).expect("a ledger");
    move_to(&ledger, "/1", 1_000_000_000_000);
    drop(ledger);
    let export = inlay(&["export", "--format", "ndjson", "--config", &super::config(dir.path())]);
    assert_eq!(paths(&export.out), ["/2"], "{export:?}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure_and_no_ledger_is_one() {
    let (dir, _) = filled(50_000);
    let mut export = export(dir.path());
    let mut lines = BufReader::new(export.stdout.take().expect("its output")).lines();
    assert!(lines.next().is_some_and(|line| line.is_ok_and(|line| line.starts_with("{\"v\":1"))));
    drop(lines);
    let ended = export.wait_with_output().expect("it ends");
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    let nowhere = TempDir::new().expect("a folder");
    let none = inlay(&["export", "--format", "csv", "--data", nowhere.path().to_str().expect("UTF-8")]);
    assert!(none.code == Some(1) && none.out.is_empty() && none.notes.contains("there is no ledger"), "{none:?}");
}

#[test]
fn a_large_ledger_is_exported_in_little_memory() {
    const ROWS: usize = 200_000;
    let (dir, bytes) = filled(ROWS);
    let mut export = export(dir.path());
    let mut lines = BufReader::new(export.stdout.take().expect("its output")).lines();
    let mut length = 0;
    for line in lines.by_ref().take(ROWS - 2_000) {
        length += line.expect("a line").len() + 1;
    }
    // It cannot have ended: what it has still to say is more than a pipe takes.
    let status = std::fs::read_to_string(format!("/proc/{}/status", export.id())).expect("it runs");
    let highest = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("how much memory it had");
    let highest: usize = highest.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(length > bytes / 2 && length > 40_000_000, "much has gone through: {length}");
    assert!(highest < 32_000, "{highest} kB of memory for {length} bytes");
    assert_eq!(lines.count(), 2_000, "all of it");
    assert!(export.wait().expect("it ends").success());
}

fn export(dir: &Path) -> std::process::Child {
    let mut command: Command = binary();
    command.args(["export", "--format", "ndjson", "--data"]).arg(dir.join("data"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
}

/// A ledger with so many events, all of the last hour's; and about how many bytes they have.
fn filled(rows: usize) -> (std::sync::Arc<TempDir>, usize) {
    let shop = Shop::start("");
    shop.visit(&["/1"]);
    shop.proxy.stats_with_views(1);
    let dir = shop.stop();
    let ledger = Connection::open(dir.path().join("data/ledger.db")).expect("a ledger");
    let more = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO events(seq, id, ts, site, kind, source, view_id, host, path, status)
        SELECT seq + i, randomblob(16), ts, site, kind, source, randomblob(16), host, '/a/path/of/some/length/' || i, status
        FROM n, events WHERE path = '/1'";
    assert_eq!(ledger.execute(more, [(rows - 1) as i64]).expect("writable"), rows - 1);
    ledger
        .execute_batch(
            "UPDATE spans SET last_seq = (SELECT max(seq) FROM events);
        UPDATE state SET value = (SELECT max(seq) FROM events) WHERE name = 'last_seq'",
        )
        .expect("writable");
    (dir, rows * 250)
}
