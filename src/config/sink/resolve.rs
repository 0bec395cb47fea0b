//! Step two for a sink: what all kinds have, and which keys belong to which kind.

use std::path::Path;
use std::time::Duration;

use crate::config::claims::Output;
use crate::config::file::{self, SinkKind};
use crate::config::marked::Marked;
use crate::config::resolve::Resolver;
use crate::config::{folder, site, words};

use super::begin::begin;
use super::{Backend, BatchLimits, FileSink, HttpSink, Rotation, Sink, http};

/// What stands where a key of one kind does not.
const ROTATE_BYTES: u64 = 100_000_000;
const ROTATE_SECS: u32 = 3600;
const TIMEOUT_SECS: u32 = 30;

impl Resolver<'_> {
    /// A sink. The folder `data` is the ledger's, where that is known.
    pub(in crate::config) fn sink(&mut self, file: &file::Sink, data: Option<&Path>) -> Option<Sink> {
        let name = file.name.as_ref().and_then(|name| self.sink_name(name));
        let called = file.name.as_ref().map_or("", |name| name.value.as_str());
        let backend = file.kind.as_ref().and_then(|kind| {
            self.of_another_kind(file, kind.value);
            match kind.value {
                SinkKind::File => self.file_sink(file, kind.offset, called, data).map(Backend::File),
                SinkKind::Http => self.http_sink(file, kind.offset).map(Backend::Http),
                SinkKind::Stdout => self.output(kind, Output::Stdout, called).map(|()| Backend::Stdout),
            }
        });
        for site in &file.sites {
            let known = self.claims.known_site(&site.value);
            self.one(site, |_| known);
        }
        let begin = self.one(&file.from, begin);
        let fields = self.fields(&file.fields);
        Some(Sink {
            name: name?,
            backend: backend?,
            sites: file.sites.iter().map(|site| site.value.clone()).collect(),
            events: file.events.clone(),
            begin: begin?,
            batch: BatchLimits {
                events: file.batch_events as usize,
                bytes: file.batch_bytes as usize,
                wait: Duration::from_secs(file.batch_secs.into()),
            },
            fields,
            retry_most: Duration::from_secs(file.retry_secs.into()),
            hold_bytes: file.hold_bytes,
        })
    }

    fn sink_name(&mut self, written: &Marked<String>) -> Option<String> {
        let at = (self.at)(written.offset);
        let name = self.one(written, site::plain_name)?;
        let fresh = self.claims.sink(&name, at);
        self.one(written, |_| fresh)?;
        Some(name)
    }

    /// Says which keys stand there that a sink of this kind does not have.
    fn of_another_kind(&mut self, file: &file::Sink, kind: SinkKind) {
        fn place<T>(value: &Option<Marked<T>>) -> Option<usize> {
            value.as_ref().map(|value| value.offset)
        }
        use SinkKind::{File, Http};
        for (key, stands, kinds) in [
            ("path", place(&file.path), &[File][..]),
            ("rotate_bytes", place(&file.rotate_bytes), &[File]),
            ("rotate_secs", place(&file.rotate_secs), &[File]),
            ("gzip", place(&file.gzip), &[File, Http]),
            ("url", place(&file.url), &[Http]),
            ("headers", place(&file.headers), &[Http]),
            ("sign", place(&file.sign), &[Http]),
            ("timeout_secs", place(&file.timeout_secs), &[Http]),
        ] {
            if let Some(offset) = stands.filter(|_| !kinds.contains(&kind)) {
                self.say(offset, words::of_another_kind(key, kinds.iter().map(|kind| kind.word()), kind.word()));
            }
        }
    }

    fn file_sink(&mut self, file: &file::Sink, kind: usize, called: &str, data: Option<&Path>) -> Option<FileSink> {
        let Some(path) = &file.path else {
            self.say(kind, words::missing_of_kind("path", "file", "path = \"events\""));
            return None;
        };
        let folder = self.one(path, |written| match written {
            "" => Err("the sink's folder has no name; write path = \"events\"".to_owned()),
            _ => Ok(self.folder.join(written)),
        })?;
        let resolved = folder::resolved(&folder);
        if data.is_some_and(|data| folder::resolved(data) == resolved) {
            self.say(path.offset, "this is the folder of the ledger (`data`); write a folder of the sink's own");
        } else if let Some(message) = folder::mistake(&folder) {
            self.say(path.offset, message);
        } else if let Some(words) = folder::unwritable(&folder) {
            self.warn(path.offset, format!("{words}; events wait in the ledger until they can be written there"));
        }
        self.output(path, Output::Folder(resolved), called)?;
        Some(FileSink {
            folder,
            rotation: Rotation {
                bytes: file.rotate_bytes.as_ref().map_or(ROTATE_BYTES, |bytes| bytes.value),
                after: Duration::from_secs(file.rotate_secs.as_ref().map_or(ROTATE_SECS, |secs| secs.value).into()),
            },
            gzip: file.gzip.as_ref().is_none_or(|gzip| gzip.value),
        })
    }

    fn http_sink(&mut self, file: &file::Sink, kind: usize) -> Option<HttpSink> {
        let headers = file.headers.as_ref().map(|headers| self.headers(&headers.value));
        let sign = file.sign.as_ref().map(|sign| self.one(sign, |sign| secret(sign, "sign")));
        let Some(url) = &file.url else {
            self.say(kind, words::missing_of_kind("url", "http", "url = \"https://collector.example.com/in\""));
            return None;
        };
        let checked = self.one(url, http::url)?;
        if !checked.is_private {
            self.warn(url.offset, http::IN_THE_CLEAR);
        }
        Some(HttpSink {
            url: url.value.clone(),
            headers: headers.unwrap_or_default(),
            gzip: file.gzip.as_ref().is_some_and(|gzip| gzip.value),
            sign: sign.flatten(),
            timeout: Duration::from_secs(file.timeout_secs.as_ref().map_or(TIMEOUT_SECS, |secs| secs.value).into()),
        })
    }

    /// Takes what one sink alone may write to.
    fn output<T>(&mut self, written: &Marked<T>, output: Output, called: &str) -> Option<()> {
        let at = (self.at)(written.offset);
        self.claims.output(output, called, at).map_err(|message| self.say(written.offset, message)).ok()
    }
}

/// How many characters a secret must have: fewer are guessed.
const LEAST_SECRET: usize = 16;

/// A secret that is long enough; the sentence does not show it.
pub(super) fn secret(written: &str, key: &str) -> Result<String, String> {
    match written.chars().count() {
        LEAST_SECRET.. => Ok(written.to_owned()),
        found => Err(format!(
            "`{key}` has {found} characters, too few for a secret; write `{key} = \"env:NAME\"` with at least {LEAST_SECRET} random ones in it, such as from `openssl rand -hex 32`"
        )),
    }
}
