//! The rewriter alone: pages in pieces as an origin sends them, with our own tag and with owner's snippets at every place.
//! `cargo bench --profile dist --bench rewriter`.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a benchmark fails by a panic")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use inlay::config::{self, Config};
use inlay::inject::{Plan, Rewriter, Tags};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What pingora reads of an origin at once, at most.
const PIECE: usize = 64 * 1024;
const OWN: &[u8] = b"<script async=\"\" src=\"/_inlay/t.0123abcd.js\"></script>";
/// Beginnings of pages: what the small machine before the parser reads by itself, and what it leaves to the parser.
const COMMON: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n";
const WITHOUT_HEAD: &str = "<!DOCTYPE html>\n<title>A page</title>\n";

fn rewriter(c: &mut Criterion) {
    let own = plan("");
    let snippets: String = ["head-start", "head-end", "body-start", "body-end"]
        .iter()
        .map(|place| format!("[[site.tag]]\nid = '{place}'\nplace = '{place}'\nhtml = '<i></i>'\n"))
        .collect();
    let all = plan(&snippets);
    let mut group = c.benchmark_group("rewriter");
    for kilobytes in [24, 107, 380] {
        let page = self::page(COMMON, kilobytes * 1000);
        let other = self::page(WITHOUT_HEAD, kilobytes * 1000);
        group.throughput(Throughput::Bytes(page.len() as u64));
        for (name, plan, page) in [("own", &own, &page), ("own, no head", &own, &other), ("every place", &all, &page)] {
            group.bench_function(BenchmarkId::new(name, format!("{kilobytes} kB")), |b| {
                b.iter(|| rewritten(plan, black_box(page)));
            });
        }
    }
    group.finish();
}

/// One page through a rewriter of its own, with a kept length; how many bytes come out.
fn rewritten(plan: &Plan, page: &Bytes) -> usize {
    let mut rewriter = Rewriter::new(plan.clone(), Some(page.len() as u64));
    let pieces = (0..page.len()).step_by(PIECE).map(|at| page.slice(at..page.len().min(at + PIECE)));
    let sent: usize = pieces.map(|piece| rewriter.push(piece).len()).sum();
    let sent = sent + rewriter.end().len();
    assert_eq!(sent, page.len() + plan.len(), "the length is kept");
    sent
}

fn plan(snippets: &str) -> Plan {
    let dir = tempfile::tempdir().expect("a folder");
    let config = load(&dir.path().join("inlay.toml"), snippets);
    let site: &Arc<config::Site> = &config.sites[0];
    Tags::new(&Bytes::from_static(OWN), Bytes::from_static(b"/_inlay/t."), site).plan(false)
}

fn load(file: &Path, snippets: &str) -> Config {
    let site = "[[site]]\nname = 'shop'\nhosts = ['*']\norigin = 'http://127.0.0.1:3000'\n";
    std::fs::write(file, format!("{site}{snippets}")).expect("a configuration is written");
    config::load(file, &|_| None).expect("a right configuration")
}

fn page(start: &str, bytes: usize) -> Bytes {
    let mut page = format!("{start}<meta charset=\"utf-8\">\n</head>\n<body>\n");
    for n in 0.. {
        if page.len() >= bytes {
            break;
        }
        page.push_str(&format!(
            "<p id=\"p{n}\">The <a href=\"/{n}\">{n}th</a> of many paragraphs that a page may have.</p>\n"
        ));
    }
    page.push_str("</body>\n</html>\n");
    page.into()
}

criterion_group!(benches, rewriter);
criterion_main!(benches);
