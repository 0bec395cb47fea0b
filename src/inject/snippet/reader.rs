//! The bytes of a snippet that are still to be read, and the tokens that they are read by.

/// What is still to be read.
pub(super) struct Reader<'a> {
    html: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(html: &'a [u8]) -> Reader<'a> {
        Reader { html, at: 0 }
    }

    /// The bytes between two places; their places stay those of the whole.
    pub(super) fn part(&self, begin: usize, end: usize) -> Reader<'a> {
        Reader { html: self.html.get(..end).unwrap_or_default(), at: begin }
    }

    fn left(&self) -> &'a [u8] {
        self.html.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.left().first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn has(&self, wanted: &[u8]) -> bool {
        self.place(wanted).is_some()
    }

    fn place(&self, wanted: &[u8]) -> Option<usize> {
        self.left().windows(wanted.len()).position(|window| window == wanted)
    }

    /// Moves to the next `wanted`; to the end where there is none.
    pub(super) fn find(&mut self, wanted: &[u8]) -> bool {
        let found = self.place(wanted);
        self.at = found.map_or(self.html.len(), |found| self.at + found);
        found.is_some()
    }

    pub(super) fn skip(&mut self, wanted: &[u8]) -> bool {
        let here = self.left().starts_with(wanted);
        self.at += if here { wanted.len() } else { 0 };
        here
    }

    pub(super) fn skip_past(&mut self, wanted: &[u8]) -> bool {
        self.find(wanted) && self.skip(wanted)
    }

    /// Moves behind whichever comes first.
    pub(super) fn skip_past_first(&mut self, one: &[u8], other: &[u8]) -> bool {
        match (self.place(one), self.place(other)) {
            (Some(first), Some(second)) if second < first => self.skip_past(other),
            (None, Some(_)) => self.skip_past(other),
            _ => self.skip_past(one),
        }
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// A tag's name, in lower case.
    pub(super) fn name(&mut self) -> String {
        let end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        let length = self.left().iter().position(end).unwrap_or(self.left().len());
        let name = String::from_utf8_lossy(self.left().get(..length).unwrap_or_default()).to_ascii_lowercase();
        self.at += length;
        name
    }

    /// Attributes up to and with the tag's `>`; whether a `/` stands before that.
    pub(super) fn attributes(&mut self) -> Result<bool, String> {
        self.each_attribute(&mut |_, _| {})
    }

    /// [`Reader::attributes`], telling the name and the value of each as they are written.
    pub(super) fn each_attribute(&mut self, tell: &mut dyn FnMut(&'a [u8], &'a [u8])) -> Result<bool, String> {
        loop {
            self.skip_blanks();
            let begin = self.at;
            match self.next() {
                None | Some(b'<') => return Err("leaves a tag open: write >".into()),
                Some(b'>') => return Ok(false),
                Some(b'/') if self.skip(b">") => return Ok(true),
                Some(b'/') => {}
                Some(b'"' | b'\'') => return Err("has a quote where no value begins: write name=\"value\"".into()),
                Some(b'=') => return Err("has a = where no name stands before it: write name=\"value\"".into()),
                Some(_) => {
                    self.attribute_name()?;
                    let name = self.between(begin, self.at);
                    let value = self.value()?;
                    tell(name, value);
                }
            }
        }
    }

    /// The rest of an attribute's name; the position is behind its first character.
    fn attribute_name(&mut self) -> Result<(), String> {
        while let Some(byte) = self.peek().filter(|byte| !byte.is_ascii_whitespace()) {
            match byte {
                b'/' | b'>' | b'=' => break,
                b'"' | b'\'' => return Err("has a quote where no value begins: write name=\"value\"".into()),
                b'<' => return Err("leaves a tag open: write >".into()),
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    /// The value of an attribute, behind its `=`: in quotes, or up to the next blank or `>`. Empty where there is none.
    fn value(&mut self) -> Result<&'a [u8], String> {
        let behind_name = self.at;
        self.skip_blanks();
        if !self.skip(b"=") {
            self.at = behind_name;
            return Ok(&[]);
        }
        self.skip_blanks();
        if let Some(quote) = self.peek().filter(|byte| matches!(byte, b'"' | b'\'')) {
            self.at += 1;
            let begin = self.at;
            let closed = self.skip_past(&[quote]);
            let text = self.between(begin, self.at - usize::from(closed));
            return if closed { Ok(text) } else { Err("leaves a quote open".into()) };
        }
        let begin = self.at;
        while let Some(byte) = self.peek().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'>') {
            if matches!(byte, b'"' | b'\'' | b'<' | b'`') {
                return Err("has a value with a quote or < in it: put the value in quotes".into());
            }
            self.at += 1;
        }
        Ok(self.between(begin, self.at))
    }

    fn between(&self, begin: usize, end: usize) -> &'a [u8] {
        self.html.get(begin..end).unwrap_or_default()
    }
}
