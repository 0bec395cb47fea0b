//! What is wrong with a configuration, and where: one sentence each, all of them at once.
//!
//! Made by every step that reads or checks; printed by `cli`, one line each.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where something was written: a place in a file, a file as a whole, or a flag of the command line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The file as the owner named it, or the flag (`--listen`).
    pub source: Arc<str>,
    /// The place in the file; none for a flag, or a file that cannot be read.
    pub position: Option<Position>,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in characters.
    pub column: u32,
}

/// One thing that is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub at: At,
    /// `what is wrong; what to write instead`, in one line.
    pub message: String,
}

/// Everything that is wrong, ordered by file and place. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl At {
    /// A flag of the command line, or a file as a whole.
    pub(crate) fn whole(source: impl Into<Arc<str>>) -> At {
        At { source: source.into(), position: None }
    }

    /// The first byte of a file.
    pub(crate) fn start_of(file: &Path) -> At {
        At { source: file.display().to_string().into(), position: Some(Position { line: 1, column: 1 }) }
    }
}

impl Problem {
    /// A problem there. Line breaks in the message become blanks: a problem is a line.
    pub(crate) fn new(at: At, message: impl Into<String>) -> Problem {
        let mut message = message.into();
        if message.contains(['\n', '\r']) {
            message = message.replace(['\n', '\r'], " ");
        }
        Problem { at, message }
    }
}

impl Problems {
    /// Orders the problems; none where there is none.
    pub fn of(mut problems: Vec<Problem>) -> Option<Problems> {
        problems.sort();
        problems.dedup();
        (!problems.is_empty()).then_some(Problems(problems))
    }

    /// The problems, ordered by file and place.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        match self.position {
            Some(Position { line, column }) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
