//! The closed list of reasons for which a page is not tagged, and their one wire name each.

/// Why a page was not tagged. The order is the order in which they are tried; the first that holds is the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Neither GET, HEAD nor POST.
    Method,
    /// Not a status whose pages are tagged.
    Status,
    /// The request asked to switch protocols.
    Upgrade,
    /// The answer is not HTML.
    NotHtml,
    /// The answer is to be saved, not shown.
    Attachment,
    /// A part of a page.
    Partial,
    /// No body.
    Empty,
    /// Not a document: a fragment, a fetch, no navigation.
    NotDocument,
    /// The site's `tag` is false.
    Disabled,
    /// The site's `paths` and `not_paths`, or a file name that is not a page's.
    Path,
    /// The visitor's opt-out cookie.
    OptOut,
    /// The visitor's `Sec-GPC: 1`.
    Gpc,
    /// The visitor's `DNT: 1`.
    Dnt,
    /// `Cache-Control: no-transform`.
    NoTransform,
    /// A content coding.
    Encoding,
    /// A charset in which ASCII bytes are no ASCII.
    Charset,
    /// Another Inlay has tagged it.
    AlreadyTagged,
    /// A `sandbox` policy without scripts.
    Sandbox,
    /// A policy that would block the script.
    Csp,
    /// The site's `percent`: this view was not drawn.
    Percent,
    /// The site's `mode` is `shadow`: tagged for itself alone.
    Shadow,
    /// An AMP document.
    Amp,
    /// The rewriter failed.
    Parser,
    /// The page ended without the place.
    NoPlace,
}

impl Reason {
    /// Every reason, in order.
    pub const ALL: [Reason; 24] = [
        Reason::Method,
        Reason::Status,
        Reason::Upgrade,
        Reason::NotHtml,
        Reason::Attachment,
        Reason::Partial,
        Reason::Empty,
        Reason::NotDocument,
        Reason::Disabled,
        Reason::Path,
        Reason::OptOut,
        Reason::Gpc,
        Reason::Dnt,
        Reason::NoTransform,
        Reason::Encoding,
        Reason::Charset,
        Reason::AlreadyTagged,
        Reason::Sandbox,
        Reason::Csp,
        Reason::Percent,
        Reason::Shadow,
        Reason::Amp,
        Reason::Parser,
        Reason::NoPlace,
    ];

    /// The whole value of `X-Inlay` for it.
    pub(super) fn header(self) -> &'static str {
        match self {
            Reason::Method => "skipped; reason=method",
            Reason::Status => "skipped; reason=status",
            Reason::Upgrade => "skipped; reason=upgrade",
            Reason::NotHtml => "skipped; reason=not-html",
            Reason::Attachment => "skipped; reason=attachment",
            Reason::Partial => "skipped; reason=partial",
            Reason::Empty => "skipped; reason=empty",
            Reason::NotDocument => "skipped; reason=not-document",
            Reason::Disabled => "skipped; reason=disabled",
            Reason::Path => "skipped; reason=path",
            Reason::OptOut => "skipped; reason=opt-out",
            Reason::Gpc => "skipped; reason=gpc",
            Reason::Dnt => "skipped; reason=dnt",
            Reason::NoTransform => "skipped; reason=no-transform",
            Reason::Encoding => "skipped; reason=encoding",
            Reason::Charset => "skipped; reason=charset",
            Reason::AlreadyTagged => "skipped; reason=already-tagged",
            Reason::Sandbox => "skipped; reason=sandbox",
            Reason::Csp => "skipped; reason=csp",
            Reason::Percent => "skipped; reason=percent",
            Reason::Shadow => "skipped; reason=shadow",
            Reason::Amp => "skipped; reason=amp",
            Reason::Parser => "skipped; reason=parser",
            Reason::NoPlace => "skipped; reason=no-place",
        }
    }

    /// The word in the header, the metric, the log and the statistics.
    pub fn word(self) -> &'static str {
        let header = self.header();
        header.rsplit('=').next().unwrap_or(header)
    }
}

/// The final word about a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Our own tag was placed, and no snippet of the owner's was lost by what the rewriter cannot read.
    Tagged,
    /// It was left alone.
    Skipped(Reason),
}

impl Outcome {
    /// How many outcomes there are: tagged, and each reason.
    pub const COUNT: usize = Reason::ALL.len() + 1;

    /// A small number for tables and records: 0 is tagged, then the reasons in order.
    pub fn code(self) -> u8 {
        match self {
            Outcome::Tagged => 0,
            Outcome::Skipped(reason) => reason as u8 + 1,
        }
    }

    /// The outcome of a [`Outcome::code`].
    pub fn from_code(code: u8) -> Option<Outcome> {
        match code.checked_sub(1) {
            None => Some(Outcome::Tagged),
            Some(at) => Reason::ALL.get(usize::from(at)).map(|reason| Outcome::Skipped(*reason)),
        }
    }

    /// `tagged`, or the reason's word.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Tagged => "tagged",
            Outcome::Skipped(reason) => reason.word(),
        }
    }
}
