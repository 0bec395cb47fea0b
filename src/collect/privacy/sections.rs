//! The parts of the visitor's page that explain: how far the cookie reaches, what came, what is recorded, how long, by whom.

use crate::signal::Scope;

use super::Facts;
use super::html::Html;
use super::words::Words;

/// What opting out does, and where.
pub(super) fn effect(html: &mut Html, words: &Words, facts: &Facts<'_>) {
    html.raw("<section>\n").element("h2", &words.choice.heading);
    for text in [&words.choice.effect, &words.choice.stored, &words.choice.cookie] {
        html.element("p", text);
    }
    coverage(html, words, facts);
    html.raw("</section>\n");
}

/// For which hosts an opt-out given here holds.
fn coverage(html: &mut Html, words: &Words, facts: &Facts<'_>) {
    match (facts.scope, facts.here) {
        (Scope::Domain(domain), _) => {
            html.raw("<p>").fill(&words.choice.covers_domain, "domain", domain).raw("</p>\n");
        }
        (Scope::Host, Some(here)) => {
            html.raw("<p>").fill(&words.choice.covers_host, "host", here.host).raw("</p>\n");
        }
        (Scope::Host, None) => {}
    }
    if !facts.not_covered.is_empty() {
        let port = facts.here.map_or("", |here| here.port);
        let colon = if port.is_empty() { "" } else { ":" };
        html.element("p", &words.choice.not_covered).raw("<ul>\n");
        for host in &facts.not_covered {
            html.raw("<li><a href=\"//").text(host).raw(colon).raw(port).text(&facts.site.prefix).raw("/privacy\">");
            html.text(host).raw("</a></li>\n");
        }
        html.raw("</ul>\n");
    }
    if facts.any_host {
        html.element("p", &words.choice.others);
    }
}

/// The three signals, as they came and as they count.
pub(super) fn signals(html: &mut Html, words: &Words, facts: &Facts<'_>) {
    let (words, sent, honor) = (&words.signals, facts.signals, facts.site.privacy.honor);
    let honored = |yes| if yes { &words.honored_yes } else { &words.honored_no };
    html.raw("<section>\n").element("h2", &words.heading).raw("<table>\n<thead><tr>");
    for heading in [&words.signal, &words.sent, &words.honored] {
        html.raw("<th scope=\"col\">").text(heading).raw("</th>");
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for (name, sent, honored) in [
        (&words.cookie, sent.opt_out, &words.honored_always),
        (&words.gpc, sent.gpc, honored(honor.gpc)),
        (&words.dnt, sent.dnt, honored(honor.dnt)),
    ] {
        html.raw("<tr><th scope=\"row\">").text(name).raw("</th><td>");
        html.text(if sent { &words.sent_yes } else { &words.sent_no })
            .raw("</td><td>")
            .text(honored)
            .raw("</td></tr>\n");
    }
    html.raw("</tbody>\n</table>\n</section>\n");
}

pub(super) fn record(html: &mut Html, words: &Words, facts: &Facts<'_>) {
    let words = &words.record;
    let keys = &facts.site.keep_query;
    let path =
        if keys.is_empty() { words.path.clone() } else { words.path_and_keys.replace("{keys}", &keys.join(", ")) };
    html.raw("<section>\n").element("h2", &words.heading);
    html.list([
        words.time.as_str(),
        &path,
        &words.status,
        &words.referrer,
        &words.campaign,
        &words.language,
        &words.robot,
        &words.number,
    ]);
    html.element("h2", &words.never_heading).element("p", &words.never).raw("</section>\n");
}

pub(super) fn keep(html: &mut Html, words: &Words, facts: &Facts<'_>) {
    let text = match facts.site.privacy.retention_days {
        1 => words.keep.one_day.clone(),
        days => words.keep.days.replace("{days}", &days.to_string()),
    };
    html.raw("<section>\n").element("h2", &words.keep.heading).element("p", &text);
    if facts.forwarded {
        html.element("p", &words.keep.forwarded);
    }
    html.raw("</section>\n");
}

pub(super) fn who(html: &mut Html, words: &Words, facts: &Facts<'_>) {
    let words = &words.who;
    html.raw("<section>\n").element("h2", &words.heading);
    html.raw("<p>").fill(&words.operator, "site", &facts.site.name).raw("</p>\n");
    match facts.site.privacy.contact.trim() {
        "" => {
            html.element("p", &words.no_contact);
        }
        contact => {
            html.raw("<p>").text(&words.contact).raw(" ");
            contact_link(html, contact);
            html.raw("</p>\n");
        }
    }
    html.element("p", &words.inlay_only);
    if !facts.site.tags.is_empty() {
        html.element("p", &words.snippets);
    }
    html.raw("</section>\n");
}

/// A contact that is an address of the web or of mail is a link; any other is shown as it is.
fn contact_link(html: &mut Html, contact: &str) {
    let is_one_word = !contact.contains(char::is_whitespace);
    let scheme = match contact {
        _ if !is_one_word => None,
        _ if contact.starts_with("https://") || contact.starts_with("http://") => Some(""),
        _ if contact.contains('@') && !contact.contains(':') => Some("mailto:"),
        _ => None,
    };
    match scheme {
        Some(scheme) => html.raw("<a href=\"").raw(scheme).text(contact).raw("\">").text(contact).raw("</a>"),
        None => html.text(contact),
    };
}
