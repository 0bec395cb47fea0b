//! `inlay check --config FILE`: every problem, one line each; or what the file means, in a few lines a site and a sink.

mod caches;
mod sink;

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use self::caches::Caches;
use self::sink::SinkSummary;
use super::{DONE, FAILED, WRONG_USE, printed};
use crate::app;
use crate::config::{self, Config, Env, Host, HostSent, Net, Origin, OwnerTag, Site};

/// Arguments of `inlay check`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  inlay check --config inlay.toml")]
pub(super) struct CheckArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Checks the file: 0, or 2 with its problems on the standard error.
pub(super) fn run(args: &CheckArgs) -> u8 {
    report(&args.config, &|name| std::env::var_os(name), &mut io::stdout().lock(), &mut io::stderr().lock())
}

fn report(path: &Path, env: Env<'_>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let (code, written) = match app::load(path, env) {
        Ok(config) => {
            let of_file = config.warnings.iter().map(ToString::to_string);
            let of_caches = config.sites.iter().flat_map(|site| caches::warnings(site));
            let mut warnings = of_file.chain(of_caches).chain(config::folder_warning(&config.server.data));
            let warned = warnings.try_for_each(|warning| writeln!(err, "warning: {warning}"));
            let summed_up = writeln!(out, "{} is right.\n\n{}", path.display(), Summary(&config));
            (DONE, printed(warned).and(printed(summed_up)))
        }
        Err(problems) => (WRONG_USE, printed(writeln!(err, "{problems}"))),
    };
    if written.is_ok() { code } else { FAILED }
}

/// What a configuration means.
struct Summary<'a>(&'a Config);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = &self.0.server;
        writeln!(f, "listen    {}", list(server.listen.iter()))?;
        writeln!(f, "admin     {}", server.admin.listen)?;
        writeln!(f, "data      {}", server.data.display())?;
        write!(f, "trusted   {}", list(server.trusted_proxies.iter().map(|net| network(*net))))?;
        self.0.sites.iter().try_for_each(|site| write!(f, "\n\n{}", SiteSummary(site)))?;
        self.0.sinks.iter().try_for_each(|sink| write!(f, "\n\n{}", SinkSummary(sink)))
    }
}

struct SiteSummary<'a>(&'a Site);

impl Display for SiteSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SiteSummary(site) = self;
        let privacy = &site.privacy;
        writeln!(f, "site {}", site.name)?;
        writeln!(f, "  hosts   {}", list(site.hosts.iter().map(host)))?;
        writeln!(f, "  origin  {}, which is sent {}", origin(&site.origin), host_sent(site))?;
        writeln!(f, "  ours    {0} and {0}/...", site.prefix)?;
        writeln!(f, "  tags    {}", tags(site))?;
        writeln!(f, "  caches  {}", Caches { site, indent: "          " })?;
        writeln!(f, "  kept    {} days; a day begins in {}", privacy.retention_days, zone(site))?;
        let signals = [(true, "the opt-out cookie"), (privacy.honor.gpc, "Sec-GPC"), (privacy.honor.dnt, "DNT")];
        write!(f, "  honours {}", list(signals.iter().filter(|(honoured, _)| *honoured).map(|(_, signal)| signal)))
    }
}

fn list<T: Display>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<_> = items.map(|item| item.to_string()).collect();
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

fn network(net: Net) -> String {
    let whole = if net.addr.is_ipv4() { 32 } else { 128 };
    if net.bits == whole { net.addr.to_string() } else { format!("{}/{}", net.addr, net.bits) }
}

fn host(host: &Host) -> &str {
    match host {
        Host::Any => "every host that no other site has",
        Host::Name(name) => name,
    }
}

fn origin(origin: &Origin) -> String {
    let scheme = if origin.https { "https" } else { "http" };
    let host = if origin.host.contains(':') { format!("[{}]", origin.host) } else { origin.host.clone() };
    format!("{scheme}://{host}:{}", origin.port)
}

fn host_sent(site: &Site) -> String {
    match &site.host {
        HostSent::Keep => "the visitor's Host".into(),
        HostSent::Origin => "its own Host, and its Location is mapped back".into(),
        HostSent::Name(name) => format!("the Host {name}"),
    }
}

fn tags(site: &Site) -> String {
    if !site.tag {
        return "none".into();
    }
    let snippet = |tag: &OwnerTag| format!("{} ({} of {})", tag.id, tag.place.word(), tag.paths);
    let tags = site.tags.iter().map(snippet);
    list(std::iter::once(format!("Inlay's script ({})", site.paths)).chain(tags))
}

