//! The visitor's page as HTML: its frame, the verdict with its reasons, and the button.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use ring::digest;

use crate::signal::{Refusal, Standing};

use super::html::Html;
use super::words::Words;
use super::{Choice, Facts, sections};

pub(super) const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

const STYLE: &str = include_str!("page.css");

/// The page's policy: its one style sheet by hash, forms to ourselves, nothing else.
pub(super) fn policy() -> HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        HeaderValue::try_from(policy).expect("a policy of keywords and base64 is visible ASCII")
    });
    POLICY.clone()
}

/// What applies to one visitor.
pub(super) fn facts(facts: &Facts<'_>) -> String {
    let words = facts.words;
    let host = facts.here.map_or(facts.site.name.as_str(), |here| here.host);
    let title = words.page.title.replace("{host}", host);
    document(words, &title, |html| {
        html.element("p", &words.page.intro);
        now(html, words, facts);
        sections::effect(html, words, facts);
        sections::signals(html, words, facts);
        sections::record(html, words, facts);
        sections::keep(html, words, facts);
        sections::who(html, words, facts);
        html.raw("<footer>").element("p", &words.page.made_by).raw("</footer>\n");
    })
}

/// Nothing was changed; one button, and the way to the page.
pub(super) fn confirm(words: &Words, prefix: &str, choice: Choice) -> String {
    document(words, &words.confirm.title, |html| {
        let refused = match choice {
            Choice::OptOut => &words.confirm.opt_out,
            Choice::OptIn => &words.confirm.opt_in,
        };
        html.raw("<section class=\"now\">\n").element("p", refused);
        button(html, words, prefix, choice);
        html.raw("</section>\n<p><a href=\"")
            .text(prefix)
            .raw("/privacy\">")
            .text(&words.confirm.back)
            .raw("</a></p>\n");
    })
}

fn document(words: &Words, title: &str, body: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    html.raw("<!doctype html>\n<html lang=\"").text(&words.lang).raw("\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.element("title", title);
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n");
    html.raw("<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n<main>\n");
    html.element("h1", title);
    body(&mut html);
    html.raw("</main>\n</body>\n</html>\n");
    html.finish()
}

/// The answer to the visitor's first question, why it is so, and the button that changes it.
fn now(html: &mut Html, words: &Words, facts: &Facts<'_>) {
    let (class, verdict) = match facts.standing {
        Standing::Yes => ("recorded", &words.now.recorded),
        Standing::No(_) => ("left-alone", &words.now.not_recorded),
    };
    html.raw("<section class=\"now ").raw(class).raw("\" aria-labelledby=\"now\">\n");
    html.raw("<h2 id=\"now\">")
        .text(&words.now.heading)
        .raw("</h2>\n<p class=\"verdict\">")
        .text(verdict)
        .raw("</p>\n");
    for reason in reasons(words, facts) {
        html.element("p", reason);
    }
    let choice = if facts.signals.opt_out { Choice::OptIn } else { Choice::OptOut };
    button(html, words, &facts.site.prefix, choice);
    html.raw("</section>\n");
}

/// Why it is so, and what a button would not change.
fn reasons<'w>(words: &'w Words, facts: &Facts<'_>) -> Vec<&'w str> {
    let (now, sent, honor) = (&words.now, facts.signals, facts.site.privacy.honor);
    let reasons: [(bool, &str); 3] = match facts.standing {
        Standing::Yes => {
            [(!sent.gpc && !sent.dnt, &now.nothing_said), (sent.gpc, &now.ignored_gpc), (sent.dnt, &now.ignored_dnt)]
        }
        Standing::No(Refusal::OptOut) => {
            [(true, &now.by_cookie), (sent.gpc && honor.gpc, &now.also_gpc), (sent.dnt && honor.dnt, &now.also_dnt)]
        }
        Standing::No(Refusal::Gpc | Refusal::Dnt) => {
            [(sent.gpc && honor.gpc, &now.by_gpc), (sent.dnt && honor.dnt, &now.by_dnt), (true, &now.in_browser)]
        }
    };
    reasons.into_iter().filter_map(|(applies, words)| applies.then_some(words)).collect()
}

/// The button of a choice. Opting in is the quieter one: nobody is led there.
fn button(html: &mut Html, words: &Words, prefix: &str, choice: Choice) {
    let (button, label) = match choice {
        Choice::OptOut => ("<button>", &words.choice.opt_out),
        Choice::OptIn => ("<button class=\"quiet\">", &words.choice.opt_in),
    };
    html.raw("<form method=\"post\" action=\"").text(prefix).raw("/privacy/").raw(choice.path()).raw("\">");
    html.raw(button).text(label).raw("</button></form>\n");
}
