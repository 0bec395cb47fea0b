//! What a coding costs at each level, and what it brings: every page of the corpus decoded and encoded again as the proxy does
//! it, in pieces as an origin sends them, flushed with each.
//!
//! `INLAY_CORPUS=FOLDER cargo bench --profile dist --bench codings`. Pages are HTML files in `FOLDER/pages`; without a corpus the
//! tests' own are taken. `-- gzip` measures one coding.

#![allow(clippy::panic, clippy::print_stdout, reason = "a benchmark prints, and fails by a panic")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use inlay::inject::codec::{Coding, STEP};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What an origin sends at once.
const PIECE: usize = 16 * 1024;
/// The best of so many rounds counts: everything else is noise of the machine.
const ROUNDS: usize = 5;

fn main() {
    let only = std::env::args().nth(1).filter(|word| !word.starts_with('-'));
    let pages = pages();
    let plain: usize = pages.iter().map(Vec::len).sum();
    println!("{} pages, {plain} bytes", pages.len());
    println!(
        "{:8} {:>5} {:>10} {:>7} {:>15} {:>15}",
        "coding", "level", "bytes", "share", "encode ns/byte", "decode ns/byte"
    );
    for coding in Coding::ALL {
        if only.as_ref().is_some_and(|only| only != coding.name()) {
            continue;
        }
        for level in levels(coding) {
            let (coded, encode) = best(|| pages.iter().map(|page| encoded(coding, level, page)).collect::<Vec<_>>());
            let (decoded, decode) = best(|| coded.iter().map(|page| decoded(coding, page)).sum::<usize>());
            assert_eq!(decoded, plain, "{} at level {level}: every byte comes back", coding.name());
            let bytes: usize = coded.iter().map(Vec::len).sum();
            let each = |seconds: f64| seconds * 1e9 / plain as f64;
            println!(
                "{:8} {level:>5} {bytes:>10} {:>6.1}% {:>15.2} {:>15.2}{}",
                coding.name(),
                bytes as f64 * 100.0 / plain as f64,
                each(encode),
                each(decode),
                if level == coding.level() { "  *" } else { "" }
            );
        }
    }
}

fn levels(coding: Coding) -> Vec<u32> {
    match coding {
        Coding::Brotli => (0..=6).collect(),
        Coding::Zstd => (1..=9).collect(),
        Coding::Gzip | Coding::Deflate => (1..=9).collect(),
    }
}

/// What `work` gives, and the least seconds that it took.
fn best<T>(work: impl Fn() -> T) -> (T, f64) {
    let timed = || {
        let begun = Instant::now();
        let made = work();
        (made, begun.elapsed().as_secs_f64())
    };
    let (made, mut least) = timed();
    for _ in 1..ROUNDS {
        least = least.min(timed().1);
    }
    (made, least)
}

fn encoded(coding: Coding, level: u32, page: &[u8]) -> Vec<u8> {
    let (mut encoder, mut coded) = (coding.encoder(level), Vec::new());
    for piece in page.chunks(PIECE) {
        encoder.encode(piece, &mut coded).expect("it encodes");
        encoder.flush(&mut coded).expect("it encodes");
    }
    encoder.finish(&mut coded).expect("it encodes");
    coded
}

fn decoded(coding: Coding, page: &[u8]) -> usize {
    let (mut decoder, mut bytes, mut plain) = (coding.decoder(), 0, Vec::with_capacity(STEP));
    for mut piece in page.chunks(PIECE) {
        loop {
            plain.clear();
            decoder.step(&mut piece, &mut plain).expect("it decodes");
            bytes += plain.len();
            if piece.is_empty() && plain.len() < STEP {
                break;
            }
        }
    }
    assert!(decoder.is_whole(), "{}: the page is whole", coding.name());
    bytes
}

fn pages() -> Vec<Vec<u8>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let folder = std::env::var_os("INLAY_CORPUS").map_or(own, |corpus| PathBuf::from(corpus).join("pages"));
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| std::fs::read(file.expect("a file").path()).expect("a page")).collect()
}
