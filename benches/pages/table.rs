//! Samples, their medians and ratios, and whether a budget is kept.

use std::collections::HashMap;

/// Measured values by page and by who was measured, in the order of the rounds.
#[derive(Debug, Default)]
pub struct Samples(HashMap<(&'static str, &'static str), Vec<f64>>);

/// How much more one may cost than another.
#[derive(Debug)]
pub struct Budget {
    pub page: &'static str,
    pub who: &'static str,
    pub than: &'static str,
    pub most: f64,
}

impl Samples {
    pub fn add(&mut self, page: &'static str, who: &'static str, value: f64) {
        self.0.entry((page, who)).or_default().push(value);
    }

    /// One row for each who, one column for each page.
    pub fn print(&self, pages: &[&'static str], names: &[&'static str]) {
        header(pages);
        for who in names {
            let cells = pages.iter().map(|page| {
                let mut values = self.of(page, who).to_vec();
                let middle = median(&mut values);
                format!("{middle:.1} ({:.1}-{:.1})", values[0], values[values.len() - 1])
            });
            row(who, cells);
        }
    }

    /// One row for each of the others.
    pub fn print_ratios(&self, pages: &[&'static str], who: &'static str, names: &[&'static str]) {
        header(pages);
        for than in names.iter().filter(|than| **than != who) {
            row(than, pages.iter().map(|page| format!("{:.2}", self.ratio(page, who, than))));
        }
    }

    /// Says whether a budget is kept, with the figure.
    pub fn judge(&self, budget: &Budget) {
        let Budget { page, who, than, most } = budget;
        let ratio = self.ratio(page, who, than);
        let word = if ratio <= *most { "kept" } else { "NOT KEPT" };
        println!("budget {word}: {page}: {who} / {than} = {ratio:.2}, at most {most:.2}");
    }

    /// The median of the rounds' own ratios: a round's two values were taken close to each other.
    fn ratio(&self, page: &'static str, who: &'static str, than: &'static str) -> f64 {
        let pairs = self.of(page, who).iter().zip(self.of(page, than));
        median(&mut pairs.map(|(who, than)| who / than).collect::<Vec<_>>())
    }

    fn of(&self, page: &'static str, who: &'static str) -> &[f64] {
        self.0.get(&(page, who)).expect("everyone was measured")
    }
}

/// Sorts the values and returns the one in the middle.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn header(pages: &[&str]) {
    row("", pages.iter().map(|page| page.trim_end_matches(".html").to_owned()));
}

fn row(name: &str, cells: impl Iterator<Item = String>) {
    let cells: String = cells.map(|cell| format!("{cell:>24}")).collect();
    println!("{name:<32}{cells}");
}
