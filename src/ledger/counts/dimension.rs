//! What is counted: the dimensions of the tables `counts` and `months`, whose numbers never change.

/// A dimension of the counts. The number is what stands in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Dimension {
    /// Views of people; the value is empty.
    View = 0,
    /// Views of declared bots, by the bot's name. They count nowhere else but in `hours.bots` and under their outcome.
    Bot = 1,
    /// Views of people by path, where the status is 2xx or 304.
    Page = 2,
    /// By the referring host, where it is not the site's own.
    Referrer = 3,
    /// By `utm_campaign`.
    Campaign = 4,
    /// By `utm_source`.
    Source = 5,
    /// Views of people by status.
    Status = 6,
    /// Pages by their final word, of everybody.
    Outcome = 7,
    /// Hits and rows dropped, by reason.
    Dropped = 8,
    /// Views of people by language.
    Language = 9,
}

impl Dimension {
    /// Every dimension, each at the place of its number.
    pub(crate) const ALL: [Dimension; 10] = [
        Dimension::View,
        Dimension::Bot,
        Dimension::Page,
        Dimension::Referrer,
        Dimension::Campaign,
        Dimension::Source,
        Dimension::Status,
        Dimension::Outcome,
        Dimension::Dropped,
        Dimension::Language,
    ];

    /// Its number in the tables.
    pub(crate) fn number(self) -> i64 {
        self as i64
    }

    /// Whether its values come from outside, so that only the first [`MAX_VALUES`] of a site's day are told apart.
    pub(super) fn is_open(self) -> bool {
        !matches!(self, Dimension::View | Dimension::Status | Dimension::Outcome | Dimension::Dropped)
    }
}

/// How many values of a dimension a site's day tells apart.
pub(super) const MAX_VALUES: usize = 10_000;
/// The value that all others are counted under.
pub(super) const OTHER: &str = "(other)";

#[cfg(test)]
mod tests {
    use super::*;

    /// How the visitor's page names what stays of a dimension.
    fn named(dimension: Dimension) -> &'static str {
        match dimension {
            Dimension::View => "how many pages were viewed",
            Dimension::Bot => "robot",
            Dimension::Page => "a page,",
            Dimension::Referrer => "a referring site",
            Dimension::Campaign => "a campaign",
            Dimension::Source => "utm_source",
            Dimension::Status => "a status",
            Dimension::Outcome => "left alone, and why",
            Dimension::Dropped => "records were deleted or lost",
            Dimension::Language => "a language",
        }
    }

    #[test]
    fn the_visitors_page_names_every_count_that_stays() {
        let words: toml::Table = include_str!("../../collect/words/en.toml").parse().expect("the page's words");
        for key in ["days", "one_day"] {
            let said = words["keep"][key].as_str().expect("a sentence");
            for dimension in Dimension::ALL {
                assert!(said.contains(named(dimension)), "`keep.{key}` does not name {dimension:?}: {said}");
            }
        }
    }

    #[test]
    fn each_dimension_stands_at_the_place_of_its_number() {
        for (number, dimension) in (0..).zip(Dimension::ALL) {
            assert_eq!(dimension.number(), number, "{dimension:?}");
        }
    }
}
