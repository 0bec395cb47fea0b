//! The pages of the owner's listener, made here as a whole: no script, nothing loaded, every text from outside escaped.
//!
//! Called by [`super::Admin`] with everything there is to show; asks nobody.

mod graph;
mod login;
mod owner;
mod periods;
mod scale;
mod sinks;
mod tables;

use std::fmt::Display;

pub(super) use login::login;
pub(super) use owner::{DAYS, View, owner};
pub(super) use tables::ROWS;

use super::html::esc;

/// The one style sheet; it stands in each page, and the pages' policy names its digest.
pub(super) const STYLE: &str = include_str!("style.css");

/// The mark before the name and in the browser's tab: a piece set into a frame.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' \
                    height='16' rx='4' fill='%230b6e63'/%3E%3Crect x='5' y='5' width='6' height='6' rx='1.5' \
                    fill='%23fff'/%3E%3C/svg%3E";

/// A whole document around a body.
fn document(title: &str, body: impl Display) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <link rel=\"icon\" href=\"{ICON}\">\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        esc(title),
    )
}

/// The mark and the name.
const BRAND: &str = "<a class=\"brand\" href=\"/\"><svg width=\"20\" height=\"20\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">\
                     <rect class=\"frame\" width=\"16\" height=\"16\" rx=\"4\"/>\
                     <rect class=\"piece\" x=\"5\" y=\"5\" width=\"6\" height=\"6\" rx=\"1.5\"/></svg>Inlay</a>";