fn zone(site: &Site) -> &str {
    site.timezone.iana_name().unwrap_or("UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str) -> (u8, String, String) {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join(name);
        std::fs::write(&path, text).expect("writable");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = report(&path, &|_| None, &mut out, &mut err);
        let folder = format!("{}/", place.path().display());
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8").replace(&folder, "");
        (code, text(out), text(err))
    }

    const NINE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/nine-mistakes.toml"));

    #[test]
    fn nine_mistakes_are_nine_lines_and_the_code_is_2() {
        let (code, out, err) = check(NINE, "nine-mistakes.toml");
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(err.lines().count(), 9, "{err}");
        assert!(err.lines().all(|line| line.starts_with("nine-mistakes.toml:") && line.contains("; ")), "{err}");
    }

    #[test]
    fn a_good_file_is_summed_up_by_site() {
        let text = r#"
[server]
listen = ["0.0.0.0:80", "[::]:80"]
trusted_proxies = ["10.0.0.0/8", "::1"]

[[site]]
name = "shop"
hosts = ["shop.example.com", "www.shop.example.com"]
origin = "http://127.0.0.1:3000"
timezone = "Europe/Berlin"
not_paths = ["/admin/**"]

[[site.tag]]
id = "chat"
html = "<p></p>"
place = "body-end"
paths = ["/help/**"]

[[site]]
name = "rest"
hosts = ["*"]
origin = "https://[::1]"
host = "origin"
in_front = "none"
privacy = { honor = [], retention_days = 30 }

[[sink]]
name = "archive"
kind = "file"
path = "events"
from = "2026-11-01"

[[sink]]
name = "hook"
kind = "http"
url = "https://collector.example/in?token=secret"
sign = "0123456789abcdef"
gzip = true
sites = ["shop"]
fields = { drop = ["referrer"], rename = { host = "hostname" }, hash = ["view_id"], hash_key = "0123456789abcdef" }
"#;
        let (code, out, err) = check(text, "inlay.toml");
        assert_eq!((code, err.as_str()), (0, ""));
        let wanted = "\
inlay.toml is right.

listen    0.0.0.0:80, [::]:80
admin     127.0.0.1:9180
data      data
trusted   10.0.0.0/8, ::1

site shop
  hosts   shop.example.com, www.shop.example.com
  origin  http://127.0.0.1:3000, which is sent the visitor's Host
  ours    /_inlay and /_inlay/...
  tags    Inlay's script (/** but not /admin/**), chat (body-end of /help/**)
  caches  pages that a cache may keep: the same for everyone, no view id; all others bear one
          pages with chat: private, no shared cache keeps them
  kept    90 days; a day begins in Europe/Berlin
  honours the opt-out cookie, Sec-GPC, DNT

site rest
  hosts   every host that no other site has
  origin  https://[::1]:443, which is sent its own Host, and its Location is mapped back
  ours    /_inlay and /_inlay/...
  tags    Inlay's script (/**)
  caches  nothing keeps pages before Inlay: every tagged page bears a view id
  kept    30 days; a day begins in UTC
  honours the opt-out cookie

sink archive
  to      files in events, 100000000 bytes or 3600 s each, compressed when closed
  of      all sites, when it is new from 2026-11-01T00:00:00Z on
  fields  all
  batch   1000 events, 1000000 bytes or 1 s
  held    10737418240 bytes at most; pauses of 300 s at most

sink hook
  to      POST https://collector.example/..., compressed, signed
  of      shop, when it is new from now on
  fields  all but referrer; host as hostname; hashed: view_id
  batch   1000 events, 1000000 bytes or 1 s
  held    10737418240 bytes at most; pauses of 300 s at most
";
        assert_eq!(out, wanted);
    }

    #[test]
    fn a_pattern_that_names_nothing_is_warned_of_and_no_more() {
        let place = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(place.path().join("sites.d")).expect("writable");
        let path = place.path().join("inlay.toml");
        let site = "[[site]]\nname = 'a'\nhosts = ['*']\norigin = 'http://127.0.0.1:1'\n";
        std::fs::write(&path, format!("sites = 'sites.d/*.tml'\n{site}")).expect("writable");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        assert_eq!(report(&path, &|_| None, &mut out, &mut err), 0);
        let said = String::from_utf8(err).expect("UTF-8");
        let place = format!("warning: {}:1:9: `sites.d/*.tml` matches no file", path.display());
        assert!(said.starts_with(&place) && said.lines().count() == 1, "{said}");
    }

    #[test]
    fn what_a_reader_does_not_want_to_see_changes_no_code() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("inlay.toml");
        assert_eq!(report(&path, &|_| None, &mut Closed, &mut Closed), 2, "there is no file");
    }

    #[test]
    fn a_rule_that_differs_between_visitors_is_warned_of_with_what_it_costs() {
        let text = r#"
[[site]]
name = "shop"
hosts = ["*"]
origin = "http://127.0.0.1:1"
in_front = "cache"
percent = 10

[[site.tag]]
id = "beta"
html = "<p>beta</p>"
when = { cookie = { beta = "*" } }
paths = ["/new/**"]

[[site.tag]]
id = "promo"
html = "<p>promo</p>"
percent = 30

[[site.tag]]
id = "light"
html = "<img src=/p.gif>"
via = "script"
"#;
        let (code, out, err) = check(text, "inlay.toml");
        assert_eq!(code, 0, "{err}");
        let wanted = "\
  caches  pages that a cache may keep, or that say nothing of it: the same for everyone, no view id; all others bear one
          pages with beta: private, no shared cache keeps them
          pages with promo: private, no shared cache keeps them; sent whole at each visit, no browser's copy is confirmed
";
        assert!(out.contains(wanted), "{out}");
        let lines: Vec<_> = err.lines().collect();
        assert_eq!(lines.len(), 3, "{err}");
        for (line, wanted) in lines.iter().zip([
            "warning: inlay.toml:11:9: beta is placed by a cookie, so /new/** is not the same for everyone: ",
            "warning: inlay.toml:17:9: promo is drawn for 30 of 100 views, so no copy of /** is ever confirmed: ",
            "warning: site shop: percent = 10 is drawn view by view, ",
        ]) {
            assert!(line.starts_with(wanted) && line.contains("; write "), "{line}");
        }
        let shadow = text.replace("percent = 10", "mode = 'shadow'");
        let (_, out, err) = check(&shadow, "inlay.toml");
        assert!(
            out.contains("caches  nothing is changed") && err.is_empty(),
            "what changes nothing costs nothing: {err}"
        );
    }

    #[test]
    fn a_site_that_is_not_tagged_has_no_tags() {
        let text = "[[site]]\nname = 'a'\nhosts = ['*']\norigin = 'http://127.0.0.1:1'\ntag = false\n";
        let (_, out, _) = check(text, "inlay.toml");
        assert!(out.contains("tags    none") && out.contains("caches  nothing is changed"), "{out}");
    }
}
