//! One life of a file sink: a real ledger and a folder, from a start to a crash.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use flate2::read::GzDecoder;

use super::super::file::FileSink;
use super::super::orders::Desk;
use super::super::shipper::Shipper;
use super::mortal::{Fortune, Mortal};
use super::world::{opened, parts, sites};
use crate::config::{self, Sink};
use crate::ledger::{EventReader, Ledger, Place};

/// The sink in one of its lives.
pub(super) struct Life {
    pub(super) here: PathBuf,
    pub(super) shipper: Option<Shipper>,
    pub(super) desk: Arc<Desk>,
    reader: Option<EventReader>,
    ledger: Option<Arc<Ledger>>,
}

impl Life {
    pub(super) fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().expect("it lives")
    }

    pub(super) fn place(&self) -> Place {
        let places = self.reader.as_ref().expect("it lives").places().expect("places");
        places.into_iter().next().expect("the sink's place").1
    }

    pub(super) fn end(&mut self) {
        (self.shipper, self.reader) = (None, None);
        self.ledger = None;
    }
}

pub(super) fn live(dir: &Path, count: u32, sink: &Sink, now: &Arc<AtomicI64>, fortune: &Arc<Mutex<Fortune>>) -> Life {
    let here = dir.join(count.to_string());
    fs::create_dir_all(&here).expect("a folder");
    let ledger = opened(&here, &sites());
    let config::Backend::File(file) = &sink.backend else { panic!("a file sink") };
    let inner = FileSink::new(&sink.name, &config::FileSink { folder: here.join("events"), ..file.clone() });
    let next = dir.join((count + 1).to_string());
    let mortal = Mortal { inner, ledger: ledger.clone(), fortune: fortune.clone(), here: here.clone(), next };
    let parts = parts(sink, ledger.outbox(), Box::new(mortal), now);
    let (desk, reader) = (parts.desk.clone(), Some(ledger.outbox().reader().expect("the ledger is read")));
    Life { here, shipper: Some(Shipper::by_hand(parts)), desk, reader, ledger: Some(ledger) }
}

/// The seqs of the events in the files that readers see, in the order of the files' names: of whole lines alone.
pub(super) fn visible(life: &Path) -> Vec<i64> {
    let entries = fs::read_dir(life.join("events")).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    let mut seqs = Vec::new();
    for name in names {
        // Whoever compresses may have hidden it meanwhile.
        let Ok(bytes) = fs::read(life.join("events").join(&name)) else { continue };
        let mut text = Vec::new();
        match name.ends_with(".gz") {
            true => drop(GzDecoder::new(bytes.as_slice()).read_to_end(&mut text).expect("gzip")),
            false => text = bytes,
        }
        let whole = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        seqs.extend(whole.map(|line| {
            let event: serde_json::Value = serde_json::from_slice(line).expect("a line is an event");
            event["path"].as_str().and_then(|path| path.strip_prefix('/')?.parse::<i64>().ok()).expect("a seq")
        }));
    }
    seqs
}

pub(super) fn assert_once(seen: &[i64]) {
    assert!(seen.is_sorted_by(|one, other| one < other), "each once, in the order of their commits: {seen:?}");
}
