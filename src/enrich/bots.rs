//! Bots that say so in their user agent: known names (`bots.txt`, which `tools/bots.py` writes), product tokens that end like a
//! bot's, and agents that name an address where their owner explains them.
//!
//! No guesses: a robot that calls itself Firefox counts as a visitor, and so does who sends no user agent. Runs on the ledger's
//! writer thread for every view.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// The names that are looked for, made once.
static BOTS: LazyLock<Bots> = LazyLock::new(|| Bots::read(include_str!("bots.txt")));

/// Everything that is looked for in a user agent, in one pass.
struct Bots {
    finder: AhoCorasick,
    marks: Vec<Mark>,
}

/// A literal of the list.
struct Mark {
    /// Whether it counts only at the very beginning.
    at_start: bool,
    /// Whether it begins like a word, and so counts only where no word goes on before it.
    word: bool,
    name: &'static str,
}

/// How the product token of a bot ends that is in no list.
const ENDINGS: [&str; 3] = ["bot", "crawler", "spider"];
/// Makers of phones whose names end like that.
const PHONES: [&str; 1] = ["cubot"];
/// A token that is longer is no name.
const MAX_NAME: usize = 64;

/// The name of the bot that a user agent declares; empty for everybody else.
pub(crate) fn declared(user_agent: &[u8]) -> &str {
    let text = user_agent.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    BOTS.listed(user_agent).or_else(|| product(text)).or_else(|| contact(text)).unwrap_or("")
}

impl Bots {
    fn read(list: &'static str) -> Bots {
        let (mut literals, mut marks) = (Vec::new(), Vec::new());
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let Some((literal, name)) = line.split_once('\t') else { continue };
            let (at_start, literal) = literal.strip_prefix('^').map_or((false, literal), |rest| (true, rest));
            marks.push(Mark { at_start, word: literal.starts_with(|c: char| c.is_ascii_alphanumeric()), name });
            literals.push(literal);
        }
        let finder = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::Standard)
            .build(&literals)
            .expect("a list of a few thousand short literals fits every automaton");
        Bots { finder, marks }
    }

    /// The first listed name; of those that begin at one place, the longest.
    fn listed(&self, user_agent: &[u8]) -> Option<&'static str> {
        let found = self.finder.find_overlapping_iter(user_agent).filter_map(|found| {
            let mark = self.marks.get(found.pattern().as_usize())?;
            let before = found.start().checked_sub(1).and_then(|at| user_agent.get(at));
            let inside = mark.word && before.is_some_and(u8::is_ascii_alphanumeric);
            let misplaced = inside || (mark.at_start && found.start() > 0);
            (!misplaced).then_some((found.start(), std::cmp::Reverse(found.end()), mark.name))
        });
        found.min().map(|(_, _, name)| name)
    }
}

/// A product token that ends like a bot's, where something else says that it is meant so: it has a version, it comes first, or
/// the agent says where its owner is found.
fn product(agent: &str) -> Option<&str> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut rest = agent;
    while !rest.is_empty() {
        let (token, behind) = rest.split_at(rest.find(|c| !is_token(c)).unwrap_or(rest.len()));
        if let Some(address) = behind.strip_prefix("://") {
            // `https://x.example/bot` says where the owner is found, not what the robot is called.
            rest = address.split_once(ends_an_address).map_or("", |(_, behind)| behind);
            continue;
        }
        if ends_like_a_bot(token) && token.len() <= MAX_NAME {
            let meant = behind.starts_with('/') || rest.len() == agent.len() || has_owner(agent);
            return meant.then_some(token);
        }
        rest = behind.trim_start_matches(|c| !is_token(c));
    }
    None
}

fn ends_an_address(c: char) -> bool {
    c.is_whitespace() || matches!(c, ';' | ',' | ')' | '"' | '<' | '>')
}

fn ends_like_a_bot(token: &str) -> bool {
    let ends = |ending: &str| {
        let tail = token.len().checked_sub(ending.len()).and_then(|at| token.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(ending))
    };
    ENDINGS.into_iter().any(ends) && !PHONES.into_iter().any(ends)
}

fn has_owner(agent: &str) -> bool {
    ["compatible;", "http://", "https://", "@"].iter().any(|mark| agent.contains(mark))
}

