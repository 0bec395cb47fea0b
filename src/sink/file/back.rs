//! Going back: a file is cut to the length that is written down, where what stands behind it is what a crash or a failed write
//! has left.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::super::backend::Unfinished;
use super::FileSink;

impl FileSink {
    /// Cuts off what a failed attempt has left behind the known length, before the file is left: nobody comes back to it.
    pub(super) fn trim(&self) -> io::Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        match OpenOptions::new().write(true).open(self.config.folder.join(&state.file)) {
            Ok(file) => cut(&file, state.bytes),
            // Whoever has taken it away has what was in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Goes back to the length that is written down, where behind it stands what a crash has left: it is appended again. A file
    /// that has more than that (a backup of the ledger was put back) keeps it, and the next one is begun.
    pub(super) fn cut_back(&mut self, unfinished: &Unfinished) -> io::Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let path: &Path = &self.config.folder.join(&state.file);
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.lose(&error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() < state.bytes {
            self.lose(&io::Error::other("it is shorter than what was delivered"));
            return Ok(());
        }
        let mut behind = Vec::new();
        file.seek(SeekFrom::Start(state.bytes))?;
        Read::take(&mut file, unfinished.longest() as u64 + 1).read_to_end(&mut behind)?;
        if unfinished.may_be(&behind) {
            return cut(&file, state.bytes);
        }
        let (sink, name) = (&self.name, &state.file);
        tracing::error!(
            sink,
            file = name,
            "a sink's file has more than the ledger knows of, and keeps it; a new one is begun"
        );
        end_with_a_line(&mut file)?;
        self.leave(None);
        Ok(())
    }
}

/// Cuts half a line off the end of a file that is left as it is.
fn end_with_a_line(file: &mut File) -> io::Result<()> {
    const LONGEST_LINE: u64 = 1 << 20;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LONGEST_LINE);
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut end)?;
    match end.iter().rposition(|byte| *byte == b'\n') {
        Some(at) => cut(file, from + at as u64 + 1),
        None => Ok(()),
    }
}

/// Cuts a file to a length, where it is longer, also for whoever reads it behind a loss of power.
fn cut(file: &File, bytes: u64) -> io::Result<()> {
    if file.metadata()?.len() <= bytes {
        return Ok(());
    }
    file.set_len(bytes)?;
    file.sync_all()
}
