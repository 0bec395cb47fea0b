//! Events for tests: one that is written down, and any that there can be.

use proptest::prelude::*;

use super::{Event, EventId, Kind, Source, Utm, ViewId};

/// A view of a shop's page.
pub(super) fn event() -> Event<'static> {
    Event {
        id: EventId::v7(1_795_443_125_123, 0),
        ts_ms: 1_795_443_125_123,
        site: "shop",
        kind: Kind::View,
        source: Source::Proxy,
        view_id: Some(ViewId([0x6f; 16])),
        host: "shop.example.com".into(),
        path: "/p/42".into(),
        status: Some(200),
        origin_ms: Some(38.2),
        referrer: "".into(),
        referrer_host: "".into(),
        utm: Utm::default(),
        language: "en".into(),
        bot: "".into(),
    }
}

/// What an event borrows from.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// In the order of [`TEXTS`].
    pub(super) texts: [String; TEXTS.len()],
    ts_ms: i64,
    id: [u8; 16],
    view_id: Option<[u8; 16]>,
    status: Option<u16>,
    origin_ms: Option<f32>,
}

/// The fields that hold any text.
pub(super) const TEXTS: [&str; 12] = [
    "site",
    "host",
    "path",
    "referrer",
    "referrer_host",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "language",
    "bot",
];

impl Sample {
    pub(super) fn event(&self) -> Event<'_> {
        let [site, host, path, referrer, referrer_host, source, medium, campaign, term, content, language, bot] =
            self.texts.each_ref().map(String::as_str);
        Event {
            id: EventId(self.id),
            ts_ms: self.ts_ms,
            site,
            kind: Kind::View,
            source: Source::Proxy,
            view_id: self.view_id.map(ViewId),
            host: host.into(),
            path: path.into(),
            status: self.status,
            origin_ms: self.origin_ms,
            referrer: referrer.into(),
            referrer_host: referrer_host.into(),
            utm: Utm {
                source: source.into(),
                medium: medium.into(),
                campaign: campaign.into(),
                term: term.into(),
                content: content.into(),
            },
            language: language.into(),
            bot: bot.into(),
        }
    }
}

/// Any text: odd characters, and often none at all.
pub(super) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        any::<String>(),
        "[=+@'\"\t\r\n;, a-]{0,6}",
    ]
}

/// Any event.
pub(super) fn any_sample() -> impl Strategy<Value = Sample> {
    let texts = prop::collection::vec(any_text(), TEXTS.len());
    let rest = any::<(i64, [u8; 16], Option<[u8; 16]>, Option<u16>, Option<f32>)>();
    (texts, rest).prop_map(|(texts, (ts_ms, id, view_id, status, origin_ms))| {
        let texts = texts.try_into().expect("as many as there are fields");
        Sample { texts, ts_ms, id, view_id, status, origin_ms }
    })
}
