//! `file` and `stdout`: each event exactly once over the files that are to be read, whatever is being rotated or compressed.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use tempfile::TempDir;

use super::{pages, site, visit};
use crate::support::proxy::{Proxy, binary, configure};
use crate::support::receiver::{Receiver, text};
use crate::support::{PATIENCE, sink, wait_for};

/// The folder at one moment at which nothing is in progress: names, and the sorted paths of the events in them.
struct Settled {
    names: Vec<String>,
    paths: Vec<String>,
}

/// Waits for a moment at which nothing is in progress and `wanted` is so.
fn settled(folder: &Path, what: &str, wanted: impl Fn(&Settled) -> bool) -> Settled {
    wait_for(what, || {
        let before = sink::names(folder);
        let mut paths: Vec<_> = sink::try_read(folder)?.iter().map(|event| text(event, "path")).collect();
        paths.sort();
        let is_still = sink::in_progress(folder).is_empty() && sink::names(folder) == before;
        let names = before.into_iter().filter(|name| !name.starts_with('.')).collect();
        Some(Settled { names, paths }).filter(|settled| is_still && wanted(settled))
    })
}

/// Waits until there are so many events.
fn with_events(folder: &Path, events: usize) -> Settled {
    settled(folder, &format!("{events} events in the files"), |settled| settled.paths.len() >= events)
}

fn paths(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| format!("/{n:03}")).collect()
}

fn visits(proxy: &Proxy, from: usize, to: usize) {
    visit(proxy, paths(from, to).iter().map(String::as_str));
}

#[test]
fn files_are_closed_by_size_and_compressed_and_each_event_is_there_once() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let [packed, plain] = ["packed", "plain"].map(|name| dir.path().join(name));
    let rotation = "batch_events = 5\nrotate_bytes = 2000\n";
    let config = [
        site("shop", &origin),
        sink::file("packed", &packed, &format!("{rotation}gzip = true\n")),
        sink::file("plain", &plain, &format!("{rotation}gzip = false\n")),
    ];
    let mut proxy = Proxy::start_in(dir, "", &config.concat());
    visits(&proxy, 0, 60);
    let Settled { names, paths: found } = with_events(&packed, 60);
    assert_eq!(found, paths(0, 60));
    let closed = names.iter().filter(|name| name.ends_with(".ndjson.gz")).count();
    assert!(closed >= 3 && names.len() - closed <= 1, "closed ones are compressed, one is written: {names:?}");
    let mode = std::fs::metadata(packed.join(&names[0])).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((names[0].ends_with(".gz"), mode), (true, 0o640), "compressed ones have the rights of the others");
    let Settled { names, paths: found } = with_events(&plain, 60);
    assert_eq!(found, paths(0, 60));
    assert!(names.len() >= 4 && names.iter().all(|name| name.ends_with(".ndjson")), "nothing is compressed: {names:?}");

    // The file that was written goes on after a restart.
    assert_eq!(proxy.stop(), Some(0));
    let proxy = Proxy::start_in(proxy.dir.clone(), "", &config.concat());
    visits(&proxy, 60, 70);
    assert_eq!(with_events(&packed, 70).paths, paths(0, 70));
    assert_eq!(with_events(&plain, 70).paths, paths(0, 70));
}

#[test]
fn who_reads_the_folder_sees_no_event_twice_at_any_moment() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let folder = dir.path().join("events");
    let files = sink::file("files", &folder, "batch_events = 5\nrotate_bytes = 1000\n");
    let proxy = Proxy::start_in(dir, "", &format!("{}{files}", site("shop", &origin)));
    let (ended, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            while !ended.load(Ordering::Acquire) && began.elapsed() < 2 * PATIENCE {
                let Some(events) = sink::try_read(&folder) else { continue };
                let ids: Vec<_> = events.iter().map(|event| text(event, "id")).collect();
                let once: BTreeSet<_> = ids.iter().collect();
                assert_eq!(once.len(), ids.len(), "an event is in two files at once: {:?}", sink::names(&folder));
                reads.fetch_add(1, Ordering::Release);
            }
        });
        visits(&proxy, 0, 150);
        assert_eq!(with_events(&folder, 150).paths, paths(0, 150));
        ended.store(true, Ordering::Release);
    });
    assert!(reads.load(Ordering::Acquire) > 20, "it was read while it grew: {reads:?}");
}

