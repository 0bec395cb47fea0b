//! A graph of bars as SVG, and the same numbers as a table for those who do not see it.
//!
//! Lengths across are percentages and heights are pixels, so that a phone gets the same type size as a desk.

use std::fmt::{self, Display, Formatter};

use super::scale::Scale;
use crate::admin::html::{Grouped, Short, esc};

/// Room above the highest line, for its number.
const HEAD: f64 = 8.0;
/// Height of the highest bar.
const PLOT: f64 = 150.0;
/// Height of the whole: the plot, and the names of periods below it.
const HEIGHT: f64 = HEAD + PLOT + 26.0;
/// A bar for a number that is not 0 is at least so high.
const LEAST: f64 = 2.0;

/// One period.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    /// What the period is called.
    pub(super) name: String,
    /// Its short name, where one stands below it.
    pub(super) tick: Option<String>,
    /// Views of people.
    pub(super) views: u64,
    /// Views of declared bots.
    pub(super) bots: u64,
}

/// A graph.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    /// Its id in the page.
    pub(super) id: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
    /// What a period is called at the head of the table.
    pub(super) period: &'static str,
    /// The periods, oldest first.
    pub(super) bars: Vec<Bar>,
}

impl Graph {
    fn scale(&self) -> Scale {
        Scale::for_max(self.bars.iter().map(|bar| bar.views).max().unwrap_or(0))
    }

    /// One sentence for those who do not see the graph.
    fn summary(&self) -> String {
        let all = self.bars.iter().fold(0u64, |sum, bar| sum.saturating_add(bar.views));
        match (self.bars.first(), self.bars.last(), self.bars.iter().max_by_key(|bar| bar.views)) {
            (Some(first), Some(last), Some(most)) if all > 0 => format!(
                "{} views from {} to {}; the most, {}, in {}.",
                Grouped(all),
                first.name,
                last.name,
                Grouped(most.views),
                most.name,
            ),
            _ => "No views in this time.".to_owned(),
        }
    }

    fn numbers(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "<svg class=\"scale\" width=\"44\" height=\"{HEIGHT}\" aria-hidden=\"true\">")?;
        for (value, share) in std::iter::once((0, 0.0)).chain(self.scale().lines()) {
            write!(out, "<text x=\"38\" y=\"{:.1}\">{}</text>", y(share) + 4.0, Short(value))?;
        }
        writeln!(out, "</svg>")
    }

    fn drawing(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (id, scale) = (self.id, self.scale());
        writeln!(
            out,
            "<svg class=\"bars\" height=\"{HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-title {id}-summary\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-summary\">{}</desc>",
            esc(self.title),
            esc(&self.summary()),
        )?;
        for (_, share) in scale.lines() {
            write!(out, "<line class=\"line\" x2=\"100%\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>", y(share))?;
        }
        let step = 100.0 / self.bars.len().max(1) as f64;
        for (at, bar) in self.bars.iter().enumerate() {
            bar.draw(out, at as f64 * step, step, scale.share(bar.views))?;
        }
        writeln!(out, "<line class=\"ground\" x2=\"100%\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>\n</svg>", y(0.0))
    }

    fn table(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "<details><summary>As a table</summary>\n<table><thead><tr><th scope=\"col\">{}</th>\
             <th scope=\"col\" class=\"n\">Views</th><th scope=\"col\" class=\"n\">Bots</th></tr></thead>\n<tbody>",
            esc(self.period)
        )?;
        for bar in self.bars.iter().rev() {
            writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                esc(&bar.name),
                Grouped(bar.views),
                Grouped(bar.bots),
            )?;
        }
        writeln!(out, "</tbody></table>\n</details>")
    }
}

impl Display for Graph {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(out, "<section class=\"card graph\">\n<h2>{}</h2>\n<div class=\"plot\">", esc(self.title))?;
        self.numbers(out)?;
        self.drawing(out)?;
        writeln!(out, "</div>")?;
        self.table(out)?;
        writeln!(out, "</section>")
    }
}

