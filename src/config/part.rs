//! Which file of a configuration it is, and so which part of it is looked at.

use toml::de::{DeTable, DeValue};

/// Which file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The one that the owner named.
    Main,
    /// One that its `sites` names.
    Sites,
    /// Of the main file, the folder of the ledger alone.
    Data,
}

/// Leaves `data` of `[server]`, right or wrong.
pub(super) fn leave_data(document: &mut DeTable<'_>) {
    keep(document, "server");
    for (_, server) in document.iter_mut() {
        if let DeValue::Table(server) = server.get_mut() {
            keep(server, "data");
        }
    }
}

fn keep(table: &mut DeTable<'_>, name: &str) {
    let all = std::mem::take(table);
    table.extend(all.into_iter().filter(|(key, _)| key.get_ref() == name));
}
