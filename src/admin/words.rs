//! One line for each word that the owner's page shows: what it means, and where it helps, what to do.

use http::StatusCode;

use crate::inject::Reason;
use crate::ledger::DropReason;

/// What an outcome's word in the statistics means; empty for a word of another version.
pub(super) fn of_outcome(word: &str) -> &'static str {
    if word == "tagged" {
        return "Our script, or a tag of yours, was placed.";
    }
    Reason::ALL.into_iter().find(|reason| reason.word() == word).map_or("", of_reason)
}

/// Why a page was left alone.
fn of_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Method => "The request was neither GET, HEAD nor POST.",
        Reason::Status => "Only pages with status 200 are tagged.",
        Reason::Upgrade => "The request asked to switch protocols, to a WebSocket for instance.",
        Reason::NotHtml => "The answer was not HTML.",
        Reason::Attachment => "The answer was to be saved, not shown.",
        Reason::Partial => "The answer was only a part of a page.",
        Reason::Empty => "The answer had no body.",
        Reason::NotDocument => "A fragment or a fetch of a script, not a page that a visitor opened.",
        Reason::Disabled => "The site has tag = false.",
        Reason::Path => "The path is not in paths, is in not_paths, or ends like a file that is no page.",
        Reason::OptOut => "The visitor opted out.",
        Reason::Gpc => "The visitor's browser sends Sec-GPC: 1.",
        Reason::Dnt => "The visitor's browser sends DNT: 1.",
        Reason::NoTransform => "The site forbids changes with Cache-Control: no-transform.",
        Reason::Encoding => "The answer was compressed. Let the site answer without compression for now.",
        Reason::Charset => "A charset in which our tag would read differently, such as UTF-16.",
        Reason::AlreadyTagged => "Another Inlay behind this one has tagged the page.",
        Reason::Sandbox => "The page's policy is a sandbox without scripts.",
        Reason::Csp => "The page's Content-Security-Policy would block our script.",
        Reason::Percent => "The site's percent left this view out.",
        Reason::Shadow => "The site is in shadow: tagging was worked out, and the page was sent as it was.",
        Reason::Amp => "An AMP page takes no scripts but its own.",
        Reason::Parser => "The page could not be read to the tag's place. It was sent on as it was.",
        Reason::NoPlace => "The page ended before a place for the tag was found.",
    }
}

/// What a status code is called.
pub(super) fn of_status(code: &str) -> &'static str {
    StatusCode::from_bytes(code.as_bytes()).ok().and_then(|status| status.canonical_reason()).unwrap_or("")
}

/// Why an event was not recorded, or did not stay; empty for a word of another version.
pub(super) fn of_drop(word: &str) -> &'static str {
    match DropReason::ALL.into_iter().find(|reason| reason.word() == word) {
        Some(DropReason::QueueFull) => "More came in than the disk could take.",
        Some(DropReason::Ledger) => "The ledger could not be written: a full disk, for instance.",
        Some(DropReason::Retention) => "Older than retention_days; its counts stay.",
        Some(DropReason::Shutdown) => "It came while the process was stopping.",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_explained_in_one_line() {
        for reason in Reason::ALL {
            let line = of_outcome(reason.word());
            assert!(line.ends_with('.') && !line.contains('\n'), "{}: {line:?}", reason.word());
        }
        assert_ne!(of_outcome("tagged"), "");
    }

    #[test]
    fn a_word_of_another_version_has_no_line() {
        assert_eq!(of_outcome("mirage"), "");
        assert_eq!(of_drop("later"), "");
    }
}