impl Bar {
    /// Draws the bar in its column, `step` percent wide; the whole column shows the numbers when it is pointed at.
    fn draw(&self, out: &mut Formatter<'_>, left: f64, step: f64, share: f64) -> fmt::Result {
        write!(
            out,
            "<g><title>{}: {} views, {} of bots</title><rect class=\"column\" x=\"{left:.3}%\" y=\"{HEAD}\" \
             width=\"{step:.3}%\" height=\"{PLOT}\"/>",
            esc(&self.name),
            Grouped(self.views),
            Grouped(self.bots),
        )?;
        if self.views > 0 {
            let height = (PLOT * share).max(LEAST);
            // Bars too thin for a gap overlap a little instead: a seam between them would shimmer.
            let (gap, round) = if step > 1.5 {
                (step * 0.1, 2)
            } else if step > 0.5 {
                (step * 0.08, 0)
            } else {
                (-0.03, 0)
            };
            let (x, width) = ((left + gap).max(0.0), step - 2.0 * gap);
            write!(
                out,
                "<rect class=\"bar\" x=\"{x:.3}%\" y=\"{:.1}\" width=\"{width:.3}%\" height=\"{height:.1}\" rx=\"{round}\"/>",
                HEAD + PLOT - height,
            )?;
        }
        if let Some(tick) = &self.tick {
            let middle = left + step / 2.0;
            let anchor = if middle < 5.0 {
                "start"
            } else if middle > 95.0 {
                "end"
            } else {
                "middle"
            };
            let x = if middle < 5.0 {
                left
            } else if middle > 95.0 {
                left + step
            } else {
                middle
            };
            write!(out, "<text x=\"{x:.3}%\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>", HEIGHT - 6.0, esc(tick))?;
        }
        writeln!(out, "</g>")
    }
}

/// Where a share of the height lies, from the top.
fn y(share: f64) -> f64 {
    HEAD + PLOT * (1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(views: &[u64]) -> String {
        let bars = views.iter().map(|views| Bar {
            name: "now".to_owned(),
            tick: Some("<now>".to_owned()),
            views: *views,
            bots: 7,
        });
        Graph { id: "hours", title: "Views by hour", period: "Hour", bars: bars.collect() }.to_string()
    }

    /// The numbers of an attribute, wherever it stands.
    fn numbers(svg: &str, attribute: &str) -> Vec<f64> {
        let begins = format!(" {attribute}=\"");
        let parts = svg.split(&begins).skip(1);
        parts.map(|part| part.split(['"', '%']).next().unwrap_or("").parse().expect("a plain number")).collect()
    }

    #[test]
    fn every_number_in_the_drawing_is_finite_and_inside_it() {
        for views in [vec![], vec![0], vec![1], vec![0, 1, 2], vec![u64::MAX, 0, u64::MAX], vec![1; 366]] {
            let svg = graph(&views);
            for attribute in ["x", "y", "width", "height", "y1", "y2"] {
                for n in numbers(&svg, attribute) {
                    assert!((0.0..=HEIGHT).contains(&n), "{attribute}={n} with {} bars", views.len());
                }
            }
        }
    }

    #[test]
    fn a_period_without_views_has_no_bar_and_the_smallest_number_can_be_seen() {
        assert_eq!(graph(&[0, 0]).matches("class=\"bar\"").count(), 0);
        let tiny = graph(&[1, 1_000_000]);
        assert_eq!(tiny.matches("class=\"bar\"").count(), 2);
        assert!(tiny.contains(&format!("height=\"{LEAST:.1}\"")), "a bar of the least height");
    }

    #[test]
    fn the_graph_says_in_words_what_it_shows() {
        assert!(graph(&[0]).contains("No views in this time."));
        let svg = graph(&[3, 1_500]);
        assert!(svg.contains("1,503 views from now to now; the most, 1,500, in now."), "{svg}");
        assert!(svg.contains("aria-labelledby=\"hours-title hours-summary\""));
    }

    #[test]
    fn the_table_has_every_period_and_names_are_escaped() {
        let svg = graph(&[3, 0, 4]);
        assert_eq!(svg.matches("<th scope=\"row\">").count(), 3);
        assert!(svg.contains("&lt;now&gt;") && !svg.contains("<now>"));
    }
}
