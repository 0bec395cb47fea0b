//! The words of the visitor's page: one file a language, a field a text, so that a text that is missing, misspelt or not used
//! does not build or fails its test.

use std::sync::LazyLock;

use http::HeaderMap;
use serde::Deserialize;

use super::super::accept::liked_language;

/// All words, by the part of the page where they stand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) lang: String,
    pub(super) page: Page,
    pub(super) now: Now,
    pub(super) choice: Choice,
    pub(super) signals: Signals,
    pub(super) record: Record,
    pub(super) keep: Keep,
    pub(super) who: Who,
    pub(super) confirm: Confirm,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) intro: String,
    pub(super) made_by: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Now {
    pub(super) heading: String,
    pub(super) recorded: String,
    pub(super) not_recorded: String,
    pub(super) nothing_said: String,
    pub(super) ignored_gpc: String,
    pub(super) ignored_dnt: String,
    pub(super) by_cookie: String,
    pub(super) by_gpc: String,
    pub(super) by_dnt: String,
    pub(super) also_gpc: String,
    pub(super) also_dnt: String,
    pub(super) in_browser: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    pub(super) opt_out: String,
    pub(super) opt_in: String,
    pub(super) heading: String,
    pub(super) effect: String,
    pub(super) stored: String,
    pub(super) cookie: String,
    pub(super) covers_domain: String,
    pub(super) covers_host: String,
    pub(super) not_covered: String,
    pub(super) others: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signals {
    pub(super) heading: String,
    pub(super) signal: String,
    pub(super) sent: String,
    pub(super) honored: String,
    pub(super) cookie: String,
    pub(super) gpc: String,
    pub(super) dnt: String,
    pub(super) sent_yes: String,
    pub(super) sent_no: String,
    pub(super) honored_yes: String,
    pub(super) honored_no: String,
    pub(super) honored_always: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) heading: String,
    pub(super) time: String,
    pub(super) path: String,
    pub(super) path_and_keys: String,
    pub(super) status: String,
    pub(super) referrer: String,
    pub(super) campaign: String,
    pub(super) language: String,
    pub(super) robot: String,
    pub(super) number: String,
    pub(super) never_heading: String,
    pub(super) never: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keep {
    pub(super) heading: String,
    pub(super) days: String,
    pub(super) one_day: String,
    pub(super) forwarded: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Who {
    pub(super) heading: String,
    pub(super) operator: String,
    pub(super) contact: String,
    pub(super) no_contact: String,
    pub(super) inlay_only: String,
    pub(super) snippets: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    pub(super) title: String,
    pub(super) opt_out: String,
    pub(super) opt_in: String,
    pub(super) back: String,
}

/// The languages' files. The first is taken where none of them is asked for.
pub(in crate::collect) const LANGUAGES: [&str; 4] = [
    include_str!("../words/en.toml"),
    include_str!("../words/de.toml"),
    include_str!("../words/fr.toml"),
    include_str!("../words/es.toml"),
];

/// The words in the language that the visitor likes best.
pub(super) fn of(headers: &HeaderMap) -> &'static Words {
    static WORDS: LazyLock<[Words; 4]> = LazyLock::new(|| {
        LANGUAGES.map(|file| toml::from_str(file).expect("the files are a part of the program, and a test reads them"))
    });
    let liked = liked_language(headers, &WORDS.each_ref().map(|words| words.lang.as_str()));
    let [first, ..] = &*WORDS;
    liked.and_then(|at| WORDS.get(at)).unwrap_or(first)
}
