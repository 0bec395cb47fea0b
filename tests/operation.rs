//! Starting, stopping, watching: ports, signals, the owner's listener, logs, tokens.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::client::{Client, NAVIGATION, ask, navigate};
use crate::support::origin::{Origin, answer};
use crate::support::proxy::{Proxy, before, binary, stats, without_rights};
use crate::support::wait_for;

const PAGE: &str = "<!doctype html><html><head></head><body></body></html>";

fn site(origin: &Origin) -> String {
    format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{}\"\n", origin.url())
}

/// Runs `inlay run` on this configuration to its end; exit code and standard error.
fn run_to_end(config: &str) -> (Option<i32>, String) {
    let dir = TempDir::new().expect("a folder");
    let file = dir.path().join("inlay.toml");
    std::fs::write(&file, config).expect("written");
    let ended = binary().arg("run").arg("--config").arg(&file).output().expect("it runs");
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn a_busy_port_is_an_error_at_once_and_in_words() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = taken.local_addr().expect("its address");
    let start = Instant::now();
    let server = format!("[server]\nlisten = [\"{addr}\"]\nadmin = \"127.0.0.1:0\"\n");
    let (code, said) = run_to_end(&format!("{server}{}", site(&Origin::html(PAGE))));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&addr.to_string()) && said.contains("another program listens there"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(10), "at once, and not after 30 tries: {:?}", start.elapsed());
}

#[test]
fn a_port_below_1024_without_rights_is_an_error_at_once_and_in_words() {
    let dir = TempDir::new().expect("a folder");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).expect("ours");
    // Of every address, as a network of its own has no other.
    let mut proxy = without_rights();
    proxy.args(["proxy", "http://127.0.0.1:3000", "--listen", "0.0.0.0:80", "--admin", "127.0.0.1:0", "--data"]);
    let ended = proxy.arg(dir.path().join("data")).output().expect("it runs");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("0.0.0.0:80: ports below 1024 need rights: run with CAP_NET_BIND_SERVICE"), "{said}");
}

#[test]
fn a_closed_ledger_is_read_by_who_cannot_write_its_folder_and_an_open_one_is_explained() {
    let proxy_dir = Arc::new(TempDir::new().expect("a folder"));
    let origin = Origin::html(PAGE);
    let mut proxy = Proxy::start_in(proxy_dir, "", &site(&origin));
    navigate(proxy.addr, "/", "");
    proxy.stats_with_views(1);
    let data = proxy.data();
    let readable = |mode: u32| {
        for entry in std::fs::read_dir(&data).expect("the folder").filter_map(Result::ok) {
            std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o444)).expect("ours");
        }
        for folder in [data.as_path(), data.parent().expect("a folder")] {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).expect("ours");
        }
    };
    let read = || without_rights().args(["stats", "--json", "--data"]).arg(&data).output().expect("it runs");
    proxy.signal("-KILL");
    proxy.wait();
    std::fs::remove_file(data.join("ledger.db-shm")).expect("the log's index is made anew");
    readable(0o555);
    let refused = read();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("ledger.db was not closed") && said.lines().count() == 1, "{said}");
    readable(0o755);
    std::fs::set_permissions(data.join("ledger.db"), std::fs::Permissions::from_mode(0o644)).expect("ours");
    std::fs::set_permissions(data.join("ledger.db-wal"), std::fs::Permissions::from_mode(0o644)).expect("ours");
    std::fs::set_permissions(data.join("ledger.lock"), std::fs::Permissions::from_mode(0o644)).expect("ours");
    assert_eq!(Proxy::start_in(proxy.dir.clone(), "", &site(&origin)).stop(), Some(0), "the log is taken in");
    readable(0o555);
    let read = read();
    let said = String::from_utf8_lossy(&read.stderr).into_owned();
    let stats: serde_json::Value = serde_json::from_slice(&read.stdout).expect(&said);
    assert_eq!(stats["views"], 1, "all of it is in the file");
    readable(0o755);
}

