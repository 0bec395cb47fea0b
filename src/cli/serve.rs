//! What `run`, `proxy` and `demo` share: start, say where, serve, say how it ended.

use std::sync::Arc;

use tracing_subscriber::filter::LevelFilter;

use super::{DONE, FAILED};
use crate::app::{self, Running, logs};
use crate::config::Config;
use crate::ledger::Summary;

/// The environment variable that says how much is logged: `error`, `warn`, `info` (default), `debug` or `trace`.
const LOG_LEVEL: &str = "INLAY_LOG";

/// Starts logging, the program, and serves until a signal.
pub(super) fn until_stopped(config: Config) -> u8 {
    start_logs(&config, LevelFilter::INFO);
    let running = match start(config) {
        Ok(running) => running,
        Err(code) => return code,
    };
    for addr in &running.listen {
        tracing::info!(%addr, "listening for visitors");
    }
    tracing::info!(addr = %running.admin, "listening for the owner");
    if !running.admin.ip().to_canonical().is_loopback() && !running.inlay().tokens().ever_made() {
        tracing::warn!("the owner's page is shut until there is a token: inlay token create --name NAME");
    }
    let Summary { rows, dropped } = running.run();
    tracing::info!(events = rows, dropped, "stopped");
    DONE
}

/// Builds the program; says why where it does not start.
pub(super) fn start(config: Config) -> Result<Running, u8> {
    app::start(Arc::new(config)).map_err(|error| {
        eprintln!("inlay: {:#}", anyhow::Error::new(error));
        FAILED
    })
}

/// Starts logging at the level of the environment, or at `level`.
pub(super) fn start_logs(config: &Config, level: LevelFilter) {
    let asked = std::env::var(LOG_LEVEL).ok().and_then(|name| name.parse().ok());
    logs::start(config.server.log_format, asked.unwrap_or(level));
}
