//! One path pattern, compiled: `?` is one character but `/`, `*` any number of them, `**` anything.
//!
//! Matched in one pass over the path, whatever pattern and path are: a visitor chooses the path. The states of the pattern
//! are the bits of a word, so that a character moves all of them at once; nothing is allocated.

/// How many characters may stand between a pattern's first and last wildcard: the bits of a word, less the end state.
const MAX_MIDDLE: usize = 63;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    /// As the owner wrote it.
    written: Box<str>,
    /// What stands before the first wildcard.
    head: Box<str>,
    middle: Middle,
    /// What stands behind the last wildcard.
    tail: Box<str>,
}

/// From the first wildcard to the last.
#[derive(Debug, Clone)]
enum Middle {
    /// No wildcard: `head` is the path.
    Nothing,
    /// `**` alone, which most patterns have.
    Anything,
    /// All else.
    States(Box<States>),
}

/// Bit `i` of a word stands for the pattern's item `i`; as a state, for "the items before `i` are done".
#[derive(Debug, Clone)]
struct States {
    /// For each ASCII character, the items that are that character.
    literal: [u64; 128],
    /// The items `?`.
    one: u64,
    /// The items `*`.
    within: u64,
    /// The items `**`.
    across: u64,
    /// The state in which all items are done.
    end: u64,
}

impl Glob {
    /// Compiles a pattern of ASCII characters; `Err` is the sentence for the owner.
    pub(super) fn new(pattern: &str) -> Result<Glob, String> {
        if let Some(odd) = pattern.chars().find(|c| !c.is_ascii_graphic()) {
            let encoded: String = odd.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
            return Err(format!(
                "the pattern has `{}`, which never stands in a path; write {encoded}",
                odd.escape_debug()
            ));
        }
        let (Some(first), Some(last)) = (pattern.find(['*', '?']), pattern.rfind(['*', '?'])) else {
            return Ok(Glob {
                written: pattern.into(),
                head: pattern.into(),
                middle: Middle::Nothing,
                tail: "".into(),
            });
        };
        let (head, rest) = pattern.split_at(first);
        let (middle, tail) = rest.split_at(last + 1 - first);
        let middle = if middle == "**" { Middle::Anything } else { Middle::States(Box::new(States::new(middle)?)) };
        Ok(Glob { written: pattern.into(), head: head.into(), middle, tail: tail.into() })
    }

    /// The pattern as the owner wrote it.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// Whether the pattern describes the whole text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(&*self.head) else { return false };
        let Some(rest) = rest.strip_suffix(&*self.tail) else { return false };
        match &self.middle {
            Middle::Nothing => rest.is_empty(),
            Middle::Anything => true,
            Middle::States(states) => states.match_all(rest),
        }
    }
}

impl States {
    fn new(middle: &str) -> Result<States, String> {
        let mut states = States { literal: [0; 128], one: 0, within: 0, across: 0, end: 1 };
        let mut rest = middle.chars().peekable();
        let mut items = 0;
        while let Some(c) = rest.next() {
            if items == MAX_MIDDLE {
                return Err(format!(
                    "the pattern has more than {MAX_MIDDLE} characters between its first and last wildcard; write a shorter one"
                ));
            }
            let item = 1 << items;
            let mut stars = usize::from(c == '*');
            while c == '*' && rest.next_if_eq(&'*').is_some() {
                stars += 1;
            }
            match (c, stars) {
                ('?', _) => states.one |= item,
                ('*', 1) => states.within |= item,
                ('*', _) => states.across |= item,
                // The caller lets ASCII through alone.
                _ => states.literal.get_mut(c as usize).into_iter().for_each(|items| *items |= item),
            }
            items += 1;
        }
        states.end = 1 << items;
        Ok(states)
    }

    fn match_all(&self, text: &str) -> bool {
        let mut at = self.skip_stars(1);
        for c in text.chars() {
            let slash = c == '/';
            let done = self.literal.get(c as usize).copied().unwrap_or(0) | if slash { 0 } else { self.one };
            let stay = self.across | if slash { 0 } else { self.within };
            at = self.skip_stars(((at & done) << 1) | (at & stay));
            if at == 0 {
                return false;
            }
        }
        at & self.end != 0
    }

    /// A star may be nothing at all. Two never stand side by side, so that one step is enough.
    fn skip_stars(&self, at: u64) -> u64 {
        at | ((at & (self.within | self.across)) << 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rule as it is written down, tried in every way.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', '*', rest @ ..] => (0..=text.len()).any(|n| naive(rest, &text[n..])),
            ['*', rest @ ..] => {
                let segment = text.iter().position(|c| *c == '/').unwrap_or(text.len());
                (0..=segment).any(|n| naive(rest, &text[n..]))
            }
            ['?', rest @ ..] => text.first().is_some_and(|c| *c != '/') && naive(rest, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_naive_matcher_matches(pattern in "[ab/*?]{0,9}", text in "[ab/ü]{0,12}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            let wanted = naive(&chars(&pattern), &chars(&text));
            let glob = Glob::new(&pattern).expect("ASCII and short");
            prop_assert_eq!(glob.matches(&text), wanted, "pattern {:?}, text {:?}", pattern, text);
        }

        #[test]
        fn a_pattern_matches_the_texts_it_was_made_from(text in "[a-z/]{1,40}", from in 0usize..40, len in 0usize..40) {
            let from = from.min(text.len());
            let to = (from + len).min(text.len());
            let (begin, rest) = text.split_at(from);
            let pattern = format!("{begin}**{}", rest.split_at(to - from).1);
            prop_assert!(Glob::new(&pattern).expect("ASCII and short").matches(&text), "pattern {:?}, text {:?}", pattern, text);
        }
    }

    #[test]
    fn a_long_path_under_a_nasty_pattern_is_one_pass() {
        // With backtracking this would take longer than anyone waits.
        let glob = Glob::new("/**a*a*a**a*a*a**a*a*a**b").expect("a good pattern");
        assert!(!glob.matches(&("/".to_owned() + &"a".repeat(200_000))), "there is no b at the end");
    }

    #[test]
    fn a_pattern_that_could_not_match_or_is_too_long_is_refused_with_what_to_write() {
        let message = |pattern: &str| Glob::new(pattern).err().unwrap_or_default();
        assert!(message("/über/*").ends_with("write %C3%BC"), "{}", message("/über/*"));
        assert!(message("/a b").ends_with("write %20"), "{}", message("/a b"));
        assert!(message(&format!("/*{}*", "a".repeat(62))).contains("more than 63 characters"));
        assert_eq!(
            message(&format!("/{}*{}", "a".repeat(500), "b".repeat(500))),
            "",
            "only wildcards and what is between count"
        );
    }
}
