//! Sinks as a user has them: tables of the configuration, `inlay sink`, and the files of a folder.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::PATIENCE;
use super::proxy::binary;

/// A sink that posts to this URL, soon and often. `more` is more TOML of it.
pub fn http(name: &str, url: &str, more: &str) -> String {
    format!(
        "[[sink]]\nname = \"{name}\"\nkind = \"http\"\nurl = \"{url}\"\nbatch_secs = 1\ntimeout_secs = 2\nretry_secs = 1\n{more}\n"
    )
}

/// A sink that writes to this folder.
pub fn file(name: &str, folder: &Path, more: &str) -> String {
    format!("[[sink]]\nname = \"{name}\"\nkind = \"file\"\npath = {folder:?}\nbatch_secs = 1\n{more}\n")
}

/// Runs `inlay sink WORDS --data DIR`; what it printed. It has to work.
pub fn command(data: &Path, words: &[&str]) -> String {
    let done = binary().arg("sink").args(words).arg("--data").arg(data).output().expect("it runs");
    let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "inlay sink {words:?}: {out}{error}");
    out.into_owned()
}

/// The status of every sink.
pub fn statuses(data: &Path) -> Vec<Value> {
    let printed = command(data, &["status", "--json"]);
    let all: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"));
    let all = all.get("sinks").unwrap_or(&all);
    all.as_array().unwrap_or_else(|| panic!("a list of sinks: {printed}")).clone()
}

/// The status of one sink.
pub fn status(data: &Path, name: &str) -> Value {
    let all = statuses(data);
    let found = all.iter().find(|sink| sink["name"] == name).cloned();
    found.unwrap_or_else(|| panic!("no {name} in {all:?}"))
}

/// Waits until a sink's state or its last error, in small letters, has one of these words.
pub fn wait_for_words(data: &Path, name: &str, words: &[&str]) -> Value {
    let end = Instant::now() + PATIENCE;
    loop {
        let status = status(data, name);
        let text = format!("{} {}", status["state"], status["last_error"]).to_lowercase();
        if words.iter().any(|word| text.contains(word)) {
            return status;
        }
        assert!(Instant::now() < end, "waited for one of {words:?} in the status of {name}; it is {status}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The events of the files that are to be read, with no deduplication; nothing where a file went while it was read.
pub fn try_read(folder: &Path) -> Option<Vec<Value>> {
    let mut events = Vec::new();
    for entry in std::fs::read_dir(folder).ok()? {
        let name = entry.ok()?.file_name().into_string().expect("names are UTF-8");
        if name.starts_with('.') {
            continue;
        }
        let mut text = String::new();
        let mut file = File::open(folder.join(&name)).ok()?;
        if name.ends_with(".ndjson.gz") {
            GzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|error| panic!("{name}: {error}"));
        } else {
            assert!(name.ends_with(".ndjson"), "a file of an unknown kind: {name}");
            file.read_to_string(&mut text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        // What is being written has no end yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let event = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {line:?}: {error}"));
        events.extend(whole.lines().map(event));
    }
    Some(events)
}

/// The names in a folder, hidden ones too, in their order.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The files of a folder that are in progress.
pub fn in_progress(folder: &Path) -> Vec<String> {
    names(folder).into_iter().filter(|name| name.starts_with('.') && !name.ends_with(".lock")).collect()
}
