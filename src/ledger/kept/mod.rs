//! What is kept beside events and counts: tokens of the owner's side, scripts that pages still name, since when a site says what.

pub(super) mod said;
pub(super) mod scripts;
pub(super) mod since;
pub(super) mod tokens;
