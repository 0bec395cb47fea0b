//! Builds, starts and stops the program: the one room that knows all the others.

mod accept;
mod check;
mod embed;
mod gate;
mod limits;
mod listen;
pub mod logs;
mod owner;
mod run;
mod signals;
mod stop;

pub use check::load;
pub use embed::{Inlay, LoadError};
pub(crate) use listen::Bound;
pub use listen::ListenError;
pub use run::{Running, StartError, start};
