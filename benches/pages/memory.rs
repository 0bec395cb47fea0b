//! Memory: what an idle connection holds, and what a page of 1 GiB needs beyond that.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::load::Client;
use super::process::wait_for;
use super::servers::{BARE, INLAY_TAG, Server, inlay, origin, start_bare};

const CONNECTIONS: u64 = 4_000;
const CONNECTION_BUDGET: u64 = 24_000;
const GIB: u64 = 1 << 30;
const PAGE_BUDGET: u64 = 8 << 20;

/// Measures both and prints them.
pub fn measure() {
    println!();
    idle_connections();
    large_page();
}

fn idle_connections() {
    let dir = TempDir::new().expect("a folder");
    let (origin, _origin) = origin(dir.path());
    let bare = each_idle(&start_bare(origin));
    let ours = each_idle(&inlay(INLAY_TAG, &dir.path().join("tag"), origin, true));
    let word = if ours <= CONNECTION_BUDGET { "kept" } else { "NOT KEPT" };
    println!(
        "budget {word}: an idle connection that had a page: {ours} bytes, at most {CONNECTION_BUDGET} ({BARE}: {bare})"
    );
}

/// Bytes of resident memory for each of many connections that had a page and are idle now.
fn each_idle(server: &Server) -> u64 {
    wait_for(server.addr);
    // The allocator and the pools have taken what they take for a busy proxy before it is counted.
    for _ in 0..100 {
        Client::new(server.addr).get("24k.html");
    }
    let before = server.process.settled();
    let idle: Vec<Client> = (0..CONNECTIONS)
        .map(|_| {
            let mut client = Client::new(server.addr);
            client.get("24k.html");
            client
        })
        .collect();
    server.process.settled().saturating_sub(before) / idle.len() as u64
}

fn large_page() {
    let dir = TempDir::new().expect("a folder");
    let server = inlay(INLAY_TAG, dir.path(), endless_origin(), true);
    wait_for(server.addr);
    for _ in 0..5 {
        Client::new(server.addr).get("1m");
    }
    let idle = server.process.settled();
    let addr = server.addr;
    let reader = thread::spawn(move || Client::new(addr).get("1g"));
    let mut most = idle;
    while !reader.is_finished() {
        most = most.max(server.process.resident());
        thread::sleep(Duration::from_millis(5));
    }
    let (header, _) = reader.join().expect("the page is read");
    assert!(header.to_ascii_lowercase().contains("x-inlay: tagged"), "it is tagged: {header}");
    let above = most - idle;
    let word = if above <= PAGE_BUDGET { "kept" } else { "NOT KEPT" };
    println!("budget {word}: a page of 1 GiB: {above} bytes above idle, at most {PAGE_BUDGET}");
}

/// Answers with a page of 1 GiB, or of 1 MiB.
fn endless_origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    addr
}

fn answer(mut stream: std::net::TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && std::io::Read::read(&mut stream, &mut byte)? == 1 {
        request.push(byte[0]);
    }
    let length = if request.starts_with(b"GET /1g") { GIB } else { 1 << 20 };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    let start = b"<!doctype html><html><head><title>large</title></head><body>";
    stream.write_all(start)?;
    let piece = vec![b'x'; 64 * 1024];
    let mut left = length - start.len() as u64;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        stream.write_all(&piece[..now as usize])?;
        left -= now;
    }
    Ok(())
}