/// The host of an address behind a `+`, which no browser has: the custom of robots that are in no list.
fn contact(agent: &str) -> Option<&str> {
    let (_, address) = agent.split_once("+http")?;
    let (_, host) = address.split_once("://").filter(|(rest, _)| rest.is_empty() || *rest == "s")?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let host = host.split(|c| !is_host(c)).next()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    (!host.is_empty() && host.len() <= MAX_NAME).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_robots_have_their_name() {
        for (agent, expected) in [
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
            ("Googlebot-Image/1.0", "Googlebot-Image"),
            ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bingbot"),
            ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "AhrefsBot"),
            ("Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", "SemrushBot"),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                "GPTBot",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36",
                "HeadlessChrome",
            ),
            ("curl/8.14.1", "curl"),
            ("python-requests/2.32.5", "python-requests"),
            ("Go-http-client/1.1", "Go-http-client"),
            ("Wget/1.25.0", "Wget"),
            ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "facebookexternalhit"),
            ("WhatsApp/2.23.20.0", "WhatsApp"),
        ] {
            assert_eq!(declared(agent.as_bytes()), expected, "{agent}");
        }
    }

    #[test]
    fn robots_in_no_list_are_known_by_their_product_token_or_their_address() {
        for (agent, expected) in [
            ("FancyNewBot/0.1", "FancyNewBot"),
            ("fancy-spider", "fancy-spider"),
            ("Mozilla/5.0 (compatible; fancy.crawler; me@example.com)", "fancy.crawler"),
            ("Mozilla/5.0 (compatible; Fancy/1.0; +https://www.fancy.example/about)", "fancy.example"),
            ("Mozilla/5.0 (compatible; MyOwnThing/1.0; +https://x.example/bot)", "x.example"),
            ("Mozilla/5.0 (compatible; MyOwnThing/1.0; +https://my-bot.example/bot/1.0)", "my-bot.example"),
            ("MyOwnThing (https://x.example/bot; me@x.example) thing-bot/2", "thing-bot"),
        ] {
            assert_eq!(declared(agent.as_bytes()), expected, "{agent}");
        }
    }

    #[test]
    fn people_are_no_robots() {
        for agent in [
            "",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 7.0; CUBOT DINOSAUR Build/NRD90M) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/115.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; U; Android 4.4.2; de-de; CUBOT/S208 Build/KOT49H) AppleWebKit/534.30 Mobile Safari/534.30",
            "Mozilla/5.0 (Linux; Android 5.1; Talkbot) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0 Safari/537.36",
            "Mozilla/5.0 (Linux; U; Android 2.3.6; fr-fr; Cherry Sonic  Build/GRK39F) AppleWebKit/533.1 Version/4.0 Mobile Safari/533.1",
            "Mozilla/5.0 (Linux; U; Android 4.3; en-us; HTC_Butterfly Build/JSS15J) AppleWebKit/534.30 Version/4.0 Mobile Safari/534.30",
            "Mozilla/5.0 (Linux; Android 15; CPH2581 Build/AP3A.240617.008; ) AppleWebKit/537.36 Version/4.0 Chrome/141.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.1.1 like Chrome/120.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/49.0 Safari/537.36 SE 2.X MetaSr 1.0",
            "Mozilla/5.0 (Linux; Android 9) AppleWebKit/537.36 Version/4.0 Chrome/70.0 Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/5.29",
        ] {
            assert_eq!(declared(agent.as_bytes()), "", "{agent}");
        }
    }

    #[test]
    fn every_line_of_the_list_is_found_by_itself() {
        for line in include_str!("bots.txt").lines().filter(|line| !line.starts_with('#')) {
            let (literal, name) = line.split_once('\t').expect("a literal, a tab, a name");
            let literal = literal.trim_start_matches('^');
            assert!(!literal.is_empty() && !name.is_empty() && name.len() <= MAX_NAME, "{line:?}");
            assert_ne!(declared(literal.as_bytes()), "", "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_short_and_printable_whatever_the_agent(agent: Vec<u8>) {
            let name = declared(&agent);
            prop_assert!(name.len() <= MAX_NAME && !name.contains(char::is_control), "{name:?}");
        }
    }
}
