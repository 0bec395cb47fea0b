//! Path patterns: `/**`, `/help/*`, `/a/?`. Matched against the path as the visitor sent it, without the query.

use std::fmt;

use super::glob::Glob;

/// Which paths are meant: those that some `paths` pattern matches and no `not_paths` pattern.
#[derive(Debug, Clone)]
pub struct Paths {
    include: Vec<Glob>,
    exclude: Vec<Glob>,
}

impl Paths {
    /// Paths from patterns; `Err` is the sentence for the owner.
    pub fn new<'p>(
        paths: impl IntoIterator<Item = &'p str>,
        not_paths: impl IntoIterator<Item = &'p str>,
    ) -> Result<Paths, String> {
        Ok(Paths {
            include: paths.into_iter().map(pattern).collect::<Result<_, _>>()?,
            exclude: not_paths.into_iter().map(pattern).collect::<Result<_, _>>()?,
        })
    }

    /// Whether the path is meant. One pass over it for each pattern, no allocation.
    pub fn matches(&self, path: &str) -> bool {
        self.include.iter().any(|glob| glob.matches(path)) && !self.exclude.iter().any(|glob| glob.matches(path))
    }

    /// The patterns of the paths that are meant, and of those among them that are not, as the owner wrote them.
    pub fn written(&self) -> [Vec<&str>; 2] {
        [&self.include, &self.exclude].map(|globs| globs.iter().map(Glob::written).collect())
    }

    /// From patterns that [`pattern`] has compiled.
    pub(super) fn of(include: Vec<Glob>, exclude: Vec<Glob>) -> Paths {
        Paths { include, exclude }
    }
}

/// Every path.
impl Default for Paths {
    fn default() -> Self {
        Paths::new(["/**"], []).expect("/** is a good pattern")
    }
}

/// `/** but not /admin/**`.
impl fmt::Display for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |globs: &[Glob]| globs.iter().map(Glob::written).collect::<Vec<_>>().join(", ");
        f.write_str(&list(&self.include))?;
        if self.exclude.is_empty() { Ok(()) } else { write!(f, " but not {}", list(&self.exclude)) }
    }
}

/// Compiles one pattern; `Err` is the sentence for the owner.
pub(super) fn pattern(written: &str) -> Result<Glob, String> {
    if written.contains("://") || !written.starts_with(['/', '*']) {
        return Err(format!("the pattern `{written}` does not start with `/`; write a path such as /help/**"));
    }
    if !written.starts_with('/') && !written.starts_with("**") {
        return Err(format!(
            "the pattern `{written}` matches no path, since each starts with `/`; write /**/{written}"
        ));
    }
    if let Some(odd) = written.chars().find(|c| matches!(c, '{' | '}' | '#' | '\\')) {
        return Err(format!("`{odd}` means nothing in a pattern; write one pattern for each path, with ?, * and **"));
    }
    Glob::new(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_meant_that_some_pattern_has_and_no_not_paths_pattern() {
        let paths = Paths::new(["/help/**", "/a/?"], ["/help/intern/**"]).expect("good patterns");
        for (path, meant) in [
            ("/help/", true),
            ("/help/a/b", true),
            ("/help", false),
            ("/help/intern/x", false),
            ("/a/b", true),
            ("/a/bc", false),
        ] {
            assert_eq!(paths.matches(path), meant, "{path}");
        }
    }

    #[test]
    fn by_default_every_path_is_meant_the_root_too() {
        assert!(Paths::default().matches("/") && Paths::default().matches("/a/b.html"));
    }

    #[test]
    fn a_star_stays_in_its_segment_and_two_cross_slashes() {
        let paths = |pattern| Paths::new([pattern], []).expect("a good pattern");
        assert!(paths("/*/x").matches("/a/x") && !paths("/*/x").matches("/a/b/x"));
        assert!(paths("/**/x").matches("/a/b/x") && !paths("/**/x").matches("/x"));
        assert!(paths("/**.html").matches("/a/b.html"));
    }

    #[test]
    fn a_bad_pattern_is_refused_with_what_to_write() {
        for (written, instead) in
            [("help", "/help/**"), ("*.html", "write /**/*.html"), ("/a/{b,c}", "one pattern for each")]
        {
            let message = Paths::new([written], []).expect_err("a bad pattern");
            assert!(message.contains(instead), "{written}: {message}");
        }
    }
}
