//! A model of an origin with one page, whose validators, life and manners change.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, Response, StatusCode, response};

/// Which validators its page bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Strong,
    Weak,
    Date,
    StrongAndDate,
    /// What is no entity tag, and a date.
    Unquoted,
    None,
}

/// What it says of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Asks,
    Shared,
    Silent,
}

/// How it treats conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manners {
    /// By RFC 9110.
    Good,
    /// Its 304 has no validator in it. A date has to be the very one.
    Forgets,
    /// Its 304 has the tag with the other letter.
    Weakens,
    /// It sends the page whatever is asked.
    Deaf,
    /// It says 304 to everybody, until it is told not to use a cache.
    Stubborn,
    /// It says 304 whatever is asked.
    Broken,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) version: u8,
    pub(super) kind: Kind,
    pub(super) life: Life,
    pub(super) manners: Manners,
    /// Whether it forbids changes to its page, in 304s too.
    pub(super) no_transform: bool,
    /// Whether its 304s tell the page's type.
    pub(super) tells_type: bool,
}

impl Origin {
    /// Its answer, by the conditions of a request.
    pub(super) fn answer(&self, request: &HeaderMap) -> response::Parts {
        let unchanged = match self.manners {
            Manners::Deaf => false,
            Manners::Broken => true,
            Manners::Stubborn if request.get(CACHE_CONTROL).is_none() => true,
            _ => self.is_unchanged(request),
        };
        let mut answer = Response::builder().status(if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        if !unchanged || self.tells_type {
            answer = answer.header(CONTENT_TYPE, "text/html");
        }
        if let Some(life) = self.cache_control() {
            answer = answer.header(CACHE_CONTROL, life);
        }
        let forgets = unchanged && self.manners == Manners::Forgets;
        if let Some(tag) = self.tag().filter(|_| !forgets) {
            let other = tag.strip_prefix("W/").map_or_else(|| format!("W/{tag}"), str::to_owned);
            let weakened = unchanged && self.manners == Manners::Weakens;
            answer = answer.header(ETAG, if weakened { other } else { tag });
        }
        if let Some(date) = self.date().filter(|_| !forgets) {
            answer = answer.header(LAST_MODIFIED, date);
        }
        answer.body(()).expect("an answer").into_parts().0
    }

    fn is_unchanged(&self, request: &HeaderMap) -> bool {
        if let Some(named) = request.get(IF_NONE_MATCH) {
            let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
            let named = named.to_str().expect("ASCII");
            return self
                .tag()
                .is_some_and(|tag| named.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(&tag)));
        }
        let date = |value: &HeaderValue| httpdate::parse_http_date(value.to_str().expect("ASCII")).expect("a date");
        let (Some(since), Some(changed)) = (request.get(IF_MODIFIED_SINCE).map(date), self.date()) else {
            return false;
        };
        let changed = date(&HeaderValue::try_from(changed).expect("a value"));
        if self.manners == Manners::Forgets { changed == since } else { changed <= since }
    }

    fn tag(&self) -> Option<String> {
        let version = self.version;
        match self.kind {
            Kind::Strong | Kind::StrongAndDate => Some(format!("\"v{version}\"")),
            Kind::Weak => Some(format!("W/\"v{version}\"")),
            Kind::Unquoted => Some(format!("v{version}")),
            Kind::Date | Kind::None => None,
        }
    }

    fn date(&self) -> Option<String> {
        let dated = matches!(self.kind, Kind::Date | Kind::StrongAndDate | Kind::Unquoted);
        dated.then(|| format!("Tue, 24 Nov 2026 08:{:02}:00 GMT", self.version))
    }

    fn cache_control(&self) -> Option<String> {
        let life = match self.life {
            Life::Asks => Some("no-cache"),
            Life::Shared => Some("public, max-age=60"),
            Life::Silent => None,
        };
        let words: Vec<_> = life.into_iter().chain(self.no_transform.then_some("no-transform")).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}
