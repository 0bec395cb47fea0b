//! `inlay demo`: a sample shop that knows nothing of Inlay, the proxy before it, the ledger in a folder, a sink
//! that fills another, the owner's page.

mod archive;
mod pages;
mod shop;
mod views;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use tracing_subscriber::filter::LevelFilter;

use self::shop::Shop;
use self::views::Views;
use super::folder::shell_word;
use super::{DONE, FAILED, WRONG_USE, complain, sentence, serve, tell};
use crate::app::{Bound, ListenError, StartError};
use crate::config::{self, At, Config, Flags, OwnerTag, Paths, Place, Site};
use crate::ledger::Summary;

/// What the owner of the shop has placed on its help page.
const SNIPPET: &str = "<aside style=\"position:fixed;right:1rem;bottom:1rem;padding:.6rem 1rem;border-radius:1rem;\
background:#2f6b4f;color:#fff;font:1rem/1.4 system-ui,sans-serif\">A question? <a style=\"color:#fff\" \
href=\"mailto:shop@example.com\">Write to us</a>.</aside>";

/// Arguments of `inlay demo`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  inlay demo --data /tmp/inlay-demo")]
pub(super) struct DemoArgs {
    /// Where visitors of the shop connect
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Where its owner connects
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9180")]
    admin: String,
    /// The folder of the ledger; a second start finds what the first one left
    #[arg(long, value_name = "DIR", default_value = "inlay-demo")]
    data: String,
}

pub(super) fn run(args: DemoArgs) -> u8 {
    let shop = match Bound::new(SocketAddr::from(([127, 0, 0, 1], 0))) {
        Ok(shop) => shop,
        Err(error) => {
            complain(sentence(error));
            return FAILED;
        }
    };
    let config = match configuration(args, shop.addr) {
        Ok(config) => config,
        Err(problems) => {
            complain(problems);
            return WRONG_USE;
        }
    };
    serve::start_logs(&config, LevelFilter::WARN);
    let (data, owner) = (config.server.data.clone(), config.server.admin.listen);
    let mut running = match serve::start(config) {
        Ok(running) => running,
        Err(error) => {
            complain(format_args!("{}{}", sentence(&error), flag_for(&error, owner)));
            return FAILED;
        }
    };
    running.serve("shop", Shop, shop);
    let visitors = running.listen.first().copied().unwrap_or(running.admin);
    greet(visitors, running.admin, &data);
    let views = Views::follow(&data, running.inlay().sinks());
    let summary = running.run();
    views.stop();
    say_goodbye(summary, &data);
    DONE
}

fn configuration(args: DemoArgs, shop: SocketAddr) -> Result<Config, config::Problems> {
    let DemoArgs { listen, admin, data } = args;
    let flags = Flags {
        origin: format!("http://{shop}"),
        listen: vec![listen],
        admin: Some(admin),
        data: Some(data),
        host: None,
    };
    let mut config = config::for_origin(&flags)?;
    config.sinks.push(Arc::new(archive::sink(&config.server.data)));
    if let Some(site) = config.sites.first_mut() {
        let shop: &mut Site = Arc::make_mut(site);
        shop.name = "shop".to_owned();
        let html = Bytes::from_static(SNIPPET.as_bytes());
        let help = Paths::new(["/help"], []).unwrap_or_default();
        shop.tags.push(OwnerTag::new("help", html, Place::BodyEnd, help, At::whole("the demo's snippet")));
    }
    Ok(config)
}

fn greet(visitors: SocketAddr, owner: SocketAddr, data: &Path) {
    let (data, events) = (data.display(), shell_word(&archive::folder(data)));
    tell(format_args!(
        "\nA sample shop, with Inlay before it. Open:\n\n  \
         http://{visitors}/                  the shop: click about\n  \
         http://{visitors}/slow              a page that comes in pieces\n  \
         http://{visitors}/help              a page with a snippet of the owner's\n  \
         http://{visitors}/_inlay/privacy    what visitors are told, and their opt-out\n  \
         http://{owner}/                  the owner's page\n\n\
         What is recorded lies in {data}. Each view is one line here; Ctrl-C ends it.\n\
         A sink called archive writes every event to files as well. Once a page was opened, watch them grow:\n\n  \
         tail -F {events}/*.ndjson\n"
    ));
}

fn say_goodbye(summary: Summary, data: &Path) {
    let Summary { rows, dropped } = summary;
    let words = plural(rows);
    tell(format_args!(
        "\n{rows} {words} recorded, {dropped} dropped. A second start finds them in {}.",
        data.display()
    ));
    tell(format_args!("{} to {}.", archive::line(archive::written(data)), archive::folder(data).display()));
    let data = shell_word(data);
    tell(format_args!("What was counted: inlay stats --data {data}"));
    tell(format_args!("How the sink is:  inlay sink status --data {data}"));
}

/// How the demo is given another address than the one that cannot be had.
fn flag_for(error: &StartError, owner: SocketAddr) -> &'static str {
    let StartError::Listen(
        ListenError::Busy { addr }
        | ListenError::NoRights { addr }
        | ListenError::NotOurs { addr }
        | ListenError::Other { addr, .. },
    ) = error
    else {
        return "";
    };
    if *addr == owner { ": inlay demo --admin 127.0.0.1:9181" } else { ": inlay demo --listen 127.0.0.1:8081" }
}

fn plural(n: u64) -> &'static str {
    if n == 1 { "view was" } else { "views were" }
}