#[test]
fn a_busy_port_of_the_demo_names_the_flag_for_another() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = taken.local_addr().expect("its address").to_string();
    let dir = TempDir::new().expect("a folder");
    for (flag, other) in [("--listen", "--admin"), ("--admin", "--listen")] {
        let mut demo = binary();
        let demo = demo.args(["demo", flag, &addr, other, "127.0.0.1:0", "--data"]).arg(dir.path().join("demo"));
        let said = String::from_utf8_lossy(&demo.output().expect("it runs").stderr).into_owned();
        assert!(said.contains(&format!("choose another address: inlay demo {flag} 127.0.0.1:")), "{said}");
        assert_eq!(said.matches("another program listens there").count(), 1, "once: {said}");
    }
}

#[test]
fn a_demo_whose_output_nobody_reads_goes_on_and_ends_cleanly() {
    let dir = TempDir::new().expect("a folder");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let mut demo = binary();
    demo.args(["demo", "--listen", &free.to_string(), "--admin", "127.0.0.1:0", "--data"]).arg(dir.path().join("demo"));
    let mut child = demo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    wait_for("the shop is there", || std::net::TcpStream::connect(free).ok());
    navigate(free, "/", "");
    wait_for("the view is durable", || stats(&dir.path().join("demo")).filter(|stats| stats["views"] == 1));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    let ended = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success() && !said.contains("panicked"), "{said}");
}

#[test]
fn a_proxy_whose_log_nobody_reads_serves_on() {
    let dir = TempDir::new().expect("a folder");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let origin = Origin::html(PAGE);
    let mut proxy = binary();
    proxy.args(["proxy", &origin.url(), "--listen", &free.to_string(), "--admin", "127.0.0.1:0", "--data"]);
    let proxy = proxy.arg(dir.path().join("data")).env("INLAY_LOG", "trace");
    let mut child = proxy.stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stderr.take());
    wait_for("it is there", || std::net::TcpStream::connect(free).ok());
    assert_eq!(navigate(free, "/", "").inlay(), Some("tagged"));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_wrong_configuration_is_refused_with_the_words_of_check_before_any_port_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let config = format!("[server]\nlisten = [\"{}\"]\nlissten = 1\n", taken.local_addr().expect("its address"));
    let (code, said) = run_to_end(&config);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("inlay.toml:3:1") && said.contains("listen"), "place and nearest key: {said}");
    assert!(!said.contains("another program"), "no port was tried: {said}");
}

#[test]
fn an_idle_program_stops_at_once_on_either_signal() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let origin = Origin::html(PAGE);
        let mut proxy = before(&origin.url(), "");
        let mut kept = Client::new(proxy.addr);
        kept.send(format!("GET / HTTP/1.1\r\nHost: shop.test\r\n{NAVIGATION}\r\n"));
        assert_eq!(kept.answer("GET").inlay(), Some("tagged"));
        let start = Instant::now();
        proxy.signal(signal);
        assert_eq!(proxy.wait(), Some(0), "{signal}: {:#?}", proxy.log());
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{signal}: not the 10 s of drain_secs: {:?}",
            start.elapsed()
        );
        assert!(kept.is_closed(), "{signal}: the idle connection is closed");
        assert_eq!(stats(&proxy.data()).expect("statistics")["views"], 1, "{signal}: nothing is lost");
    }
}

#[test]
fn what_is_in_hand_is_finished_while_new_connections_are_refused() {
    let (go, wait) = std::sync::mpsc::sync_channel::<()>(1);
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::new(move |_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\none").ok();
        wait.lock().expect("unpoisoned").recv().expect("the test's word");
        stream.write_all(b"two").is_ok()
    });
    let mut proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    client.until("one");
    proxy.signal("-TERM");
    wait_for("the listener closes", || std::net::TcpStream::connect(proxy.addr).is_err().then_some(()));
    let ready = ask(proxy.admin, "GET", &proxy.admin.to_string(), "/ready", "");
    assert_eq!(ready.status(), 503, "/ready says that it stops: {}", ready.text());
    go.send(()).expect("the origin goes on");
    client.until("two");
    assert_eq!(proxy.wait(), Some(0));
}

