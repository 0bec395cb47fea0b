//! What a sink of the configuration means, in a few lines; no secret among them.

use std::fmt::{self, Display};

use jiff::Timestamp;

use super::list;
use crate::config::{Backend, Begin, Fields, Sink};

/// A sink, summed up.
pub(super) struct SinkSummary<'a>(pub(super) &'a Sink);

impl Display for SinkSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SinkSummary(sink) = self;
        let sites = if sink.sites.is_empty() { "all sites".into() } else { list(sink.sites.iter()) };
        let batch = &sink.batch;
        writeln!(f, "sink {}", sink.name)?;
        writeln!(f, "  to      {}", target(&sink.backend))?;
        writeln!(f, "  of      {sites}, {}", begin(sink.begin))?;
        writeln!(f, "  fields  {}", fields(&sink.fields))?;
        writeln!(f, "  batch   {} events, {} bytes or {} s", batch.events, batch.bytes, batch.wait.as_secs())?;
        write!(f, "  held    {} bytes at most; pauses of {} s at most", sink.hold_bytes, sink.retry_most.as_secs())
    }
}

fn target(backend: &Backend) -> String {
    match backend {
        Backend::File(file) => {
            let gzip = if file.gzip { ", compressed when closed" } else { "" };
            let rotation = &file.rotation;
            let (bytes, secs) = (rotation.bytes, rotation.after.as_secs());
            format!("files in {}, {bytes} bytes or {secs} s each{gzip}", file.folder.display())
        }
        Backend::Http(http) => {
            let gzip = if http.gzip { ", compressed" } else { "" };
            let signed = if http.sign.is_some() { ", signed" } else { "" };
            format!("POST {}{gzip}{signed}", host(&http.url))
        }
        Backend::Stdout => "standard output".into(),
    }
}

/// A URL without its path and query, in which services want their tokens.
fn host(url: &str) -> String {
    let parts: Vec<&str> = url.splitn(4, '/').collect();
    let rest = if parts.get(3).is_some_and(|path| !path.is_empty()) { "/..." } else { "" };
    parts.into_iter().take(3).collect::<Vec<_>>().join("/") + rest
}

/// Where it begins when the ledger does not know it yet.
fn begin(begin: Begin) -> String {
    match begin {
        Begin::Now => "when it is new from now on".into(),
        Begin::Start => "when it is new with all that the ledger holds".into(),
        Begin::At(ms) => format!("when it is new from {} on", Timestamp::from_millisecond(ms).unwrap_or_default()),
    }
}

fn fields(fields: &Fields) -> String {
    let mut words = Vec::new();
    if !fields.keep.is_empty() {
        words.push(format!("{} alone", list(fields.keep.iter())));
    } else if fields.drop.is_empty() {
        words.push("all".into());
    } else {
        words.push(format!("all but {}", list(fields.drop.iter())));
    }
    words.extend(fields.rename.iter().map(|(from, to)| format!("{from} as {to}")));
    if !fields.hash.is_empty() {
        words.push(format!("hashed: {}", list(fields.hash.iter())));
    }
    words.join("; ")
}
