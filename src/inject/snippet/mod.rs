//! Whether an owner's snippet is complete: whatever it leaves open would swallow the page behind it.
//!
//! An exact small reader after the HTML standard's section 13.2.5, for what a person writes: where the standard would
//! recover, this one refuses. What a browser without scripts, or one inside SVG, reads as markup has to be complete in that
//! reading too. A test holds it against html5ever.

mod elements;
mod nesting;
mod reader;
#[cfg(test)]
mod tests;

pub use elements::{Element, elements};
use nesting::{Nesting, quoted};
use reader::Reader;

/// Elements whose content is text up to their own end tag; `noscript` is one wherever scripts run.
const RAW_TEXT: [&str; 9] =
    ["script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp", "noscript"];
/// Elements that the page itself opens and closes; `frameset` takes the place of its body.
const OF_THE_PAGE: [&str; 4] = ["html", "head", "body", "frameset"];

/// What is wrong with a snippet; `None` where it is complete.
pub fn problem(html: &[u8]) -> Option<Fault> {
    if let Some(at) = html.iter().position(|byte| !byte.is_ascii()) {
        let what = "has a byte that is not ASCII: write it as a character reference, such as &eacute;";
        return Some(Fault::new(at, what));
    }
    if html.trim_ascii().is_empty() {
        return Some(Fault::new(0, "is empty"));
    }
    complete(Reader::new(html), false).err()
}

/// What is wrong with a snippet, in words that follow "the snippet", and the byte at which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The byte of the snippet, from 0.
    pub at: usize,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl Fault {
    fn new(at: usize, what: impl Into<String>) -> Fault {
        Fault { at, what: what.into() }
    }
}

/// Reads everything that is left. `either`: whether it may also be markup where text is expected, or the other way round.
fn complete(mut rest: Reader<'_>, either: bool) -> Result<(), Fault> {
    let mut nesting = Nesting::new(either);
    while rest.find(b"<") {
        let begin = rest.at;
        markup(&mut rest, &mut nesting, either).map_err(|what| Fault::new(begin, what))?;
    }
    match nesting.open() {
        Some((name, at)) => Err(Fault::new(at, left_open(name))),
        None => Ok(()),
    }
}

fn left_open(name: &str) -> String {
    format!("leaves {} open: write </{name}>", if name == "script" { "a script".into() } else { quoted(name) })
}

/// One piece of markup; the position is at its `<`.
fn markup(rest: &mut Reader<'_>, nesting: &mut Nesting, either: bool) -> Result<(), String> {
    if rest.skip(b"<!--") {
        // `<!-->` and `<!--->` end at once.
        let ended = rest.skip(b">") || rest.skip(b"->") || rest.skip_past_first(b"-->", b"--!>");
        return if ended { Ok(()) } else { Err("leaves a comment open: write -->".into()) };
    }
    if rest.skip(b"<![CDATA[") {
        return Err("has <![CDATA[, which HTML does not know: write the text alone, with &lt; for <".into());
    }
    let end_tag = rest.skip(b"</");
    if !end_tag {
        rest.skip(b"<");
    }
    match rest.peek() {
        Some(byte) if byte.is_ascii_alphabetic() => tag(rest, end_tag, nesting, either),
        Some(b'!' | b'?' | b'/') if rest.skip_past(b">") => Ok(()),
        Some(b'!' | b'?' | b'/') | None => Err("leaves a tag open: write >".into()),
        // A `<` before anything else is text; behind `</` it begins a comment up to the next `>`.
        Some(_) if !end_tag || rest.skip_past(b">") => Ok(()),
        Some(_) => Err("leaves a tag open: write >".into()),
    }
}

/// A tag; the position is at its name.
fn tag(rest: &mut Reader<'_>, end_tag: bool, nesting: &mut Nesting, either: bool) -> Result<(), String> {
    let begin = rest.at;
    let name = rest.name();
    if OF_THE_PAGE.contains(&name.as_str()) {
        return Err("has a tag of the page itself (html, head, body or frameset): leave it out".into());
    }
    if name == "plaintext" {
        return Err("has <plaintext>, which nothing ends: write <pre>".into());
    }
    let closes_itself = rest.attributes()?;
    if end_tag {
        return nesting.end(&name);
    }
    // `/>` closes nothing in HTML: behind `<script/>` the script is open.
    if RAW_TEXT.contains(&name.as_str()) {
        return text_to_end_tag(rest, &name, either || nesting.open().is_some());
    }
    nesting.start(name, begin, closes_itself);
    Ok(())
}

/// Text up to and with the end tag of its element.
fn text_to_end_tag(rest: &mut Reader<'_>, name: &str, either: bool) -> Result<(), String> {
    let begin = rest.at;
    loop {
        if !rest.find(b"</") {
            return Err(left_open(name));
        }
        let end = rest.at;
        rest.skip(b"</");
        if rest.name() == name
            && rest.peek().is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
        {
            rest.attributes()?;
            return content(rest.part(begin, end), name, either);
        }
        // Behind another name, or none, the end tag may follow at once: `</</style>`.
        rest.at = end;
        rest.skip(b"</");
    }
}

/// The text within an element.
fn content(text: Reader<'_>, name: &str, either: bool) -> Result<(), String> {
    if name == "script" && text.has(b"<!--") {
        return Err("has <!-- inside a script, which may keep it open behind its end tag: write <\\!--".into());
    }
    // Inside SVG and lists the text may be read as markup, and `noscript` always is where no scripts run.
    if either || name == "noscript" {
        return complete(text, either).map_err(|fault| format!("{} within {}", fault.what, quoted(name)));
    }
    Ok(())
}
