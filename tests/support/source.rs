//! Rust's sources as text, for tests that hold the code against a rule.

/// The code with its lines, each up to `//` outside of a string.
pub fn without_comments(text: &str) -> String {
    let cut = |line: &str| {
        let comment = line.match_indices("//").find(|(at, _)| line[..*at].matches('"').count().is_multiple_of(2));
        format!("{}\n", comment.map_or(line, |(at, _)| &line[..at]))
    };
    text.lines().map(cut).collect()
}