#[test]
fn a_file_is_closed_when_its_time_is_over_though_nothing_more_comes() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let folder = dir.path().join("events");
    let config = format!("{}{}", site("shop", &origin), sink::file("files", &folder, "rotate_secs = 1\n"));
    let proxy = Proxy::start_in(dir, "", &config);
    visits(&proxy, 0, 2);
    let is_closed =
        |settled: &Settled| settled.paths.len() == 2 && settled.names.iter().all(|name| name.ends_with(".ndjson.gz"));
    assert_eq!(settled(&folder, "the file's end", is_closed).paths, paths(0, 2));
    visits(&proxy, 2, 3);
    assert_eq!(with_events(&folder, 3).paths, paths(0, 3));
}

#[test]
fn a_file_that_somebody_takes_away_is_followed_by_a_new_one() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let folder = dir.path().join("events");
    let config = format!("{}{}", site("shop", &origin), sink::file("files", &folder, ""));
    let proxy = Proxy::start_in(dir.clone(), "", &config);
    visits(&proxy, 0, 2);
    let names = with_events(&folder, 2).names;
    let rights = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((rights(&folder), rights(&folder.join(&names[0]))), (0o750, 0o640), "nobody else reads them");
    let taken = dir.path().join("taken.ndjson");
    std::fs::rename(folder.join(&names[0]), &taken).expect("moved");
    visits(&proxy, 2, 4);
    let others = with_events(&folder, 2);
    assert_ne!(others.names, names, "another name");
    assert_eq!(others.paths, paths(2, 4), "what comes is not written where nobody finds it");
    assert_eq!(std::fs::read_to_string(taken).expect("UTF-8").lines().count(), 2, "what was taken stays as it was");
}

#[test]
fn a_folder_that_somebody_takes_away_is_made_again_with_its_lock() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let folder = dir.path().join("events");
    let config = format!("{}{}", site("shop", &origin), sink::file("files", &folder, ""));
    let proxy = Proxy::start_in(dir.clone(), "", &config);
    visits(&proxy, 0, 2);
    with_events(&folder, 2);
    std::fs::rename(&folder, dir.path().join("taken")).expect("moved");
    visits(&proxy, 2, 4);
    wait_for("the folder", || folder.exists().then_some(()));
    assert_eq!(with_events(&folder, 2).paths, paths(2, 4));
    let lock = File::open(folder.join(".files.lock")).expect("a lock in the new folder");
    assert!(lock.try_lock().is_err(), "the process holds it");
}

#[test]
fn standard_output_has_a_line_an_event_and_nothing_else() {
    let (origin, dir) = (pages(), Arc::new(TempDir::new().expect("a folder")));
    let sink = "[[sink]]\nname = \"out\"\nkind = \"stdout\"\nbatch_secs = 1\n";
    let config = configure(&dir, "", &format!("{}{sink}", site("shop", &origin)));
    let out = dir.path().join("out");
    let mut command = binary();
    command.arg("run").arg("--config").arg(config).stdout(File::create(&out).expect("a file"));
    let mut proxy = Proxy::spawn(&mut command, dir);
    visit(&proxy, ["/1", "/2"]);
    proxy.stats_with_views(2);
    assert_eq!(proxy.stop(), Some(0));
    let text = std::fs::read_to_string(&out).expect("UTF-8");
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an event a line")).collect();
    assert_eq!(events.iter().map(|event| &event["path"]).collect::<Vec<_>>(), ["/1", "/2"], "{text}");
}

#[test]
fn standard_output_that_nobody_reads_stops_its_sink_and_nothing_else() {
    let (origin, dir, well) = (pages(), Arc::new(TempDir::new().expect("a folder")), Receiver::new());
    let out = "[[sink]]\nname = \"out\"\nkind = \"stdout\"\nbatch_secs = 1\n";
    let sinks = format!("{}{out}{}", site("shop", &origin), sink::http("well", &well.url(), ""));
    let mut command = binary();
    command.arg("run").arg("--config").arg(configure(&dir, "", &sinks));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut proxy = Proxy::spawn(command.stdout(writer), dir);
    visits(&proxy, 0, 1);
    sink::wait_for_words(&proxy.data(), "out", &["stopped"]);
    visits(&proxy, 1, 2);
    wait_for("everything at the other sink", || (well.len() == 2).then_some(()));
    assert_eq!(proxy.stop(), Some(0));
}
