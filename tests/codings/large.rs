//! Large pages and bombs: memory stays bounded, whatever a coded body becomes.

use std::io::{Read, Write};
use std::net::TcpStream;

use inlay::inject::codec::{Coding, STEP};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use super::{BROWSER, head, write_chunk};
use crate::support::client::{NAVIGATION, navigate};
use crate::support::memory::{most_resident, resident};
use crate::support::origin::Origin;
use crate::support::proxy::before;

const MIB: usize = 1024 * 1024;
const GIB: usize = 1024 * MIB;
const START: &[u8] = b"<!doctype html><html><head></head><body>";

/// What a page of 1 GiB may take above idle: 8 MiB, and for br and zstd their windows on top (each library's: the decoder's
/// for what the origin encoded, here 512 KiB, and the encoder's own, with what belongs to them).
fn bound(coding: Coding) -> usize {
    match coding {
        Coding::Gzip | Coding::Deflate => 8 * MIB,
        Coding::Zstd | Coding::Brotli => 12 * MIB,
    }
}

/// A page of 1 GiB in a coding, made while it is sent; under `/plain` a smaller one in none.
fn endless(coding: Coding, filler: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Origin {
    Origin::new(move |request, stream| {
        if request.target() == "/plain" {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).ok();
            let went = write_chunk(stream, START) && (0..64).all(|n| write_chunk(stream, &filler(n)));
            return went && stream.write_all(b"0\r\n\r\n").is_ok();
        }
        stream.write_all(&head(coding.name(), "Transfer-Encoding: chunked\r\n")).ok();
        let mut encoder = coding.encoder(1);
        let mut coded = Vec::new();
        encoder.encode(START, &mut coded).expect("it encodes");
        for n in 0..GIB / MIB {
            encoder.encode(&filler(n), &mut coded).expect("it encodes");
            if coded.len() > 256 * 1024 {
                if !write_chunk(stream, &coded) {
                    return false;
                }
                coded.clear();
            }
        }
        encoder.finish(&mut coded).expect("it encodes");
        write_chunk(stream, &coded) && stream.write_all(b"0\r\n\r\n").is_ok()
    })
}

/// Reads an answer in chunks through a decoder; how many plain bytes came, and whether all did.
fn read(addr: std::net::SocketAddr, coding: Coding) -> (usize, bool) {
    let mut stream = std::io::BufReader::new(TcpStream::connect(addr).expect("a connection"));
    let request = format!("GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n{NAVIGATION}{BROWSER}\r\n");
    stream.get_mut().write_all(request.as_bytes()).expect("it is asked");
    let mut line = Vec::new();
    let mut next_line = |stream: &mut std::io::BufReader<TcpStream>| {
        line.clear();
        std::io::BufRead::read_until(stream, b'\n', &mut line)
            .is_ok_and(|read| read > 0)
            .then(|| String::from_utf8_lossy(&line).trim().to_owned())
    };
    while next_line(&mut stream).is_some_and(|line| !line.is_empty()) {}
    let (mut decoder, mut total, mut plain, mut chunk) = (coding.decoder(), 0, Vec::with_capacity(STEP), Vec::new());
    while let Some(size) = next_line(&mut stream).and_then(|line| usize::from_str_radix(&line, 16).ok()) {
        if size == 0 {
            return (total, decoder.is_whole());
        }
        chunk.resize(size + 2, 0);
        if stream.read_exact(&mut chunk).is_err() {
            break;
        }
        let mut rest = &chunk[..size];
        loop {
            plain.clear();
            decoder.step(&mut rest, &mut plain).expect("it decodes");
            total += plain.len();
            if rest.is_empty() && plain.len() < STEP {
                break;
            }
        }
    }
    (total, false)
}

fn passes(coding: Coding, what: &str, filler: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) {
    let origin = endless(coding, filler);
    let proxy = before(&origin.url(), "");
    // What any large page makes the allocator keep, on each thread, is not the coding's.
    for _ in 0..4 {
        navigate(proxy.addr, "/plain", "");
    }
    let idle = resident(proxy.pid());
    let ((total, whole), most) = most_resident(proxy.pid(), || read(proxy.addr, coding));
    assert!(whole && total > GIB, "{coding:?}, {what}: the whole page came: {total}");
    let above = most.saturating_sub(idle);
    println!("{coding:?}, {what}: {} KiB above idle", above / 1024);
    assert!(above <= bound(coding), "{coding:?}, {what}: {} KiB above idle", above / 1024);
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    StdRng::seed_from_u64(11).fill_bytes(&mut noise);
    noise
}

#[test]
fn a_bomb_of_one_gibibyte_of_zeros_takes_no_memory() {
    for coding in Coding::ALL {
        passes(coding, "zeros", |_| vec![b' '; MIB]);
    }
}

#[test]
fn a_page_of_one_gibibyte_in_any_coding_takes_little_memory() {
    for coding in Coding::ALL {
        // Nothing compresses it.
        let noise = noise(MIB);
        passes(coding, "noise", move |n| {
            let mut piece = noise.clone();
            piece.rotate_left(n * 977 % MIB);
            piece
        });
    }
}

/// A piece that becomes more than can be held is given up: so does a stream that repeats, over a distance that our own window
/// does not reach, what cannot be encoded otherwise.
#[test]
fn a_piece_that_grows_beyond_bounds_ends_the_answer() {
    let plain = [START, &noise(4 * MIB).repeat(4)].concat();
    let mut coded = Vec::new();
    let params = [(zstd_safe::CParameter::CompressionLevel(3)), (zstd_safe::CParameter::WindowLog(23))];
    let mut context = zstd_safe::CCtx::create();
    for param in params {
        context.set_parameter(param).expect("a parameter");
    }
    coded.reserve(zstd_safe::compress_bound(plain.len()));
    context.compress2(&mut coded, &plain).expect("it encodes");
    let origin = super::origin(Coding::Zstd, "", &coded);
    let proxy = before(&origin.url(), "");
    let idle = resident(proxy.pid());
    let ((total, whole), most) = most_resident(proxy.pid(), || read(proxy.addr, Coding::Zstd));
    assert!(!whole && total < plain.len(), "it is aborted: {total} bytes of {}", plain.len());
    let above = most.saturating_sub(idle);
    assert!(above <= 32 * MIB, "{} KiB above idle", above / 1024);
}
