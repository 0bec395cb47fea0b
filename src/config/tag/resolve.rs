//! Step two for the snippets of a site.

use std::collections::HashSet;

use super::{Condition, Needs, OwnerTag, Via, When, snippet};
use crate::config::At;
use crate::config::file;
use crate::config::marked::{Marked, Texts};
use crate::config::resolve::Resolver;
use crate::config::site::plain_name;

/// The statuses whose pages are tagged.
const STATUSES: [u16; 3] = [200, 404, 410];

/// What any value is written as.
const ANY: &str = "*";

impl Resolver<'_> {
    /// The snippets that have something to place; the room that knows markup is asked about them.
    pub(in crate::config) fn snippets(&mut self, written: &[Marked<file::Snippet>]) -> Vec<OwnerTag> {
        let mut ids = HashSet::new();
        let tags: Vec<_> = written.iter().filter_map(|snippet| self.snippet(&snippet.value, &mut ids)).collect();
        self.problems.extend((self.checks.snippets)(&tags));
        tags
    }

    fn snippet<'f>(&mut self, file: &'f file::Snippet, ids: &mut HashSet<&'f str>) -> Option<OwnerTag> {
        let id = file.id.as_ref().and_then(|id| {
            let fresh = ids.insert(&id.value);
            let twice = || format!("the site has a snippet `{}` already; write another id", id.value);
            self.one(id, |written| plain_name(written).and_then(|id| if fresh { Ok(id) } else { Err(twice()) }))
        });
        let paths = self.paths(&file.paths, &file.not_paths);
        let when = self.when(&file.when, file.via);
        let needs = self.needs(&file.needs);
        let (html, at, verbatim) = self.html(file)?;
        // Without an id that is good the file is refused, but what is placed can still be looked at.
        let id = id.unwrap_or_default();
        let tag = OwnerTag::new(&id, html.into(), file.place, paths, at);
        Some(OwnerTag { via: file.via, when, percent: file.percent, purpose: file.purpose, needs, verbatim, ..tag })
    }

    /// The snippet's bytes, where they begin, and whether they stand there as they are.
    fn html(&mut self, file: &file::Snippet) -> Option<(Vec<u8>, At, bool)> {
        match (&file.html, &file.file) {
            (Some(html), None) => {
                let bytes = self.one(html, snippet::inline)?;
                let begin = snippet::begin(self.text, html.offset, &bytes);
                Some((bytes, (self.at)(begin.unwrap_or(html.offset)), begin.is_some()))
            }
            (None, Some(path)) => {
                let found = self.folder.join(&path.value);
                Some((self.one(path, |_| snippet::stored(&found))?, At::start_of(&found), true))
            }
            // Both or neither: `walk` has said it.
            _ => None,
        }
    }

    fn when(&mut self, file: &file::When, via: Via) -> When {
        if let (Via::Script, Some(status)) = (via, file.status.first()) {
            let message =
                "a browser's script does not learn the page's status; take `status` out, or write via = \"page\"";
            self.say(status.offset, message);
        }
        let status = file.status.iter().filter_map(|status| {
            if STATUSES.contains(&status.value) {
                return Some(status.value);
            }
            self.say(
                status.offset,
                format!("pages with status {} are not tagged; write 200, 404 or 410", status.value),
            );
            None
        });
        let status = status.collect();
        When { query: self.conditions(&file.query), cookie: self.conditions(&file.cookie), status }
    }

    fn conditions(&mut self, written: &Texts) -> Vec<Condition> {
        let conditions = written.0.iter().filter_map(|(name, value)| {
            let name = self.one(name, condition_name)?;
            Some(Condition { name, value: (value.value != ANY).then(|| value.value.clone()) })
        });
        conditions.collect()
    }

    fn needs(&mut self, file: &file::Needs) -> Needs {
        let mut sources = |written: &[Marked<String>]| self.all(written, source);
        Needs {
            script: sources(&file.script),
            connect: sources(&file.connect),
            image: sources(&file.image),
            frame: sources(&file.frame),
            style: sources(&file.style),
            worker: sources(&file.worker),
        }
    }
}

/// The name of a cookie or of a query's parameter, as it stands there.
fn condition_name(written: &str) -> Result<String, String> {
    match written.find(|c: char| matches!(c, '&' | '=' | '#' | '?' | ';') || c.is_whitespace() || c.is_control()) {
        None if !written.is_empty() => Ok(written.to_owned()),
        _ => Err(format!("`{written}` is no name; write it alone, such as {{ preview = \"1\" }}")),
    }
}

/// A source expression of a policy. Hosts and schemes: a keyword would allow what no snippet needs to be allowed by name.
fn source(written: &str) -> Result<String, String> {
    let instead = "write a source such as https://chat.example.net, or data:";
    let plain = written.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'\'' | b'"'));
    if written.is_empty() || !plain {
        return Err(format!("`{written}` is no source of a policy; {instead}"));
    }
    if written == ANY {
        return Err(format!("`*` would allow every address there is; {instead}"));
    }
    Ok(written.to_owned())
}
