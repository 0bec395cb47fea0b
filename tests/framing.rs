//! What passes through untouched: methods, statuses, bodies, upgrades, and the ways in which connections begin and end.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::support::client::{Client, NAVIGATION, ask, navigate};
use crate::support::memory::{most_resident, resident};
use crate::support::origin::{Origin, answer, read_request};
use crate::support::proxy::{Proxy, before};
use crate::support::wait_for;

const MIB: usize = 1024 * 1024;

#[test]
fn methods_targets_and_bodies_reach_the_origin_as_they_were_sent() {
    let origin = Origin::fixed(answer("200 OK", "text/plain", "", "ok"));
    let proxy = before(&origin.url(), "");
    for (method, target, body) in [
        ("GET", "/a%2Fb/./../c//d?x=%7e&y=[1]&z", ""),
        ("POST", "/form", "a=b&c=d"),
        ("PUT", "/a;v=1", "\u{e9}"),
        ("DELETE", "/a?", ""),
        ("PATCH", "/a", "{}"),
        ("OPTIONS", "*", ""),
        ("PURGE", "/a", ""),
    ] {
        let mut client = Client::new(proxy.addr);
        let length = body.len();
        client.send(format!("{method} {target} HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {length}\r\n\r\n{body}"));
        assert_eq!(client.answer(method).status(), 200, "{method} {target}");
        let seen = origin.last();
        assert_eq!(seen.line, format!("{method} {target} HTTP/1.1"), "the request line");
        assert_eq!(seen.body, body.as_bytes(), "the body of {method}");
    }
}

#[test]
fn statuses_without_a_body_and_repeated_fields_come_as_they_are() {
    for status in ["204 No Content", "304 Not Modified", "418 I'm a teapot", "503 Busy With Tea"] {
        let head = format!("HTTP/1.1 {status}\r\nSet-Cookie: a=1\r\nX-A: 1\r\nSet-Cookie: b=2; Path=/\r\nX-A: 2\r\n");
        let framing = if status.starts_with(['2', '3']) { "" } else { "Content-Length: 3\r\n" };
        let body = if framing.is_empty() { "" } else { "tea" };
        let origin = Origin::fixed(format!("{head}{framing}\r\n{body}"));
        let proxy = before(&origin.url(), "");
        let got = ask(proxy.addr, "GET", "shop.test", "/", "");
        assert_eq!(got.line, format!("HTTP/1.1 {status}"), "status and reason");
        assert_eq!(got.all("set-cookie"), ["a=1", "b=2; Path=/"], "cookies in their order");
        assert_eq!(got.all("x-a"), ["1", "2"], "fields in their order");
        assert_eq!((got.text().as_str(), got.whole), (body, true), "{status}: the body");
    }
}

#[test]
fn an_upload_is_asked_for_with_100_continue_when_the_origin_says_so() {
    let origin = Origin::raw(|stream, _| {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        let mut writer = stream;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if reader.read_exact(&mut byte).is_err() {
                return;
            }
            head.push(byte[0]);
        }
        assert!(String::from_utf8_lossy(&head).to_lowercase().contains("expect: 100-continue"), "Expect is passed on");
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok();
        let mut body = [0; 5];
        reader.read_exact(&mut body).expect("the body comes after the 100");
        writer.write_all(&answer("200 OK", "text/plain", "", "took it")).ok();
    });
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send("POST /up HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert!(client.until("\r\n\r\n").starts_with("HTTP/1.1 100"), "the 100 comes before the body is sent");
    client.send("hello");
    assert_eq!(client.answer("POST").text(), "took it");
}

