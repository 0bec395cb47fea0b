//! The one report of this version: what `inlay stats` prints and the owner's page shows.

use jiff::civil::Date;

/// A value and how often it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// A path, a host, a campaign, a status, an outcome's word.
    pub value: String,
    /// How often.
    pub n: u64,
}

/// Views in an hour or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period<T> {
    /// Its beginning: a site day, or an hour as hours since 1970 (UTC).
    pub at: T,
    /// Views of people.
    pub views: u64,
    /// Views of declared bots.
    pub bots: u64,
}

/// What was counted on some days, for one site or all.
#[derive(Debug, Clone)]
pub struct Report {
    /// The site's name; `None` is all of them.
    pub site: Option<String>,
    /// First day, inclusive.
    pub from: Date,
    /// Last day, inclusive.
    pub to: Date,
    /// Views of people.
    pub views: u64,
    /// Views of declared bots.
    pub bot_views: u64,
    /// Every day of the report, without gaps.
    pub days: Vec<Period<Date>>,
    /// The last 48 hours, or those of the day where it is a report of one; without gaps.
    pub hours: Vec<Period<i64>>,
    /// Most viewed paths, most first.
    pub pages: Vec<Count>,
    /// Referring hosts.
    pub referrers: Vec<Count>,
    /// `utm_campaign`.
    pub campaigns: Vec<Count>,
    /// `utm_source`.
    pub sources: Vec<Count>,
    /// Status codes of views.
    pub statuses: Vec<Count>,
    /// Pages by final word: `tagged`, or the reason why not.
    pub outcomes: Vec<Count>,
    /// Names of declared bots.
    pub bots: Vec<Count>,
    /// Events dropped, by reason.
    pub dropped: Vec<Count>,
}

impl Report {
    /// Whether nothing at all was counted on its days.
    pub fn is_empty(&self) -> bool {
        self.views == 0 && self.bot_views == 0 && self.outcomes.is_empty() && self.dropped.is_empty()
    }
}
