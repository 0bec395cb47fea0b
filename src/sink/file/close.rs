//! Closing files: hidden, compressed beside, shown by a rename. What a crash interrupted is taken up at the next start, and what
//! could not be compressed is shown as it is until then.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{FILE_MODE, name};
use crate::sink::background;

const HIDDEN: &str = ".closing";
const UNFINISHED: &str = ".gz.part";

/// The files of one sink that are being closed.
pub(super) struct Closing {
    sink: String,
    folder: PathBuf,
    gzip: bool,
    running: Vec<JoinHandle<()>>,
}

impl Closing {
    pub(super) fn new(sink: &str, folder: PathBuf, gzip: bool) -> Closing {
        Closing { sink: sink.to_owned(), folder, gzip, running: Vec::new() }
    }

    /// Whether a closed file of this name is there, in whatever state.
    pub(super) fn knows(&self, file: &str) -> bool {
        [format!("{file}.gz"), hidden(file)].iter().any(|name| self.folder.join(name).exists())
    }

    /// Closes a file; where it is compressed, behind the scenes.
    pub(super) fn close(&mut self, file: &str) {
        if !self.gzip {
            return;
        }
        if let Err(error) = fs::rename(self.folder.join(file), self.folder.join(hidden(file))) {
            return tracing::warn!(sink = self.sink, file, %error, "a closed file could not be put aside for compression");
        }
        self.compress(file.to_owned());
    }

    /// Takes up what a crash interrupted: files that were hidden, or closed and not yet hidden; and empty ones that were begun
    /// for nothing. `current` is being written.
    pub(super) fn tidy(&mut self, current: Option<&str>) {
        // What this process compresses already is not begun a second time.
        self.wait();
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        for name in names {
            let hidden =
                |ending| name.strip_prefix('.')?.strip_suffix(ending).filter(|file| name::is_of(&self.sink, file));
            if hidden(UNFINISHED).is_some() {
                _ = fs::remove_file(self.folder.join(&name));
            } else if let Some(file) = hidden(HIDDEN) {
                self.compress(file.to_owned());
            } else if name::is_of(&self.sink, &name) && Some(name.as_str()) != current {
                let path = self.folder.join(&name);
                match fs::metadata(&path) {
                    Ok(found) if found.len() == 0 => _ = fs::remove_file(path),
                    Ok(_) => self.close(&name),
                    Err(_) => {}
                }
            }
        }
    }

    /// Waits until everything is closed that can be.
    pub(super) fn wait(&mut self) {
        for thread in self.running.drain(..) {
            // It has said what went wrong.
            _ = thread.join();
        }
    }

    fn compress(&mut self, file: String) {
        self.running.retain(|thread| !thread.is_finished());
        let (folder, sink) = (self.folder.clone(), self.sink.clone());
        let work = move || {
            background::give_way();
            if let Err(error) = compress(&folder, &file) {
                tracing::warn!(sink, file, %error, "a closed file could not be compressed; the next start tries again");
                show(&folder, &file);
            }
        };
        match thread::Builder::new().name(format!("gzip-{}", self.sink)).spawn(work) {
            Ok(thread) => self.running.push(thread),
            Err(error) => tracing::warn!(sink = self.sink, %error, "a closed file could not be compressed"),
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.wait();
    }
}

/// From the hidden file to the compressed one. Done again after a crash, the result is the same.
fn compress(folder: &Path, file: &str) -> io::Result<()> {
    let (from, part, to) =
        (folder.join(hidden(file)), folder.join(format!(".{file}{UNFINISHED}")), folder.join(format!("{file}.gz")));
    if !to.exists() {
        let out = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&part)?;
        let mut encoder = GzEncoder::new(BufWriter::new(out), Compression::default());
        io::copy(&mut BufReader::new(File::open(&from)?), &mut encoder)?;
        let mut out = encoder.finish()?;
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&part, &to)?;
        File::open(folder)?.sync_all()?;
    }
    fs::remove_file(&from)
}

/// Shows a hidden file as it is, where there is no compressed one: readers want it sooner than at the next start.
fn show(folder: &Path, file: &str) {
    // Each of these is best effort, and the next start's business otherwise.
    _ = fs::remove_file(folder.join(format!(".{file}{UNFINISHED}")));
    if !folder.join(format!("{file}.gz")).exists() {
        _ = fs::rename(folder.join(hidden(file)), folder.join(file));
    }
}

fn hidden(file: &str) -> String {
    format!(".{file}{HIDDEN}")
}

#[cfg(test)]
mod tests;
