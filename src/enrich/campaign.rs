//! The five `utm_*` parameters of a page's query. Everything else in the query is left where it is.

use crate::event::{Utm, query};

/// Longest value in bytes.
pub(crate) const MAX_VALUE: usize = 255;

/// Reads the campaign out of a raw query; the first of each name that says something counts.
pub(crate) fn campaign(query: &[u8]) -> Utm<'_> {
    let mut utm = Utm::default();
    for pair in query::pairs(query) {
        let slot = match pair.name {
            b"utm_source" => &mut utm.source,
            b"utm_medium" => &mut utm.medium,
            b"utm_campaign" => &mut utm.campaign,
            b"utm_term" => &mut utm.term,
            b"utm_content" => &mut utm.content,
            _ => continue,
        };
        if slot.is_empty() {
            *slot = query::text(pair.value, MAX_VALUE);
        }
    }
    utm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_lands_in_its_field_decoded() {
        let utm =
            campaign(b"a=1&utm_source=nl&utm_medium=e%2Dmail&utm_campaign=spring+sale&utm_term=x&utm_content=%C3%A4");
        let values = [utm.source, utm.medium, utm.campaign, utm.term, utm.content];
        assert_eq!(values, ["nl", "e-mail", "spring sale", "x", "ä"], "in the order of the fields");
    }

    #[test]
    fn the_first_value_that_says_something_counts() {
        let utm = campaign(b"utm_source=&utm_source=+&utm_source=one&utm_source=two");
        assert_eq!(utm.source, "one", "empty and blank ones are passed over");
    }

    #[test]
    fn a_query_without_a_campaign_gives_an_empty_one() {
        assert_eq!(campaign(b"q=utm_source=x&UTM_SOURCE=y"), Utm::default(), "names are exact");
    }

    #[test]
    fn a_long_value_is_cut_between_two_characters() {
        let query = format!("utm_source=a{}", "ä".repeat(200));
        assert_eq!(campaign(query.as_bytes()).source.len(), MAX_VALUE, "255 bytes are 1 + 2 * 127");
        let query = format!("utm_source={}", "ä".repeat(200));
        assert_eq!(campaign(query.as_bytes()).source.len(), MAX_VALUE - 1, "never half a character");
    }
}
