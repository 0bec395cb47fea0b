//! Whether an owner's snippet is complete: whatever it leaves open would swallow the page behind it.
//!
//! An exact small tokenizer after the HTML standard's section 13.2.5, for what a person writes: where the standard would
//! recover, this one refuses.

/// Elements whose content is text up to their own end tag.
const RAW_TEXT: [&str; 9] =
    ["script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp", "plaintext"];
/// Elements that the page itself opens and closes.
const OF_THE_PAGE: [&str; 3] = ["html", "head", "body"];

/// What is wrong with a snippet, with the line where it begins; `None` where it is complete.
pub fn problem(html: &[u8]) -> Option<String> {
    if let Some(at) = html.iter().position(|byte| !byte.is_ascii()) {
        return Some(said(
            html,
            at,
            "has a byte that is not ASCII: write it as a character reference, such as &eacute;",
        ));
    }
    if html.trim_ascii().is_empty() {
        return Some("is empty".to_owned());
    }
    let mut rest = Rest { html, at: 0 };
    while rest.find(b"<") {
        let begin = rest.at;
        if let Err(what) = markup(&mut rest) {
            return Some(said(html, begin, what));
        }
    }
    None
}

fn said(html: &[u8], at: usize, what: &str) -> String {
    let line = html.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    format!("{what} (line {line} of the snippet, byte {at})")
}

/// One piece of markup; the position is at its `<`.
fn markup(rest: &mut Rest<'_>) -> Result<(), &'static str> {
    if rest.skip(b"<!--") {
        // `<!-->` and `<!--->` end at once.
        let short = rest.skip(b">") || rest.skip(b"->");
        return if short || rest.skip_past(b"-->") { Ok(()) } else { Err("leaves a comment open: write -->") };
    }
    let end_tag = rest.skip(b"</");
    if !end_tag {
        rest.skip(b"<");
    }
    match rest.peek() {
        Some(byte) if byte.is_ascii_alphabetic() => tag(rest, end_tag),
        Some(b'!' | b'?' | b'/') if rest.skip_past(b">") => Ok(()),
        Some(b'!' | b'?' | b'/') | None => Err("leaves a tag open: write >"),
        // A `<` before anything else is text; behind `</` it begins a comment up to the next `>`.
        Some(_) if !end_tag || rest.skip_past(b">") => Ok(()),
        Some(_) => Err("leaves a tag open: write >"),
    }
}

/// A tag; the position is at its name.
fn tag(rest: &mut Rest<'_>, end_tag: bool) -> Result<(), &'static str> {
    let name = rest.name();
    if OF_THE_PAGE.contains(&name.as_str()) {
        return Err("has a tag of the page itself (html, head or body): leave it out");
    }
    attributes(rest)?;
    // `/>` closes nothing in HTML: behind `<script/>` the script is open.
    let raw = !end_tag && RAW_TEXT.contains(&name.as_str());
    if raw { text_to_end_tag(rest, &name) } else { Ok(()) }
}

/// Attributes up to and with the `>`.
fn attributes(rest: &mut Rest<'_>) -> Result<(), &'static str> {
    loop {
        match rest.next() {
            None | Some(b'<') => return Err("leaves a tag open: write >"),
            Some(b'>') => return Ok(()),
            Some(b'=') => {
                rest.skip_blanks();
                let quote = rest.peek().filter(|byte| matches!(byte, b'"' | b'\''));
                if let Some(quote) = quote {
                    rest.next();
                    if !rest.skip_past(&[quote]) {
                        return Err("leaves a quote open");
                    }
                }
            }
            Some(b'"' | b'\'') => return Err("has a quote where no value begins: write name=\"value\""),
            Some(_) => {}
        }
    }
}

/// Text up to and with the end tag of its element.
fn text_to_end_tag(rest: &mut Rest<'_>, name: &str) -> Result<(), &'static str> {
    let begin = rest.at;
    loop {
        if !rest.find(b"</") {
            return Err(match name {
                "script" => "leaves a script open: write </script>",
                _ => "leaves an element open whose content is text, such as style or textarea: write its end tag",
            });
        }
        let end = rest.at;
        rest.skip(b"</");
        if rest.name() == name
            && rest.peek().is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
        {
            let text = rest.html.get(begin..end).unwrap_or_default();
            if name == "script" && contains(text, b"<!--") {
                return Err("has <!-- inside a script, which may keep it open behind its end tag: write <\\!--");
            }
            return attributes(rest);
        }
    }
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

/// What is still to be read.
struct Rest<'a> {
    html: &'a [u8],
    at: usize,
}

impl Rest<'_> {
    fn left(&self) -> &[u8] {
        self.html.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.left().first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Moves to the next `wanted`; to the end where there is none.
    fn find(&mut self, wanted: &[u8]) -> bool {
        let found = self.left().windows(wanted.len()).position(|window| window == wanted);
        self.at = found.map_or(self.html.len(), |found| self.at + found);
        found.is_some()
    }

    fn skip(&mut self, wanted: &[u8]) -> bool {
        let here = self.left().starts_with(wanted);
        self.at += if here { wanted.len() } else { 0 };
        here
    }

    fn skip_past(&mut self, wanted: &[u8]) -> bool {
        self.find(wanted) && self.skip(wanted)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// A tag's name, in lower case.
    fn name(&mut self) -> String {
        let end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        let length = self.left().iter().position(end).unwrap_or(self.left().len());
        let name = String::from_utf8_lossy(self.left().get(..length).unwrap_or_default()).to_ascii_lowercase();
        self.at += length;
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_markup_has_no_problem() {
        for html in [
            "<script async src=\"https://chat.test/w.js\"></script>",
            "<script>if (a < b) { s = '</div>'; }</script>",
            "<style>a > b { color: red }</style>\n<!-- chat --><div class='x'>a < b</div>",
            "<img src=x alt=\"a > b\"/>",
            "text alone",
            "<!-->",
            "<textarea></TEXTAREA >",
        ] {
            assert_eq!(problem(html.as_bytes()), None, "snippet {html:?}");
        }
    }

    #[test]
    fn what_is_left_open_is_named_with_its_line() {
        for (html, what) in [
            ("", "is empty"),
            ("a\n<div", "leaves a tag open"),
            ("<div class=\"x>", "leaves a quote open"),
            ("<!-- chat", "leaves a comment open"),
            ("<script>a()", "leaves a script open"),
            ("<script/>", "leaves a script open"),
            ("<script>a()</scripts>", "leaves a script open"),
            ("<style>", "leaves an element open"),
            ("<script><!-- <script></script>", "has <!-- inside a script"),
            ("</head>", "has a tag of the page itself"),
            ("caf\u{e9}", "has a byte that is not ASCII"),
            ("<div <p>", "leaves a tag open"),
        ] {
            let said = problem(html.as_bytes()).unwrap_or_default();
            assert!(said.starts_with(what), "snippet {html:?} is said to be {said:?}, not {what:?}");
        }
        assert!(problem(b"a\n<div").expect("a problem").contains("line 2"), "the line is told");
    }
}
