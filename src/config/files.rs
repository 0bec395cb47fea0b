//! All files of a configuration: the one that the owner named, and those that its `sites` names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::claims::Claims;
use super::problem::Problem;
use super::resolve::Resolver;
use super::source::Source;
use super::walk::{self, Env, Part};
use super::{Config, Problems, Site, SnippetCheck, file, sites};

/// Reads and checks the file and all that it names.
pub(super) fn load(path: &Path, env: Env<'_>, snippets: SnippetCheck<'_>) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let config = Files { env, snippets, claims: Claims::default(), problems: &mut problems }.main(path);
    finish(config, problems)
}

/// The configuration, or all its problems.
pub(super) fn finish(config: Option<Config>, problems: Vec<Problem>) -> Result<Config, Problems> {
    match Problems::of(problems) {
        Some(problems) => Err(problems),
        None => Ok(config.expect("a value is missing only where its problem was said")),
    }
}

struct Files<'a> {
    env: Env<'a>,
    snippets: SnippetCheck<'a>,
    /// What is one site's alone, across the files.
    claims: Claims,
    problems: &'a mut Vec<Problem>,
}

impl Files<'_> {
    fn main(&mut self, path: &Path) -> Option<Config> {
        let (source, file) = self.read(path, Part::Main)?;
        let server = self.resolve(&source, |resolver| resolver.server(&file.server));
        let mut sites = self.sites(&source, &file);
        for path in self.named(&source, &file) {
            let more = self.read(&path, Part::Sites).and_then(|(source, file)| self.sites(&source, &file));
            sites = sites.zip(more).map(|(sites, more)| [sites, more].concat());
        }
        if sites.as_ref().is_some_and(Vec::is_empty) && self.problems.is_empty() {
            self.problems.push(Problem::new(source.at(0), walk::NO_SITE));
        }
        Some(Config { server: server?, sites: sites? })
    }

    fn read(&mut self, path: &Path, part: Part) -> Option<(Source, file::File)> {
        let source = Source::read(path).map_err(|problem| self.problems.push(problem)).ok()?;
        let file = walk::read(&source, part, self.env, self.problems);
        Some((source, file))
    }

    /// The files that `sites` names.
    fn named(&mut self, source: &Source, file: &file::File) -> Vec<PathBuf> {
        let Some(pattern) = &file.sites else { return Vec::new() };
        let files =
            self.resolve(source, |resolver| resolver.one(pattern, |written| sites::files(source.folder(), written)));
        files.unwrap_or_default()
    }

    /// The file's sites; none where one has a problem.
    fn sites(&mut self, source: &Source, file: &file::File) -> Option<Vec<Arc<Site>>> {
        let sites: Vec<_> = self.resolve(source, |resolver| file.site.iter().map(|site| resolver.site(site)).collect());
        sites.into_iter().map(|site| site.map(Arc::new)).collect()
    }

    fn resolve<T>(&mut self, source: &Source, step: impl FnOnce(&mut Resolver<'_>) -> T) -> T {
        step(&mut Resolver {
            at: &|offset| source.at(offset),
            folder: source.folder(),
            snippets: self.snippets,
            claims: &mut self.claims,
            problems: self.problems,
        })
    }
}