#[test]
fn pipelined_requests_are_answered_one_after_the_other() {
    let origin = Origin::new(|request, stream| {
        let target = request.target().to_owned();
        stream.write_all(&answer("200 OK", "text/plain", "", &target)).is_ok()
    });
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send((1..=4).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: shop.test\r\n\r\n")).collect::<String>());
    for n in 1..=4 {
        assert_eq!(client.answer("GET").text(), format!("/{n}"), "in order");
    }
}

#[test]
fn a_client_that_closes_its_half_still_gets_its_answer() {
    let origin = Origin::new(|_, stream| {
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(&answer("200 OK", "text/plain", "", "late")).is_ok()
    });
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    client.half_close();
    assert_eq!(client.answer("GET").text(), "late");
}

#[test]
fn an_http_1_0_client_is_answered_in_its_own_version() {
    let origin = Origin::fixed(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send("GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n");
    let got = client.answer("GET");
    assert_eq!((got.header("transfer-encoding"), got.text().as_str()), (None, "abc"), "no chunks: {}", got.line);
    assert!(client.is_closed(), "the end of the connection is the end of the body");
}

#[test]
fn an_http_1_0_client_gets_no_interim_answers_and_needs_no_host() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
    let origin = Origin::fixed(format!("{early}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    let proxy = Proxy::start(&format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{}\"\n", origin.url()));
    let mut client = Client::new(proxy.addr);
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.header().status(), 200, "the first header is the answer's");
    let seen = origin.last();
    assert_eq!(seen.all("host"), [origin.addr.to_string()], "what goes up is HTTP/1.1 and has a Host");
    assert_eq!(seen.header("x-forwarded-host"), None, "nobody named one");
    assert_eq!(seen.header("forwarded"), Some("for=127.0.0.1;proto=http"));
    let mut client = Client::new(proxy.addr);
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    assert_eq!(client.header().status(), 103, "HTTP/1.1 knows them");
}

#[test]
fn http_1_1_without_a_host_is_400() {
    let origin = Origin::fixed(answer("200 OK", "text/plain", "", "ok"));
    let proxy = Proxy::start(&format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{}\"\n", origin.url()));
    let mut client = Client::new(proxy.addr);
    client.send("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(client.answer("GET").status(), 400);
    assert!(origin.requests().is_empty(), "nobody was asked");
}

#[test]
fn an_absolute_form_target_goes_up_in_origin_form() {
    let origin = Origin::fixed(answer("200 OK", "text/plain", "", "ok"));
    let proxy = before(&origin.url(), "");
    let got = ask(proxy.addr, "GET", "shop.test", "http://shop.test/a%2Fb?x=1", "");
    assert_eq!(got.status(), 200);
    let seen = origin.last();
    assert_eq!((seen.line.as_str(), seen.header("host")), ("GET /a%2Fb?x=1 HTTP/1.1", Some("shop.test")));
}

/// Switches protocols and echoes; the origin's end of a WebSocket, as far as bytes go.
fn echoing_origin(protocol: &'static str) -> Origin {
    Origin::raw(move |stream, seen| {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        let mut writer = stream;
        let Some(request) = read_request(&mut reader) else { return };
        seen.lock().expect("unpoisoned").push(request);
        let head = format!("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n");
        writer.write_all(head.as_bytes()).ok();
        let mut bytes = [0; 1024];
        while let Ok(read) = reader.read(&mut bytes) {
            if read == 0 || writer.write_all(&bytes[..read]).is_err() {
                return;
            }
        }
    })
}

#[test]
fn upgrades_of_every_kind_pass_both_ways() {
    for protocol in ["websocket", "my-protocol"] {
        let origin = echoing_origin(protocol);
        let proxy = before(&origin.url(), "");
        let mut client = Client::new(proxy.addr);
        client.send(format!(
            "GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\nSec-WebSocket-Key: eA==\r\n\r\n"
        ));
        let header = client.header();
        assert_eq!(header.status(), 101, "{protocol}: {:?}", header.headers);
        for word in ["<html><head>", "two", "three"] {
            client.send(word);
            assert_eq!(client.until(word), word, "{protocol}: the echo, untouched");
        }
    }
}

