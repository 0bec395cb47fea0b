//! What caches are told by a site, as it follows from `in_front` and the tags (`inject::reuse`, `inject::validator`), and what a
//! rule costs in hits.

use std::fmt::{self, Display};

use crate::config::{InFront, Mode, OwnerTag, Problem, Site, Via};

/// What is sent to caches, a line for each kind of page; the lines behind the first begin with `indent`.
pub(super) struct Caches<'a> {
    pub(super) site: &'a Site,
    pub(super) indent: &'static str,
}

impl Display for Caches<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Caches { site, indent } = self;
        if !site.tag || site.mode == Mode::Shadow {
            return f.write_str("nothing is changed");
        }
        f.write_str(match site.in_front {
            InFront::None => "nothing keeps pages before Inlay: every tagged page bears a view id",
            InFront::Unknown => "pages that a cache may keep: the same for everyone, no view id; all others bear one",
            InFront::Cache => {
                "pages that a cache may keep, or that say nothing of it: the same for everyone, no view id; all others bear one"
            }
        })?;
        for tag in in_page(site) {
            write!(f, "\n{indent}pages with {}: private, no shared cache keeps them", tag.id)?;
            if is_drawn(tag) {
                f.write_str("; sent whole at each visit, no browser's copy is confirmed")?;
            }
        }
        Ok(())
    }
}

/// The snippets that stand in the bytes of pages.
fn in_page(site: &Site) -> impl Iterator<Item = &OwnerTag> {
    site.tags.iter().filter(|tag| tag.via == Via::Page)
}

fn is_drawn(tag: &OwnerTag) -> bool {
    tag.percent < 100
}

/// Rules by which visitors of one page get different ones, and what caching that costs.
pub(super) fn warnings(site: &Site) -> Vec<String> {
    if !site.tag || site.mode == Mode::Shadow {
        return Vec::new();
    }
    let of_tags = in_page(site).filter_map(|tag| {
        let message = message(tag)?;
        Some(Problem { at: tag.at.clone(), message }.to_string())
    });
    let drawn = (site.percent < 100 && site.in_front != InFront::None).then(|| {
        format!(
            "site {}: percent = {} is drawn view by view, and of a page that a shared cache keeps the view that was stored \
             decides for everyone; write in_front = \"none\" where nothing keeps pages before Inlay",
            site.name, site.percent
        )
    });
    of_tags.chain(drawn).collect()
}

fn message(tag: &OwnerTag) -> Option<String> {
    let OwnerTag { id, paths, percent, .. } = tag;
    if is_drawn(tag) {
        return Some(format!(
            "{id} is drawn for {percent} of 100 views, so no copy of {paths} is ever confirmed: browsers load these pages whole \
             at each visit, and shared caches keep none; write fewer paths, or via = \"script\", which costs no caching"
        ));
    }
    tag.when.differs_by_visitor().then(|| {
        format!(
            "{id} is placed by a cookie, so {paths} is not the same for everyone: shared caches keep no such page, also for those \
             who do not get {id}; write fewer paths, or via = \"script\", which costs no caching"
        )
    })
}
