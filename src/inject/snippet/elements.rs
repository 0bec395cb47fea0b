//! A snippet as elements that a script can make one by one (`createElement`): what `via = "script"` places.
//!
//! Only elements that do something by being there and have no content: `<script src>`, `<link>`, `<img>`. Everything else
//! would have to be parsed in the browser, where a page's policies may forbid it.

use super::reader::Reader;
use super::{Fault, problem};

/// An element that a script makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// `script`, `link` or `img`.
    pub name: &'static str,
    /// Its attributes, values with their character references read.
    pub attributes: Vec<(String, String)>,
}

const KINDS: [&str; 3] = ["script", "link", "img"];

/// The elements of a snippet.
pub fn elements(html: &[u8]) -> Result<Vec<Element>, Fault> {
    if let Some(fault) = problem(html) {
        return Err(fault);
    }
    let mut rest = Reader::new(html);
    let mut elements = Vec::new();
    loop {
        rest.skip_blanks();
        let at = rest.at;
        let fault = |what: &str| Fault { at, what: what.to_owned() };
        if rest.peek().is_none() {
            return if elements.is_empty() { Err(fault("has no element")) } else { Ok(elements) };
        }
        if rest.skip(b"<!--") {
            rest.skip_past(b"-->");
            continue;
        }
        if !rest.skip(b"<") {
            return Err(fault("has text, and a script places elements alone: take it out, or write via = \"page\""));
        }
        elements.push(element(&mut rest).map_err(|what| fault(&what))?);
    }
}

/// One element with its end tag; the position is at its name.
fn element(rest: &mut Reader<'_>) -> Result<Element, String> {
    let written = rest.name();
    let name = KINDS.into_iter().find(|kind| *kind == written).ok_or_else(|| {
        format!("has <{written}>, and a script places <script src>, <link> and <img> alone: write via = \"page\"")
    })?;
    let mut attributes = Vec::new();
    let mut unread = None;
    rest.each_attribute(&mut |name, value| match value_of(value) {
        Some(value) => attributes.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value)),
        None => unread = Some(String::from_utf8_lossy(value).into_owned()),
    })?;
    if let Some(value) = unread {
        return Err(format!("has a value with an & that may mean another character, {value}: write &amp;"));
    }
    if let Some((handler, _)) = attributes.iter().find(|(name, _)| name.starts_with("on")) {
        return Err(format!("has the handler {handler}, which strict policies forbid: leave it out"));
    }
    if name == "script" {
        if !attributes.iter().any(|(name, value)| name == "src" && !value.trim().is_empty()) {
            return Err("has a script without src, and a script places none with text: write via = \"page\"".into());
        }
        rest.skip_blanks();
        if !rest.skip(b"</") {
            return Err("has a script with src and text, which no browser runs: take the text out".into());
        }
        rest.name();
        rest.attributes()?;
    }
    Ok(Element { name, attributes })
}

/// A value with its character references read (HTML standard, section 13.2.5.72); `None` where one is not among those that
/// everybody knows by heart.
fn value_of(written: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(written);
    let mut read = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some((before, behind)) = rest.split_once('&') {
        read.push_str(before);
        let (character, behind) = reference(behind)?;
        read.push(character);
        rest = behind;
    }
    read.push_str(rest);
    Some(read)
}

/// The character that is meant by what stands behind an `&`, and what follows it.
fn reference(behind: &str) -> Option<(char, &str)> {
    const NAMED: [(&str, char); 5] = [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("apos;", '\'')];
    if let Some((character, rest)) = NAMED.iter().find_map(|(name, c)| Some((*c, behind.strip_prefix(name)?))) {
        return Some((character, rest));
    }
    if let Some(number) = behind.strip_prefix('#') {
        let (digits, rest) = number.split_once(';')?;
        let code = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => digits.parse().ok()?,
        };
        // The zero and the range of windows-1252's own are repaired by browsers into something else.
        let plain = code != 0 && !(0x80..=0x9f).contains(&code);
        return Some((char::from_u32(code).filter(|_| plain)?, rest));
    }
    // In an attribute a name that `=` follows, or no name at all, is text.
    let name = behind.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let text = name == 0 || behind.as_bytes().get(name) == Some(&b'=');
    text.then_some(('&', behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Result<Vec<Element>, String> {
        elements(html.as_bytes()).map_err(|fault| format!("{}: {}", fault.at, fault.what))
    }

    #[test]
    fn scripts_links_and_images_are_read_with_their_attributes() {
        let html = "<script async SRC='https://a.test/w.js?a=1&amp;b=2&c=3'></script>\n<!-- and -->\
            <link rel=stylesheet href=/a.css><img alt=\"&#233;&quot;\" src=/p.gif />";
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let element = |name, pairs: &[_]| Element { name, attributes: pairs.iter().map(pair).collect() };
        assert_eq!(
            read(html).expect("three elements"),
            [
                element("script", &[("async", ""), ("src", "https://a.test/w.js?a=1&b=2&c=3")]),
                element("link", &[("rel", "stylesheet"), ("href", "/a.css")]),
                element("img", &[("alt", "\u{e9}\""), ("src", "/p.gif")]),
            ]
        );
    }

    #[test]
    fn what_a_script_cannot_make_is_refused_with_its_byte() {
        for (html, said) in [
            ("<link href=a>text", "13: has text"),
            ("<p>a</p>", "0: has <p>"),
            ("<script>a()</script>", "0: has a script without src"),
            ("<script src=a>b()</script>", "0: has a script with src and text"),
            ("<img src=a onload=b()>", "0: has the handler onload"),
            ("<img src='a&copy'>", "0: has a value with an &"),
            ("<!-- nothing -->", "16: has no element"),
            ("<img", "0: leaves a tag open"),
        ] {
            let found = read(html).expect_err("no list of elements");
            assert!(found.starts_with(said), "{html}: {found}");
        }
    }
}
