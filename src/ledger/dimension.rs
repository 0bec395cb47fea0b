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