#[test]
fn an_idle_tunnel_outlives_the_origins_timeout() {
    let origin = echoing_origin("websocket");
    let proxy = before(&origin.url(), "origin_timeout_secs = 1\n");
    let mut client = Client::new(proxy.addr);
    client.send("GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(client.header().status(), 101);
    std::thread::sleep(Duration::from_millis(2500));
    client.send("still there");
    assert_eq!(client.until("still there"), "still there");
}

#[test]
fn a_tunnel_that_the_origin_resets_gets_no_error_page_and_is_no_fault() {
    let origin = Origin::raw(|mut stream, _| {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        read_request(&mut reader).expect("a request");
        let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello";
        stream.write_all(head.as_bytes()).expect("written");
        reader.read_exact(&mut [0; 3]).expect("the client's word");
        // Closing now is a reset, not an end.
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("an option");
    });
    let mut proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send("GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(client.header().status(), 101);
    assert_eq!(client.until("hello"), "hello");
    client.send("bye");
    assert!(client.is_closed(), "nothing of ours follows in the tunnel");
    wait_for("the end is noted", || proxy.log().iter().any(|line| line.contains("a tunnel ended")).then_some(()));
    let metrics = ask(proxy.admin, "GET", &proxy.admin.to_string(), "/metrics", "").text();
    let faults: Vec<&str> = metrics.lines().filter(|line| line.contains("fault=") && !line.ends_with(" 0")).collect();
    assert!(faults.is_empty(), "no fault of the origin's: {faults:?}");
    proxy.stop();
    let loud: Vec<String> = proxy.log().into_iter().filter(|line| line.contains("\"ERROR\"")).collect();
    assert!(loud.is_empty(), "nothing for the owner to do: {loud:#?}");
}

#[test]
fn an_upgrade_to_another_http_does_not_pass_and_the_request_goes_up_as_any_other() {
    for protocol in ["h2c", "H2C, websocket", "HTTP/2.0", "TLS/1.0, HTTP/1.1"] {
        let origin = Origin::html("<html><head></head></html>");
        let proxy = before(&origin.url(), "");
        let fields = "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nCookie: inlay_x=1\r\n";
        let mut client = Client::new(proxy.addr);
        client.send(format!("GET / HTTP/1.1\r\nHost: shop.test\r\nUpgrade: {protocol}\r\n{fields}{NAVIGATION}\r\n"));
        assert_eq!(client.answer("GET").inlay(), Some("skipped; reason=upgrade"), "{protocol}: it is left alone");
        let seen = origin.last();
        for name in ["upgrade", "http2-settings", "cookie", "connection"] {
            assert_eq!(seen.header(name), None, "{protocol}: {name} stays here");
        }
        assert_eq!(seen.header("x-forwarded-for"), Some("127.0.0.1"), "{protocol}: the origin is told who asks");
    }
}

#[test]
fn a_switch_of_protocols_that_nobody_asked_for_is_502() {
    let origin = Origin::fixed("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    let proxy = before(&origin.url(), "");
    for fields in ["", "Upgrade: h2c\r\n", "Upgrade: websocket\r\n"] {
        assert_eq!(ask(proxy.addr, "GET", "shop.test", "/", fields).status(), 502, "{fields:?}");
    }
}

#[test]
fn a_slow_upload_is_not_cut_by_the_origins_timeout() {
    let origin = Origin::fixed(answer("200 OK", "text/plain", "", "took it"));
    let proxy = before(&origin.url(), "origin_timeout_secs = 1\n");
    for (framing, piece, end) in [
        ("Transfer-Encoding: chunked", "3\r\nabc\r\n".to_owned(), "0\r\n\r\n"),
        ("Content-Length: 40000", "a".repeat(20_000), ""),
    ] {
        let mut client = Client::new(proxy.addr);
        client.send(format!("POST /up HTTP/1.1\r\nHost: shop.test\r\n{framing}\r\n\r\n{piece}"));
        std::thread::sleep(Duration::from_millis(2200));
        client.send(format!("{piece}{end}"));
        assert_eq!(client.answer("POST").text(), "took it", "{framing}");
    }
}

#[test]
fn a_client_that_stalls_its_upload_gets_408_and_the_origin_is_not_blamed() {
    let origin = Origin::fixed(answer("200 OK", "text/plain", "", "took it"));
    let proxy = before(&origin.url(), "origin_timeout_secs = 1\n");
    let mut client = Client::new(proxy.addr);
    client.send("POST /up HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 9\r\n\r\nabc");
    assert_eq!(client.answer("POST").status(), 408);
    let said = |text: &str| proxy.log().iter().any(|line| line.contains(text));
    wait_for("the log tells", || said("client-slow").then_some(()));
    assert!(!said("no answer from the origin"), "{:#?}", proxy.log());
}

#[test]
fn an_origin_that_is_silent_after_the_upload_gets_the_blame() {
    let origin = Origin::new(|_, _| {
        crate::support::origin::silence();
        false
    });
    let proxy = before(&origin.url(), "origin_timeout_secs = 1\n");
    let mut client = Client::new(proxy.addr);
    client.send("POST /up HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(client.answer("POST").status(), 504);
}

#[test]
fn server_sent_events_arrive_one_by_one() {
    let (go, wait) = std::sync::mpsc::sync_channel::<()>(1);
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::new(move |_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n").ok();
        for n in 1..=3 {
            stream.write_all(format!("data: {n}\n\n").as_bytes()).ok();
            wait.lock().expect("unpoisoned").recv().expect("the test's word");
        }
        false
    });
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send("GET /events HTTP/1.1\r\nHost: shop.test\r\nAccept: text/event-stream\r\n\r\n");
    for n in 1..=3 {
        client.until(&format!("data: {n}\n\n"));
        go.send(()).expect("the origin goes on");
    }
}

#[test]
fn a_visitor_who_leaves_a_stream_of_events_is_noticed() {
    let (left, gone) = std::sync::mpsc::sync_channel::<()>(1);
    let origin = Origin::raw(move |mut stream, _| {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        read_request(&mut reader).expect("a request");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n").ok();
        while !matches!(reader.read(&mut [0; 64]), Ok(0) | Err(_)) {}
        left.send(()).ok();
    });
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send("GET /events HTTP/1.1\r\nHost: shop.test\r\nAccept: Text/Event-Stream\r\n\r\n");
    client.until("data: 1\n\n");
    drop(client);
    gone.recv_timeout(crate::support::PATIENCE).expect("the origin learns of it without another event");
}

#[test]
fn an_origin_that_dies_mid_body_ends_in_an_aborted_answer() {
    for head in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let body = if head.starts_with("Content") { "part" } else { "4\r\npart\r\n" };
        let bytes = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{head}\r\n\r\n{body}");
        let origin = Origin::new(move |_, stream| {
            stream.write_all(bytes.as_bytes()).ok();
            false
        });
        let proxy = before(&origin.url(), "");
        let got = ask(proxy.addr, "GET", "shop.test", "/", "");
        assert_eq!((got.text().as_str(), got.whole), ("part", false), "{head}");
    }
}

#[test]
fn both_families_of_addresses_are_listened_on() {
    let origin = Origin::fixed(answer("200 OK", "text/plain", "", "ok"));
    let site = format!("[[site]]\nname = \"shop\"\nhosts = [\"*\"]\norigin = \"{}\"\n", origin.url());
    let dir = std::sync::Arc::new(tempfile::TempDir::new().expect("a folder"));
    let config = dir.path().join("inlay.toml");
    let server = "[server]\nlisten = [\"[::1]:0\"]\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\n";
    std::fs::write(&config, format!("{server}{site}")).expect("written");
    let proxy = Proxy::spawn(crate::support::proxy::binary().arg("run").arg("--config").arg(&config), dir);
    assert!(proxy.addr.is_ipv6(), "listens on {}", proxy.addr);
    assert_eq!(ask(proxy.addr, "GET", "shop.test", "/", "").text(), "ok");
}

const GIB: usize = 1024 * MIB;

#[test]
fn a_page_of_one_gibibyte_passes_within_8_mebibytes() {
    let origin = Origin::new(|_, stream| {
        let start = b"<!doctype html><html><head></head><body>";
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {GIB}\r\n\r\n");
        stream.write_all(head.as_bytes()).ok();
        stream.write_all(start).ok();
        let piece = vec![b'a'; MIB];
        let mut left = GIB - start.len();
        while left > 0 {
            let next = left.min(MIB);
            if stream.write_all(&piece[..next]).is_err() {
                return false;
            }
            left -= next;
        }
        true
    });
    let proxy = before(&origin.url(), "");
    navigate(proxy.addr, "/warm.css", "Range: bytes=0-0\r\n");
    let idle = resident(proxy.pid());
    let (read, most) = most_resident(proxy.pid(), || {
        let mut stream = TcpStream::connect(proxy.addr).expect("a connection");
        stream
            .write_all(format!("GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n{NAVIGATION}\r\n").as_bytes())
            .ok();
        let (mut read, mut piece) = (0, vec![0; MIB]);
        while let Ok(more) = stream.read(&mut piece) {
            if more == 0 {
                break;
            }
            read += more;
        }
        read
    });
    assert!(read > GIB, "the whole page came: {read}");
    let above = most.saturating_sub(idle);
    assert!(above <= 8 * MIB, "{} KiB above idle", above / 1024);
}

#[test]
fn an_upload_of_one_gibibyte_passes_within_8_mebibytes() {
    let origin = Origin::raw(|stream, _| {
        let mut reader = stream.try_clone().expect("a handle");
        let mut writer = stream;
        let (mut read, mut piece) = (0, vec![0; MIB]);
        while read < GIB {
            match reader.read(&mut piece) {
                Ok(more) if more > 0 => read += more,
                _ => return,
            }
        }
        writer.write_all(&answer("200 OK", "text/plain", "", "took it")).ok();
    });
    let proxy = before(&origin.url(), "");
    // What the first request of all allocates is not the upload's.
    assert_eq!(ask(proxy.addr, "GET", "shop.test", "/_inlay/privacy", "").status(), 200);
    let idle = resident(proxy.pid());
    let (text, most) = most_resident(proxy.pid(), || {
        let mut client = Client::new(proxy.addr);
        client.send(format!("POST /up HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {GIB}\r\n\r\n"));
        let piece = vec![b'a'; MIB];
        for _ in 0..1024 {
            if !client.try_send(&piece) {
                break;
            }
        }
        client.answer("POST").text()
    });
    assert_eq!(text, "took it");
    let above = most.saturating_sub(idle);
    assert!(above <= 8 * MIB, "{} KiB above idle", above / 1024);
}

#[test]
fn two_thousand_idle_connections_hold_at_most_48_kilobytes_each_and_nobody_up() {
    const IDLE: usize = 2000;
    let origin = Origin::html("<html><head></head></html>");
    let proxy = before(&origin.url(), "");
    let served = |addr| {
        let mut client = Client::new(addr);
        client.send("GET /_inlay/t.js HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        assert_eq!(client.answer("GET").status(), 200, "each is served once");
        client
    };
    // What is allocated once for all is not the connections'.
    let _warm: Vec<Client> = (0..20).map(|_| served(proxy.addr)).collect();
    let before = resident(proxy.pid());
    let idle: Vec<Client> = (0..IDLE).map(|_| served(proxy.addr)).collect();
    let each = (resident(proxy.pid()) - before) / idle.len();
    assert!(each <= 48_000, "{each} bytes for each idle connection");
    assert_eq!(navigate(proxy.addr, "/", "").inlay(), Some("tagged"), "beside {IDLE} idle ones");
}

#[test]
fn real_nginx_behind_the_proxy_is_passed_on_and_tagged() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let root = dir.path();
    std::fs::write(root.join("page.html"), "<!doctype html><html><head><title>n</title></head><body>n</body></html>")
        .expect("written");
    let at = root.display();
    let conf = format!(
        "master_process off; daemon off; pid {at}/pid; error_log {at}/error.log;\nevents {{}}\nhttp {{ access_log off; \
         types {{ text/html html; }} client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; \
         uwsgi_temp_path {at}/u; scgi_temp_path {at}/s; server {{ listen 127.0.0.1:{port}; root {at}; }} }}\n"
    );
    std::fs::write(root.join("nginx.conf"), conf).expect("written");
    let mut nginx =
        Command::new("nginx").args(["-p", &at.to_string(), "-c", "nginx.conf"]).spawn().expect("nginx runs");
    wait_for("nginx listens", || TcpStream::connect(("127.0.0.1", port)).ok());
    let proxy = before(&format!("http://127.0.0.1:{port}"), "");
    let page = navigate(proxy.addr, "/page.html", "");
    let range = ask(proxy.addr, "GET", "shop.test", "/page.html", "Range: bytes=0-8\r\n");
    let missing = navigate(proxy.addr, "/none", "");
    // Its worker ends with it only where it is told to end.
    Command::new("kill").arg(nginx.id().to_string()).status().and_then(|_| nginx.wait()).expect("nginx is ended");
    assert_eq!((page.inlay(), page.whole), (Some("tagged"), true), "{:?}", page.headers);
    assert_eq!((range.status(), range.text().as_str()), (206, "<!doctype"), "ranges are nginx's");
    assert_eq!((missing.status(), missing.inlay()), (404, Some("skipped; reason=status")));
}

#[test]
fn a_slow_answer_with_a_length_is_not_kept_back() {
    let (go, wait) = std::sync::mpsc::sync_channel::<()>(1);
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::new(move |_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n").ok();
        for piece in ["one", "two"] {
            stream.write_all(piece.as_bytes()).ok();
            wait.lock().expect("unpoisoned").recv().expect("the test's word");
        }
        true
    });
    let proxy = before(&origin.url(), "");
    let mut client = Client::new(proxy.addr);
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    for piece in ["one", "two"] {
        client.until(piece);
        go.send(()).expect("the origin goes on");
    }
}
