//! The tables: a value, a bar behind it for its share of the largest, and how often.

use std::fmt::{self, Display, Formatter};

use crate::admin::html::{Grouped, esc};
use crate::stats::Count;

/// Rows that are seen at once; the others unfold.
const SEEN: usize = 10;
/// Rows that stand in the page at all; the command prints as many as one likes.
pub(in crate::admin) const ROWS: usize = 100;

/// A table of counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) title: &'a str,
    /// What the values are, at their column's head.
    pub(super) values: &'a str,
    /// What is counted, at the numbers' head.
    pub(super) counted: &'a str,
    /// A sentence where there is no row.
    pub(super) none: &'a str,
    pub(super) rows: &'a [Count],
    /// A line that explains a value; empty where there is none.
    pub(super) explain: fn(&str) -> &'static str,
}

impl Table<'_> {
    fn rows(&self, out: &mut Formatter<'_>, rows: &[Count], most: u64) -> fmt::Result {
        writeln!(
            out,
            "<table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"n\">{}</th></tr></thead>\n<tbody>",
            esc(self.values),
            esc(self.counted)
        )?;
        for row in rows {
            let share = 100.0 * row.n as f64 / most.max(1) as f64;
            let value = if row.value.is_empty() { "(none)" } else { &row.value };
            write!(
                out,
                "<tr><th scope=\"row\"><svg class=\"share\" aria-hidden=\"true\"><rect width=\"{share:.2}%\" height=\"100%\"/>\
                 </svg><bdi title=\"{0}\">{0}</bdi>",
                esc(value)
            )?;
            let line = (self.explain)(&row.value);
            if !line.is_empty() {
                write!(out, "<small>{}</small>", esc(line))?;
            }
            writeln!(out, "</th><td class=\"n\">{}</td></tr>", Grouped(row.n))?;
        }
        writeln!(out, "</tbody></table>")
    }
}

impl Display for Table<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(out, "<section class=\"card\">\n<h2>{}</h2>", esc(self.title))?;
        let most = self.rows.iter().map(|row| row.n).max().unwrap_or(0);
        let shown = self.rows.get(..ROWS).unwrap_or(self.rows);
        match shown.split_at_checked(SEEN) {
            _ if shown.is_empty() => writeln!(out, "<p class=\"quiet\">{}</p>", esc(self.none))?,
            Some((seen, more)) if !more.is_empty() => {
                self.rows(out, seen, most)?;
                writeln!(out, "<details><summary>{} more</summary>", more.len())?;
                self.rows(out, more, most)?;
                writeln!(out, "</details>")?;
            }
            _ => self.rows(out, shown, most)?,
        }
        writeln!(out, "</section>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[Count]) -> String {
        let explain = |word: &str| if word == "csp" { "Would be blocked." } else { "" };
        Table { title: "Pages", values: "Path", counted: "Views", none: "No page yet.", rows, explain }.to_string()
    }

    fn count(value: &str, n: u64) -> Count {
        Count { value: value.to_owned(), n }
    }

    #[test]
    fn values_from_strangers_are_escaped_everywhere() {
        let page = table(&[count("/\"><script>alert(1)</script>", 1)]);
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("&quot;&gt;&lt;script&gt;").count(), 2, "in the attribute and in the text");
    }

    #[test]
    fn a_table_without_rows_says_so() {
        assert!(table(&[]).contains("No page yet."));
        assert!(!table(&[]).contains("<table"));
    }

    #[test]
    fn shares_stay_numbers_whatever_was_counted() {
        let page = table(&[count("a", u64::MAX), count("b", 0)]);
        assert!(page.contains("width=\"100.00%\"") && page.contains("width=\"0.00%\""), "{page}");
        assert!(table(&[count("a", 0)]).contains("width=\"0.00%\""));
    }

    #[test]
    fn rows_beyond_the_tenth_unfold_and_the_page_is_bounded() {
        let rows: Vec<Count> = (0..500).map(|n| count(&format!("/{n}"), 500 - n)).collect();
        let page = table(&rows);
        assert!(page.contains("<summary>90 more</summary>"), "the rest unfolds");
        assert_eq!(page.matches("<tr><th scope=\"row\">").count(), ROWS);
        assert!(!table(rows.get(..10).unwrap_or(&[])).contains("<details>"), "ten rows need no fold");
    }

    #[test]
    fn a_value_with_an_explanation_shows_it() {
        assert!(table(&[count("csp", 1)]).contains("<small>Would be blocked.</small>"));
        assert!(table(&[count("", 1)]).contains(">(none)</bdi>"));
    }
}
