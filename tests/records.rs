//! What is recorded, when it is durable, and what `inlay stats` tells of it.

use std::io::Write;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::client::{Client, NAVIGATION, ask, navigate};
use crate::support::origin::{Origin, answer, html};
use crate::support::proxy::{Proxy, before, stats};
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head></head><body></body></html>";
const FIREFOX: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n";

fn open(proxy: &Proxy) -> Connection {
    Connection::open_with_flags(proxy.data().join("ledger.db"), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("a ledger")
}

#[test]
fn a_view_has_the_fields_that_the_exchange_tells_and_no_others() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "keep_query = [\"q\", \"page\"]\n");
    let more = format!(
        "{FIREFOX}Referer: https://user:pw@news.example/x?secret=1#f\r\nAccept-Language: de-CH, en;q=0.5\r\nX-Forwarded-For: 198.51.100.77\r\n"
    );
    let page = navigate(proxy.addr, "/p/1?page=2&utm_source=nl&utm_campaign=may+sale&q=tea&gclid=SECRET", &more);
    proxy.stats_with_views(1);
    let row = open(&proxy).query_row(
        "SELECT path, host, status, referrer, referrer_host, utm_source, utm_campaign, language, bot, hex(view_id) FROM events",
        [],
        |row| (0..10).map(|at| row.get::<_, Option<rusqlite::types::Value>>(at)).collect::<Result<Vec<_>, _>>(),
    );
    let text = |value: &str| Some(rusqlite::types::Value::Text(value.to_owned()));
    let expected = vec![
        text("/p/1?q=tea&page=2"),
        text("shop.test"),
        Some(rusqlite::types::Value::Integer(200)),
        text("https://news.example/x"),
        text("news.example"),
        text("nl"),
        text("may sale"),
        text("de"),
        None,
        text(&page.view_id().expect("an id").to_uppercase()),
    ];
    assert_eq!(row.expect("one row"), expected, "the event");
    let files = ["ledger.db", "ledger.db-wal"].map(|name| std::fs::read(proxy.data().join(name)).unwrap_or_default());
    for secret in ["198.51.100.77", "SECRET", "secret", "Firefox", "user:pw"] {
        let found = files.iter().any(|bytes| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        assert!(!found, "{secret} is stored nowhere");
    }
}

#[test]
fn bots_stand_apart_and_what_is_no_view_is_none() {
    let origin = Origin::new(|request, stream| {
        let status = if request.target() == "/gone" { "410 Gone" } else { "200 OK" };
        stream.write_all(&answer(status, "text/html", "Cache-Control: no-cache\r\n", PAGE)).is_ok()
    });
    let proxy = before(&origin.url(), "");
    navigate(proxy.addr, "/a", FIREFOX);
    navigate(proxy.addr, "/gone", FIREFOX);
    navigate(
        proxy.addr,
        "/a",
        "User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)\r\n",
    );
    navigate(proxy.addr, "/a", "Sec-Purpose: prefetch\r\n");
    navigate(proxy.addr, "/a", "Cookie: inlay_optout=1\r\n");
    ask(proxy.addr, "GET", "shop.test", "/a", "Accept: */*\r\n");
    let stats = wait_for("all of it in the statistics", || {
        stats(&proxy.data()).filter(|stats| stats["views"] == 2 && stats["bot_views"] == 1)
    });
    let count = |table: &str, value: &str| {
        let rows = stats[table].as_array().cloned().unwrap_or_default();
        rows.iter().find(|row| row["value"] == value).and_then(|row| row["count"].as_u64())
    };
    assert_eq!(count("pages", "/a"), Some(1), "people's views of a page: {stats}");
    assert_eq!(count("pages", "/gone"), None, "what is gone counts under its status");
    assert_eq!((count("statuses", "200"), count("statuses", "410")), (Some(1), Some(1)));
    assert_eq!(count("outcomes", "opt-out"), Some(1), "the opted-out page is counted, and no more");
    assert_eq!(count("outcomes", "not-document"), Some(1));
    assert_eq!(count("outcomes", "tagged"), Some(4), "people, the bot and the prefetch: {stats}");
}

