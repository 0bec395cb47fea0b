//! The hand-over: how a request's thread leaves a hit for the writer without waiting, and what is counted where it cannot.

pub(super) mod drops;
pub(super) mod hit;
pub(super) mod lanes;
