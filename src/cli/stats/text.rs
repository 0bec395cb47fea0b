//! The report for people: numbers in a column of one width, what was counted behind them.
//!
//! Paths and hosts come from strangers. What could steer a terminal, or turn its text round, is shown as an escape.

use std::io::{self, Write};

use jiff::civil::Date;

use crate::stats::{Count, Period, Report};

/// Longest text that is shown of a value, in characters.
const MAX_TEXT: usize = 100;
/// More days than this are shown by month.
const MAX_DAYS: usize = 62;
/// Length of the longest bar, in characters.
const BAR: u64 = 30;

/// A line of the table of days or months.
struct Line {
    label: String,
    views: u64,
    bots: u64,
}

/// Writes the report as text.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let site = report.site.as_deref().map_or("all sites".to_owned(), |name| format!("site {}", shown(name)));
    let days = match report.days.len() {
        1 => format!("on {}", report.to),
        days => format!("from {} to {} ({days} days)", report.from, report.to),
    };
    if report.is_empty() {
        return writeln!(out, "Nothing was recorded yet for {site} {days}.");
    }
    writeln!(out, "Views of {site} {days}\n")?;
    let width = width(report);
    writeln!(out, "{:>width$}  by people", grouped(report.views))?;
    writeln!(out, "{:>width$}  by bots that say so", grouped(report.bot_views))?;
    periods(out, report, width)?;
    table(out, "Pages", &report.pages, width)?;
    table(out, "Referrers", &report.referrers, width)?;
    table(out, "Campaigns", &report.campaigns, width)?;
    table(out, "Sources", &report.sources, width)?;
    table(out, "Statuses", &report.statuses, width)?;
    table(out, "Bots", &report.bots, width)?;
    let (tagged, skipped): (Vec<_>, Vec<_>) =
        report.outcomes.iter().cloned().partition(|count| count.value == "tagged");
    let tagged = tagged.iter().map(|count| count.n).sum();
    writeln!(out, "\nPages tagged\n{:>width$}", grouped(tagged))?;
    table(out, "Pages not tagged, by reason", &skipped, width)?;
    table(out, "Events dropped, by reason", &report.dropped, width)
}

/// The width of the greatest number, so that all stand in one column.
fn width(report: &Report) -> usize {
    let tables = [
        &report.pages,
        &report.referrers,
        &report.campaigns,
        &report.sources,
        &report.statuses,
        &report.bots,
        &report.outcomes,
        &report.dropped,
    ];
    let counts = tables.into_iter().flatten().map(|count| count.n);
    let greatest = counts.chain([report.views, report.bot_views]).max().unwrap_or(0);
    grouped(greatest).len().max(8)
}

fn table(out: &mut dyn Write, title: &str, counts: &[Count], width: usize) -> io::Result<()> {
    writeln!(out, "\n{title}")?;
    if counts.is_empty() {
        return writeln!(out, "{:>width$}", "none");
    }
    for count in counts {
        writeln!(out, "{:>width$}  {}", grouped(count.n), shown(&count.value))?;
    }
    Ok(())
}

fn periods(out: &mut dyn Write, report: &Report, width: usize) -> io::Result<()> {
    let by_month = report.days.len() > MAX_DAYS;
    let lines = if by_month { months(&report.days) } else { report.days.iter().map(day).collect() };
    let label = if by_month { "month" } else { "day" };
    writeln!(out, "\n{:>width$}  {:>width$}  {label}", "people", "bots")?;
    let most = lines.iter().map(|line| line.views).max().unwrap_or(0);
    for line in lines {
        let bar = bar(line.views, most);
        let text = format!("{:>width$}  {:>width$}  {}  {bar}", grouped(line.views), grouped(line.bots), line.label);
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

fn day(day: &Period<Date>) -> Line {
    Line { label: day.at.to_string(), views: day.views, bots: day.bots }
}

fn months(days: &[Period<Date>]) -> Vec<Line> {
    let month = |day: &Period<Date>| day.at.first_of_month();
    let sum = |days: &[Period<Date>]| Line {
        label: days.first().map_or_else(String::new, |day| format!("{:04}-{:02}", day.at.year(), day.at.month())),
        views: days.iter().map(|day| day.views).sum(),
        bots: days.iter().map(|day| day.bots).sum(),
    };
    days.chunk_by(|one, next| month(one) == month(next)).map(sum).collect()
}

/// A bar in eighths of a character.
fn bar(n: u64, most: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(n) * u128::from(BAR * 8) / u128::from(most.max(1));
    let (whole, rest) = ((eighths / 8) as usize, (eighths % 8) as usize);
    "█".repeat(whole) + EIGHTHS.get(rest).unwrap_or(&"")
}

/// `1234567` as `1,234,567`.
pub(in crate::cli) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value as a terminal may be given it.
fn shown(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for (at, c) in value.chars().enumerate() {
        if at == MAX_TEXT {
            text.push('…');
            break;
        }
        if c.is_control() || turns_text(c) { text.extend(c.escape_unicode()) } else { text.push(c) }
    }
    text
}

/// Unicode's line and paragraph separators, and what sets the direction of the text behind it.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
