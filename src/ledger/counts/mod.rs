//! What is counted, and where: the dimensions, the sites' days, and the numbers of a batch on their way into the tables.

pub(super) mod days;
pub(super) mod dimension;
pub(super) mod tally;
