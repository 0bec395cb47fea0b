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
    /// Of the main file, the names and kinds of its sinks alone.
    Sinks,
}

/// Leaves `data` of `[server]`, right or wrong.
pub(super) fn leave_data(document: &mut DeTable<'_>) {
    keep(document, &["server"]);
    for (_, server) in document.iter_mut() {
        if let DeValue::Table(server) = server.get_mut() {
            keep(server, &["data"]);
        }
    }
}

/// Leaves `name` and `kind` of each `[[sink]]`, right or wrong.
pub(super) fn leave_sinks(document: &mut DeTable<'_>) {
    keep(document, &["sink"]);
    for (_, sinks) in document.iter_mut() {
        let DeValue::Array(sinks) = sinks.get_mut() else { continue };
        for sink in sinks.iter_mut() {
            if let DeValue::Table(sink) = sink.get_mut() {
                keep(sink, &["name", "kind"]);
            }
        }
    }
}

fn keep(table: &mut DeTable<'_>, names: &[&str]) {
    let all = std::mem::take(table);
    table.extend(all.into_iter().filter(|(key, _)| names.contains(&key.get_ref().as_ref())));
}