#[test]
fn a_signal_that_comes_twice_at_once_still_drains_and_one_that_comes_later_cuts() {
    for later in [false, true] {
        let (go, wait) = std::sync::mpsc::sync_channel::<()>(1);
        let wait = std::sync::Mutex::new(wait);
        let origin = Origin::new(move |_, stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\none").ok();
            wait.lock().expect("unpoisoned").recv().ok();
            stream.write_all(b"two").is_ok()
        });
        let mut proxy = before(&origin.url(), "");
        let mut client = Client::new(proxy.addr);
        client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        client.until("one");
        for signal in ["-TERM", "-TERM", "-INT", "-HUP"] {
            proxy.signal(signal);
        }
        std::thread::sleep(Duration::from_millis(1200));
        proxy.signal("-HUP");
        let said = |text: &str| proxy.log().iter().any(|line| line.contains(text));
        assert!(said("the listeners close") && !said("are cut"), "several signals are one wish: {:#?}", proxy.log());
        if later {
            proxy.signal("-TERM");
            wait_for("it is told twice", || proxy.log().iter().any(|line| line.contains("told twice")).then_some(()));
            assert!(client.is_closed(), "the answer is cut");
        } else {
            go.send(()).expect("the origin goes on");
            client.until("two");
        }
        assert_eq!(proxy.wait(), Some(0), "later = {later}: {:#?}", proxy.log());
    }
}

#[test]
fn what_does_not_finish_is_cut_when_drain_secs_are_over() {
    let origin = Origin::new(|_, _| {
        crate::support::origin::silence();
        false
    });
    let dir = Arc::new(TempDir::new().expect("a folder"));
    let config = dir.path().join("inlay.toml");
    let server = "[server]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\ndrain_secs = 1\n";
    std::fs::write(&config, format!("{server}{}", site(&origin))).expect("written");
    let mut proxy = Proxy::spawn(binary().arg("run").arg("--config").arg(&config), dir);
    let mut client = Client::new(proxy.addr);
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    wait_for("the origin is asked", || (!origin.requests().is_empty()).then_some(()));
    let start = Instant::now();
    proxy.signal("-TERM");
    assert_eq!(proxy.wait(), Some(0));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(8), "drain_secs and not more: {took:?}");
}

#[test]
fn a_page_that_is_cut_by_the_stop_is_a_view_all_the_same() {
    let origin = Origin::new(|_, stream| {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<!doctype html><html><head>";
        stream.write_all(head.as_bytes()).ok();
        crate::support::origin::silence();
        false
    });
    let dir = Arc::new(TempDir::new().expect("a folder"));
    let mut proxy = Proxy::start_in(dir, "", &site(&origin));
    let mut client = Client::new(proxy.addr);
    client.send(format!("GET /cut HTTP/1.1\r\nHost: shop.test\r\n{NAVIGATION}\r\n"));
    client.until("<head>");
    proxy.signal("-TERM");
    std::thread::sleep(Duration::from_millis(1200));
    proxy.signal("-TERM");
    assert_eq!(proxy.wait(), Some(0), "{:#?}", proxy.log());
    assert_eq!(stats(&proxy.data()).expect("statistics")["views"], 1, "its header was written");
}

#[test]
fn certificates_of_the_system_that_cannot_be_read_are_an_error_in_words() {
    let dir = TempDir::new().expect("a folder");
    let (config, roots) = (dir.path().join("inlay.toml"), dir.path().join("roots.pem"));
    let server = "[server]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n";
    std::fs::write(&config, format!("{server}{}", site(&Origin::html(PAGE)))).expect("written");
    std::fs::write(&roots, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
    let mut command = binary();
    command.env("SSL_CERT_FILE", &roots).arg("run").arg("--config").arg(&config);
    let ended = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("SSL_CERT_FILE") && !said.contains("panicked"), "{said}");
}

