//! `inlay proxy ORIGIN_URL`: a site without a configuration file.

use clap::Args;

use super::{WRONG_USE, complain, serve};
use crate::config::{self, Flags};

/// Arguments of `inlay proxy`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  inlay proxy http://127.0.0.1:3000\n  inlay proxy https://example.com --listen 0.0.0.0:8080"
)]
pub(super) struct ProxyArgs {
    /// The site's own server, such as http://127.0.0.1:3000
    #[arg(value_name = "ORIGIN_URL")]
    origin: String,
    /// Where visitors connect; may be given more than once [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,
    /// Where the owner connects [default: 127.0.0.1:9180]
    #[arg(long, value_name = "ADDR")]
    admin: Option<String>,
    /// The folder of the ledger [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// The Host that the origin is sent: keep, origin, or a name [default: origin for a public address, keep otherwise]
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
}

pub(super) fn run(args: ProxyArgs) -> u8 {
    let ProxyArgs { origin, listen, admin, data, host } = args;
    match config::for_origin(&Flags { origin, listen, admin, data, host }) {
        Ok(config) => serve::until_stopped(config),
        Err(problems) => {
            complain(problems);
            WRONG_USE
        }
    }
}
