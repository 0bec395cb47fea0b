//! A site's tags, made once when the configuration is read, and the choice of them for one page.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::rules::{self, Choice, Looked};
use super::validator::{Dressed, Template, Variant};
use crate::config::{OwnerTag, Place, Site, Via};

/// How many snippets a site may have: a page's choice is a word of bits.
pub const MAX_SNIPPETS: usize = 64;

/// Everything that can be placed in a site's pages.
#[derive(Debug)]
pub struct Tags {
    /// Our own tag, and the same with one blank more: the bytes of a plan are even in number.
    own: [Bytes; 2],
    /// In the order of the file; a snippet's bit is its place here.
    snippets: Vec<OwnerTag>,
    /// The bits of the snippets that stand in pages; the others are placed by our script.
    in_page: u64,
    /// Whether one is drawn view by view.
    draws: bool,
    /// How the address of our own script begins in this site, such as `/_inlay/t.`: a page that has one is tagged already.
    own_src: Bytes,
    /// What names our own tag in entity tags, and each snippet.
    templates: (Template, Vec<Template>),
}

/// The tags of one page, in the order in which they stand in it. Our own tag is always the first.
#[derive(Debug, Clone)]
pub struct Plan {
    tags: Arc<Tags>,
    /// Bit `i`: snippet `i` is placed.
    chosen: u64,
    /// Whether the body is asked if it is a document.
    ask_body: bool,
}

impl Tags {
    /// The tags of a site. `own` is the markup of our own tag: it ends with an element's end tag, and may be told apart by
    /// `own_src`, with which the address of its script begins. Snippets beyond [`MAX_SNIPPETS`] are refused before.
    pub fn new(own: &Bytes, own_src: Bytes, site: &Site) -> Arc<Tags> {
        let snippets: Vec<OwnerTag> = site.tags.iter().take(MAX_SNIPPETS).cloned().collect();
        let in_page = (0..).zip(&snippets).filter(|(_, snippet)| snippet.via == Via::Page);
        let in_page = in_page.fold(0, |bits, (bit, _)| bits | 1 << bit);
        let draws = snippets.iter().any(|snippet| snippet.via == Via::Page && snippet.percent < 100);
        let templates = (Template::of("own", own), snippets.iter().map(template_of).collect());
        Arc::new(Tags { own: [own.clone(), one_blank_more(own)], snippets, in_page, draws, own_src, templates })
    }

    /// The tags of a page with every snippet in it.
    pub fn plan(self: &Arc<Self>, ask_body: bool) -> Plan {
        self.plan_of(self.in_page, ask_body)
    }

    /// The snippets that stand in the page, as a plan has them.
    pub(super) fn choose(&self, looked: &Looked<'_>) -> Choice {
        let Choice { chosen, possible } = rules::choose(&self.snippets, looked);
        Choice { chosen: chosen & self.in_page, possible: possible & self.in_page }
    }

    /// Whether one of these snippets is drawn view by view.
    pub(super) fn has_draw(&self, possible: u64) -> bool {
        let mut of_them = (0..).zip(&self.snippets).filter(|(bit, _)| possible & 1 << bit != 0);
        self.draws && of_them.any(|(_, snippet)| snippet.percent < 100)
    }

    /// Whether any snippet is drawn view by view.
    pub(super) fn draws(&self) -> bool {
        self.draws
    }

    /// What names the tags of a page whose snippets are chosen.
    pub(super) fn template(&self, chosen: u64) -> Template {
        let (own, snippets) = &self.templates;
        let of_them = (0..).zip(snippets).filter(|(bit, _)| chosen & 1 << bit != 0);
        of_them.fold(*own, |before, (_, snippet)| before.and(*snippet))
    }

    /// The tags of a page whose snippets are chosen.
    pub(super) fn plan_of(self: &Arc<Self>, chosen: u64, ask_body: bool) -> Plan {
        Plan { tags: self.clone(), chosen, ask_body }
    }
}

impl Plan {
    /// How many bytes the page grows by when everything is placed: an even number.
    #[expect(clippy::len_without_is_empty, reason = "a plan has our own tag and is never empty")]
    pub fn len(&self) -> usize {
        self.own().len() + self.snippets_len()
    }

    /// What is placed at `place`, in order.
    pub fn at(&self, place: Place) -> impl Iterator<Item = &Bytes> {
        let own = (place == Place::HeadStart).then(|| self.own());
        own.into_iter()
            .chain(self.snippets().filter(move |snippet| snippet.place == place).map(|snippet| &snippet.html))
    }

    /// The place of the last tag.
    pub fn last_place(&self) -> Place {
        self.snippets().map(|snippet| snippet.place).max().unwrap_or(Place::HeadStart)
    }

    /// Whether an owner's snippet is among the tags.
    pub fn has_snippets(&self) -> bool {
        self.chosen != 0
    }

    /// Whether the body is asked if it is a document.
    pub fn ask_body(&self) -> bool {
        self.ask_body
    }

    /// What names the tags in the page's entity tag.
    pub(super) fn template(&self) -> Template {
        self.tags.template(self.chosen)
    }

    /// What else the page's bytes follow from.
    pub(super) fn variant(&self) -> Variant {
        Variant { asks_body: self.ask_body, dress: Dressed::default() }
    }

    /// How the address of our own script begins.
    pub(super) fn own_src(&self) -> &[u8] {
        &self.tags.own_src
    }

    fn own(&self) -> &Bytes {
        let [even, odd] = &self.tags.own;
        if (even.len() + self.snippets_len()).is_multiple_of(2) { even } else { odd }
    }

    fn snippets_len(&self) -> usize {
        self.snippets().map(|snippet| snippet.html.len()).sum()
    }

    fn snippets(&self) -> impl Iterator<Item = &OwnerTag> {
        let chosen = self.chosen;
        (0..).zip(&self.tags.snippets).filter(move |(bit, _)| chosen & 1 << bit != 0).map(|(_, snippet)| snippet)
    }
}

fn template_of(snippet: &OwnerTag) -> Template {
    Template::of(snippet.place.word(), &snippet.html)
}

/// The same markup with a blank before its last `>`: inside an end tag, where it means nothing.
fn one_blank_more(own: &Bytes) -> Bytes {
    let at = own.iter().rposition(|byte| *byte == b'>').unwrap_or(own.len());
    let mut longer = BytesMut::with_capacity(own.len() + 1);
    longer.extend_from_slice(own.get(..at).unwrap_or_default());
    longer.extend_from_slice(b" ");
    longer.extend_from_slice(own.get(at..).unwrap_or_default());
    longer.freeze()
}
