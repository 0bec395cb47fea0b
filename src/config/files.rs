//! All files of a configuration: the one that the owner named, and those that its `sites` names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::claims::Claims;
use super::marked::Marked;
use super::part::Part;
use super::problem::{At, Problem};
use super::resolve::Resolver;
use super::source::Source;
use super::walk;
use super::{Checks, Config, Env, Problems, Server, Sink, Site, file, sites, words};

/// Reads and checks the file and all that it names.
pub(super) fn load(path: &Path, env: Env<'_>, checks: Checks<'_>) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let config = Files::new(env, checks, &mut problems).main(path);
    finish(config, problems)
}

/// Reads where the file says that the ledger lies.
pub(super) fn data_folder(path: &Path, env: Env<'_>) -> Result<PathBuf, Problems> {
    let mut problems = Vec::new();
    let read = Files::new(env, Checks::default(), &mut problems).read(path, Part::Data);
    finish(read.map(|(source, file)| source.folder().join(file.server.data.value)), problems)
}

/// Reads the names of the file's sinks, with the words of their kinds.
pub(super) fn sink_names(path: &Path, env: Env<'_>) -> Result<Vec<(String, &'static str)>, Problems> {
    let mut problems = Vec::new();
    let read = Files::new(env, Checks::default(), &mut problems).read(path, Part::Sinks);
    let named = |sink: file::Sink| Some((sink.name?.value, sink.kind?.value.word()));
    finish(read.map(|(_, file)| file.sink.into_iter().filter_map(named).collect()), problems)
}

/// What was read, or all its problems.
pub(super) fn finish<T>(read: Option<T>, problems: Vec<Problem>) -> Result<T, Problems> {
    match Problems::of(problems) {
        Some(problems) => Err(problems),
        None => Ok(read.expect("a value is missing only where its problem was said")),
    }
}

struct Files<'a> {
    env: Env<'a>,
    checks: Checks<'a>,
    /// What is one site's or one sink's alone, across the files.
    claims: Claims,
    problems: &'a mut Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'a> Files<'a> {
    fn new(env: Env<'a>, checks: Checks<'a>, problems: &'a mut Vec<Problem>) -> Files<'a> {
        Files { env, checks, claims: Claims::default(), problems, warnings: Vec::new() }
    }

    fn main(&mut self, path: &Path) -> Option<Config> {
        let (source, file) = self.read(path, Part::Main)?;
        let server = self.resolve(&source, |resolver| resolver.server(&file.server));
        let mut sites = self.sites(&source, &file);
        let mut unmatched = None;
        if let Some(pattern) = &file.sites {
            let named = self.named(&source, pattern);
            if named.is_empty() {
                unmatched = Some(Problem::new(source.at(pattern.offset), words::no_file(&pattern.value)));
            }
            for path in named {
                let more = self.named_sites(&path, &source.at(pattern.offset));
                sites = sites.zip(more).map(|(sites, more)| [sites, more].concat());
            }
        }
        if sites.as_ref().is_some_and(Vec::is_empty) && self.problems.is_empty() {
            // Where a pattern is all that could have brought a site, it is what has to be looked at.
            self.problems.push(unmatched.take().unwrap_or_else(|| Problem::new(source.at(0), walk::NO_SITE)));
        }
        self.warnings.extend(unmatched);
        let sinks = self.sinks(&source, &file, server.as_ref());
        let warnings = std::mem::take(&mut self.warnings);
        Some(Config { server: server?, sites: sites?, sinks: sinks?, warnings })
    }

    fn read(&mut self, path: &Path, part: Part) -> Option<(Source, file::File)> {
        let source = Source::read(path).map_err(|problem| self.problems.push(problem)).ok()?;
        let file = walk::read(&source, part, self.env, self.problems);
        Some((source, file))
    }

    /// The files that `sites` names.
    fn named(&mut self, source: &Source, pattern: &Marked<String>) -> Vec<PathBuf> {
        let files =
            self.resolve(source, |resolver| resolver.one(pattern, |written| sites::files(source.folder(), written)));
        files.unwrap_or_default()
    }

    /// The sites of a file that `sites`, which stands at `key`, names.
    fn named_sites(&mut self, path: &Path, key: &At) -> Option<Vec<Arc<Site>>> {
        let before = self.problems.len();
        let read = self.read(path, Part::Sites);
        if read.is_none() {
            self.claims.nameless();
        }
        // A file that is not there has no place of its own to look at.
        for problem in self.problems.iter_mut().skip(before).filter(|problem| problem.at.position.is_none()) {
            let message = format!("the file {} of `sites` {}; make it, or write another", problem.at, problem.message);
            *problem = Problem::new(key.clone(), message);
        }
        read.and_then(|(source, file)| self.sites(&source, &file))
    }

    /// The file's sites; none where one has a problem.
    fn sites(&mut self, source: &Source, file: &file::File) -> Option<Vec<Arc<Site>>> {
        let sites: Vec<_> = self.resolve(source, |resolver| file.site.iter().map(|site| resolver.site(site)).collect());
        sites.into_iter().map(|site| site.map(Arc::new)).collect()
    }

    /// The file's sinks; none where one has a problem. All sites are known by then.
    fn sinks(&mut self, source: &Source, file: &file::File, server: Option<&Server>) -> Option<Vec<Arc<Sink>>> {
        let data = server.map(|server| server.data.as_path());
        let sinks: Vec<_> =
            self.resolve(source, |resolver| file.sink.iter().map(|sink| resolver.sink(sink, data)).collect());
        sinks.into_iter().map(|sink| sink.map(Arc::new)).collect()
    }

    fn resolve<T>(&mut self, source: &Source, step: impl FnOnce(&mut Resolver<'_>) -> T) -> T {
        step(&mut Resolver {
            at: &|offset| source.at(offset),
            text: &source.text,
            folder: source.folder(),
            checks: self.checks,
            claims: &mut self.claims,
            problems: self.problems,
            warnings: &mut self.warnings,
        })
    }
}
