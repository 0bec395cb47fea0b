//! Step two: from what stands in a file, or in the flags, to checked values, every problem said with its place.
//!
//! A value that is no good leaves `None` behind and its problem in the list; the other values are still looked at.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::claims::{Claims, Side};
use super::marked::Marked;
use super::problem::{At, Problem};
use super::{Admin, Checks, Net, Server, file, folder, host, net};

/// Turns the values of one file, or of the flags, into checked ones.
pub(super) struct Resolver<'a> {
    /// Where a value stands.
    pub(super) at: &'a dyn Fn(usize) -> At,
    /// The text that the values stand in; empty for flags.
    pub(super) text: &'a str,
    /// Where relative paths start.
    pub(super) folder: &'a Path,
    /// What other rooms know.
    pub(super) checks: Checks<'a>,
    pub(super) claims: &'a mut Claims,
    pub(super) problems: &'a mut Vec<Problem>,
    /// What is odd, and no problem.
    pub(super) warnings: &'a mut Vec<Problem>,
}

impl Resolver<'_> {
    pub(super) fn say(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.push(Problem::new((self.at)(offset), message));
    }

    pub(super) fn warn(&mut self, offset: usize, message: impl Into<String>) {
        self.warnings.push(Problem::new((self.at)(offset), message));
    }

    /// The value, or its problem.
    pub(super) fn one<T>(&mut self, value: &Marked<String>, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        read(&value.value).map_err(|message| self.say(value.offset, message)).ok()
    }

    /// The values that are good; the problems of the others.
    pub(super) fn all<T>(&mut self, values: &[Marked<String>], read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        values.iter().filter_map(|value| self.one(value, &read)).collect()
    }

    pub(super) fn server(&mut self, file: &file::Server) -> Option<Server> {
        let listen = self.listeners(file);
        self.claims.listeners(&listen, Side::Visitors);
        let admin = self.one(&file.admin, net::listen);
        self.claims.listeners(admin.as_slice(), Side::Owner);
        let data = self.folder.join(&file.data.value);
        if let Some(message) = folder::problem(&data) {
            self.say(file.data.offset, message);
        }
        Some(Server {
            admin: Admin { listen: admin?, hosts: self.all(&file.admin_hosts, host::name) },
            listen,
            data,
            trusted_proxies: self.all(&file.trusted_proxies, Net::parse),
            drain: Duration::from_secs(file.drain_secs.into()),
            log_format: file.log,
            access_log: file.access_log,
        })
    }

    /// The visitors' addresses; that none is said twice, the owner's among them.
    fn listeners(&mut self, file: &file::Server) -> Vec<SocketAddr> {
        let mut taken: Vec<(SocketAddr, &str)> = Vec::new();
        if file.listen.value.is_empty() {
            self.say(file.listen.offset, "`listen` is empty; write an address such as 127.0.0.1:8080");
        }
        let named = file.listen.value.iter().map(|value| (value, "listen")).chain([(&file.admin, "admin")]);
        for (value, key) in named {
            let Ok(addr) = net::listen(&value.value) else {
                // The owner's address is read, and its problem said, elsewhere.
                if key == "listen" {
                    self.one(value, net::listen);
                }
                continue;
            };
            if let Some((other, its_key)) = taken.iter().find(|(other, _)| net::collide(*other, addr)) {
                self.say(value.offset, format!("`{addr}` is taken by {other} in `{its_key}`; write another port"));
            }
            taken.push((addr, key));
        }
        taken.into_iter().filter(|(_, key)| *key == "listen").map(|(addr, _)| addr).collect()
    }
}