#[test]
fn one_view_and_then_silence_is_durable_within_200_ms() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    let conn = open(&proxy);
    let rows = |conn: &Connection| conn.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).ok();
    // What a reader sees is synced. The best of some counts: the others had to wait for a machine that is busy with more.
    let times = (1..=10).map(|view| {
        navigate(proxy.addr, "/", "");
        let answered = Instant::now();
        wait_for("the row", || rows(&conn).filter(|rows| *rows == view));
        answered.elapsed()
    });
    let times: Vec<Duration> = times.collect();
    assert!(times.iter().min() <= Some(&Duration::from_millis(200)), "from an answer's end to the disk: {times:?}");
}

#[test]
fn a_stop_empties_every_buffer() {
    let origin = Origin::html(PAGE);
    let mut proxy = before(&origin.url(), "");
    for n in 0..50 {
        navigate(proxy.addr, &format!("/{n}"), "");
    }
    assert_eq!(proxy.stop(), Some(0), "a clean end: {:#?}", proxy.log());
    assert_eq!(stats(&proxy.data()).expect("statistics")["views"], 50);
}

#[test]
fn killed_ten_times_under_load_rows_counts_and_stats_agree() {
    let origin = Origin::fixed(html(PAGE));
    let dir = std::sync::Arc::new(tempfile::TempDir::new().expect("a folder"));
    let sites = format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{}\"\n", origin.url());
    for round in 0..10 {
        let mut proxy = Proxy::start_in(dir.clone(), "", &sites);
        let addr = proxy.addr;
        let load: Vec<_> = (0..4)
            .map(|worker| {
                std::thread::spawn(move || {
                    let mut client = Client::new(addr);
                    for n in 0..100_000 {
                        let request =
                            format!("GET /{worker}/{} HTTP/1.1\r\nHost: shop.test\r\n{NAVIGATION}\r\n", n % 50);
                        if !client.try_send(request.as_bytes()) || !client.took_an_answer() {
                            return;
                        }
                    }
                })
            })
            .collect();
        let conn = open(&proxy);
        let rows = |conn: &Connection| {
            conn.query_row("SELECT max(seq) FROM events", [], |row| row.get::<_, Option<i64>>(0)).ok().flatten()
        };
        let before = rows(&conn).unwrap_or(0);
        wait_for("commits under load", || rows(&conn).filter(|rows| *rows > before + 20 + round * 7));
        proxy.signal("-KILL");
        proxy.wait();
        load.into_iter().for_each(|worker| worker.join().expect("a worker ends"));
    }
    let proxy = Proxy::start_in(dir, "", &sites);
    let conn = open(&proxy);
    let one = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
    let rows = one("SELECT count(*) FROM events");
    assert!(rows > 200, "there was load: {rows} rows");
    assert_eq!(one("SELECT count(DISTINCT id) FROM events"), rows, "no event twice");
    assert_eq!(one("SELECT sum(views) + sum(bots) FROM hours"), rows, "the hours");
    let stats = stats(&proxy.data()).expect("statistics");
    assert_eq!(stats["views"].as_i64(), Some(rows), "inlay stats: {}", stats["views"]);
}

#[test]
fn stats_say_a_clear_sentence_while_there_is_nothing() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let none = crate::support::proxy::binary().args(["stats", "--data"]).arg(dir.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(!none.status.success() && said.contains("ledger"), "no ledger yet: {said}");
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    let empty = crate::support::proxy::binary().args(["stats", "--data"]).arg(proxy.data()).output().expect("it runs");
    let said = String::from_utf8_lossy(&empty.stdout).into_owned();
    assert!(empty.status.success() && said.to_lowercase().contains("nothing"), "nothing yet: {said}");
}