#[test]
fn a_second_process_is_told_who_holds_the_ledger() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    let data = proxy.data();
    let mut second = binary();
    second
        .arg("proxy")
        .arg(origin.url())
        .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"])
        .arg(&data);
    let second = second.output().expect("it runs");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("in use by") && said.contains(&proxy.pid().to_string()), "the holder is named: {said}");
}

#[test]
fn the_owners_listener_tells_life_readiness_and_metrics() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    navigate(proxy.addr, "/", "");
    proxy.stats_with_views(1);
    let host = proxy.admin.to_string();
    let get = |path: &str| ask(proxy.admin, "GET", &host, path, "");
    assert_eq!(get("/live").status(), 200);
    assert_eq!(get("/ready").status(), 200);
    let metrics = get("/metrics").text();
    for line in ["inlay_pages_total{site=\"shop\",outcome=\"tagged\"} 1", "inlay_events_committed_total 1"] {
        assert!(metrics.contains(line), "{line} is in:\n{metrics}");
    }
    let page = ask(proxy.admin, "GET", &host, "/", "Accept: text/html\r\n");
    assert!(page.text().contains("<svg"), "the owner's page has its graph");
    assert_eq!(ask(proxy.admin, "GET", "evil.test", "/", "").status(), 421, "a name that is not ours");
}

#[test]
fn a_token_closes_the_owners_page_at_once_and_opens_it_to_its_bearer() {
    let origin = Origin::html(PAGE);
    let proxy = before(&origin.url(), "");
    let host = proxy.admin.to_string();
    let page = |more: &str| ask(proxy.admin, "GET", &host, "/", more).status();
    assert_eq!(page(""), 200, "on loopback and without a token it is open");
    let token =
        |args: &[&str]| binary().arg("token").args(args).arg("--data").arg(proxy.data()).output().expect("it runs");
    let made = String::from_utf8_lossy(&token(&["create", "--name", "me"]).stdout).into_owned();
    let secret = made.lines().last().expect("the token is printed last");
    let bearer = format!("Authorization: Bearer {secret}\r\n");
    assert_eq!((page(""), page(&bearer)), (401, 200), "in force at once");
    assert!(String::from_utf8_lossy(&token(&["list"]).stdout).contains("me"), "it is listed");
    token(&["revoke", "me"]);
    assert_eq!(page(&bearer), 401, "void at once");
}

#[test]
fn the_access_log_is_off_unless_asked_for_and_free_of_addresses_and_queries() {
    let origin = Origin::fixed(answer("200 OK", "text/plain", "", "ok"));
    for (server, lines) in [("", 0), ("access_log = true", 1)] {
        let dir = Arc::new(TempDir::new().expect("a folder"));
        let mut proxy = Proxy::start_in(dir, server, &site(&origin));
        ask(proxy.addr, "GET", "shop.test", "/seen?secret=1", "User-Agent: secret-agent\r\n");
        proxy.stop();
        let log = proxy.log();
        let seen = log.iter().filter(|line| line.contains("/seen")).count();
        assert_eq!(seen, lines, "{server:?}: {log:#?}");
        assert!(!log.iter().any(|line| line.contains("secret")), "{server:?}: no query, no agent: {log:#?}");
    }
}

