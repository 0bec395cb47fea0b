//! `stdout`: a line an event on standard output, for trying out and for programs that read a pipe. At least once.

use std::io::{self, Write};

use super::backend::{Backend, Sending};
use super::fault::{Delivery, Fault};

pub(super) struct Stdout;

impl Backend for Stdout {
    fn deliver(&mut self, sending: &Sending<'_>) -> Delivery {
        let mut out = io::stdout().lock();
        match out.write_all(sending.body).and_then(|()| out.flush()) {
            Ok(()) => Delivery::Accepted,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Delivery::Failed(Fault::Misconfigured("nobody reads standard output any more".into()))
            }
            Err(error) => Delivery::Failed(Fault::Again {
                why: format!("standard output cannot be written: {error}"),
                after: None,
            }),
        }
    }
}
