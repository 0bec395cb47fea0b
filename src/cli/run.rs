//! `inlay run --config FILE`.

use std::path::PathBuf;

use clap::Args;

use super::{WRONG_USE, complain, serve};
use crate::app;

/// Arguments of `inlay run`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  inlay run --config inlay.toml")]
pub(super) struct RunArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(args: &RunArgs) -> u8 {
    match app::load(&args.config, &|name| std::env::var_os(name)) {
        Ok(config) => serve::until_stopped(config),
        Err(problems) => {
            complain(problems);
            WRONG_USE
        }
    }
}
