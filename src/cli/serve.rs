//! What `run`, `proxy` and `demo` share: start, say where, serve, say how it ended.

use std::sync::Arc;

use tracing_subscriber::filter::LevelFilter;

use super::folder::{shell_word, whole};
use super::{DONE, FAILED, complain, sentence};
use crate::app::{self, Running, StartError, logs};
use crate::config::Config;
use crate::ledger::Summary;

/// The environment variable that says how much is logged: `error`, `warn`, `info` (default), `debug` or `trace`.
const LOG_LEVEL: &str = "INLAY_LOG";

/// Starts logging, the program, and serves until a signal.
pub(super) fn until_stopped(config: Config) -> u8 {
    start_logs(&config, LevelFilter::INFO);
    let data = config.server.data.clone();
    let running = match start(config) {
        Ok(running) => running,
        Err(error) => {
            complain(sentence(error));
            return FAILED;
        }
    };
    for addr in &running.listen {
        tracing::info!(%addr, "listening for visitors");
    }
    tracing::info!(addr = %running.admin, "listening for the owner");
    if !running.admin.ip().to_canonical().is_loopback() && !running.inlay().tokens().ever_made() {
        // In full: without the folder the command would make a token in whatever ledger it finds.
        let command = format!("inlay token create --name NAME --data {}", shell_word(&whole(&data)));
        tracing::warn!(%command, "the owner's page is shut until a token is made");
    }
    let Summary { rows, dropped } = running.run();
    tracing::info!(events = rows, dropped, "stopped");
    DONE
}

/// Builds the program.
pub(super) fn start(config: Config) -> Result<Running, StartError> {
    app::start(Arc::new(config))
}

/// Starts logging at the level of the environment, or at `level`.
pub(super) fn start_logs(config: &Config, level: LevelFilter) {
    let asked = std::env::var(LOG_LEVEL).ok().and_then(|name| name.parse().ok());
    logs::start(config.server.log_format, asked.unwrap_or(level));
}