#[test]
fn a_client_that_goes_away_is_no_error_of_ours() {
    let origin = Origin::new(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 90000000\r\n\r\n";
        stream.write_all(head.as_bytes()).ok();
        while stream.write_all(&[b'a'; 65536]).is_ok() {}
        false
    });
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send(format!("GET / HTTP/1.1\r\nHost: shop.test\r\n{NAVIGATION}\r\n"));
    client.until("aaaa");
    drop(client);
    wait_for("it is noticed", || proxy.log().iter().any(|line| line.contains("went away")).then_some(()));
    let loud: Vec<String> =
        proxy.log().into_iter().filter(|line| line.contains("\"ERROR\"") || line.contains("\"WARN\"")).collect();
    assert!(loud.is_empty(), "nothing for the owner to do: {loud:#?}");
}

#[test]
fn the_demo_shows_its_addresses_counts_a_view_fills_its_sink_and_finds_both_at_the_second_start() {
    let dir = TempDir::new().expect("a folder");
    let port =
        |_| TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").to_string();
    for round in 1..=2 {
        let (listen, admin) = (port(0), port(1));
        let mut demo = binary();
        demo.args(["demo", "--listen", &listen, "--admin", &admin, "--data"]).arg(dir.path().join("demo"));
        let mut child = demo.stdout(std::process::Stdio::piped()).spawn().expect("it runs");
        let lines = lines_of(&mut child);
        let addr = listen.parse().expect("an address");
        wait_for("the shop is there", || std::net::TcpStream::connect(addr).ok());
        for path in ["/", "/search?q=tea", "/help", "/slow", "/lost"] {
            let page = navigate(addr, path, "");
            assert_eq!(page.inlay(), Some("tagged"), "{path}");
        }
        let views = 5 * round;
        wait_for("the views are durable", || stats(&dir.path().join("demo")).filter(|stats| stats["views"] == views));
        let filled = format!("archive: {views} events written");
        wait_for("the sink fills", || lines.lock().expect("unpoisoned").contains(&filled).then_some(()));
        assert!(
            std::process::Command::new("kill")
                .args(["-INT", &child.id().to_string()])
                .status()
                .expect("kill")
                .success()
        );
        let ended = child.wait().expect("it ends");
        let said = wait_for("its last word", || {
            let said = lines.lock().expect("unpoisoned").join("\n");
            said.contains("inlay sink status").then_some(said)
        });
        assert!(ended.success(), "a clean end: {said}");
        for part in
            [&format!("http://{listen}/slow"), &format!("http://{admin}/"), "view  200  /help", "view  404  /lost"]
        {
            assert!(said.contains(part), "{part:?} is in {said}");
        }
        assert!(said.contains("5 views were recorded"), "the summary: {said}");
        let events = dir.path().join("demo/events");
        assert!(said.contains(&format!("tail -F {}/*.ndjson", events.display())), "how to watch it: {said}");
        let told = said.lines().filter(|line| line.starts_with("archive: ")).count();
        assert!(told >= 2, "now and then, and at the end: {said}");
        assert_eq!(events_in(&events), views, "each once");
        assert_eq!(said.matches("view  200  /help").count(), 1, "one line for each view: {said}");
    }
}

/// The lines that a process prints, as they come.
fn lines_of(child: &mut std::process::Child) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (printed, keep) = (BufReader::new(child.stdout.take().expect("its output")), lines.clone());
    std::thread::spawn(move || {
        for line in printed.lines().map_while(Result::ok) {
            keep.lock().expect("unpoisoned").push(line);
        }
    });
    lines
}

/// How many events lie in the files of a folder, the growing one and closed ones.
fn events_in(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let seen = files.filter(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
    let count = |path: std::path::PathBuf| {
        let file = std::fs::File::open(&path).expect("it is there");
        let is_closed = path.extension().is_some_and(|extension| extension == "gz");
        let reader: Box<dyn std::io::Read> =
            if is_closed { Box::new(flate2::read::GzDecoder::new(file)) } else { Box::new(file) };
        BufReader::new(reader)
            .lines()
            .map(|line| line.expect("text"))
            .filter(|line| line.starts_with("{\"v\":1,"))
            .count()
    };
    seen.map(count).sum::<usize>() as u64
}
