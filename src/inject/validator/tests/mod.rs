//! The table at the top of the module, row by row; and a walk of a browser's cache, a shared cache and an origin that change.

mod origin;
mod rows;
mod store;
mod walk;
mod way;
