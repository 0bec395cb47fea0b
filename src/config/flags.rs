//! A configuration without a file: one site, from the flags of `inlay proxy`. The rules and the words are those of a file.

use std::path::Path;
use std::sync::Arc;

use super::claims::Claims;
use super::files::finish;
use super::marked::Marked;
use super::problem::At;
use super::resolve::Resolver;
use super::{Checks, Config, Problems, file, host};

/// The name of the one site.
const SITE: &str = "default";

/// Where a value can come from; its index is the value's place, as a byte's is in a file.
const PLACES: [&str; 5] = ["ORIGIN_URL", "--listen", "--admin", "--data", "--host"];
const ORIGIN: usize = 0;
const LISTEN: usize = 1;
const ADMIN: usize = 2;
const DATA: usize = 3;
const HOST: usize = 4;

/// What `inlay proxy ORIGIN_URL` was told; what is absent has its default.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `ORIGIN_URL`.
    pub origin: String,
    /// `--listen`, once for each address.
    pub listen: Vec<String>,
    /// `--admin`.
    pub admin: Option<String>,
    /// `--data`, relative to the folder we are in.
    pub data: Option<String>,
    /// `--host`: `keep`, `origin` or a name.
    pub host: Option<String>,
}

/// The configuration that the flags say: one site with every host before one origin.
///
/// The origin is sent its own host where its address is neither of this machine nor of a private network: a public server
/// knows its own name alone. `--host` overrules that.
pub fn for_origin(flags: &Flags) -> Result<Config, Problems> {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let mut resolver = Resolver {
        at: &|place| At::whole(PLACES.get(place).copied().unwrap_or(SITE)),
        text: "",
        folder: Path::new(""),
        checks: Checks::default(),
        claims: &mut Claims::default(),
        problems: &mut problems,
        warnings: &mut warnings,
    };
    let server = resolver.server(&server(flags));
    let site = resolver.site(&site(flags));
    let config = server.zip(site).map(|(server, site)| Config {
        server,
        sites: vec![Arc::new(site)],
        sinks: Vec::new(),
        warnings,
    });
    finish(config, problems)
}

fn server(flags: &Flags) -> file::Server {
    let default = file::Server::default();
    let listen = match flags.listen.is_empty() {
        true => default.listen.value.into_iter().map(|addr| addr.value).collect(),
        false => flags.listen.clone(),
    };
    let or =
        |flag: &Option<String>, default: Marked<String>, place| marked(flag.clone().unwrap_or(default.value), place);
    file::Server {
        listen: marked(listen.into_iter().map(|addr| marked(addr, LISTEN)).collect(), LISTEN),
        admin: or(&flags.admin, default.admin, ADMIN),
        data: or(&flags.data, default.data, DATA),
        ..file::Server::default()
    }
}

fn site(flags: &Flags) -> file::Site {
    let far = host::origin(&flags.origin).is_ok_and(|origin| !origin.is_near());
    let sent = flags.host.clone().unwrap_or_else(|| if far { "origin" } else { "keep" }.to_owned());
    file::Site {
        name: Some(SITE.into()),
        hosts: Some(marked(vec!["*".into()], ORIGIN)),
        origin: Some(marked(flags.origin.clone(), ORIGIN)),
        host: marked(sent, HOST),
        ..file::Site::default()
    }
}

fn marked<T>(value: T, offset: usize) -> Marked<T> {
    Marked { value, offset }
}

#[cfg(test)]
mod tests {
    use super::super::HostSent;
    use super::*;

    fn flags(origin: &str, data: &Path) -> Flags {
        Flags { origin: origin.into(), data: Some(data.display().to_string()), ..Flags::default() }
    }

    #[test]
    fn one_site_takes_every_host_and_all_else_is_the_default_of_a_file() {
        let place = tempfile::tempdir().expect("a folder");
        let config = for_origin(&flags("http://127.0.0.1:3000", place.path())).expect("good flags");
        let site = config.sites.first().expect("one site");
        assert_eq!((site.name.as_str(), config.sites.len()), ("default", 1));
        assert!(site.owns_host("anything.example"));
        assert_eq!(config.server.listen, ["127.0.0.1:8080".parse().expect("an address")]);
        assert_eq!(config.server.admin.listen, "127.0.0.1:9180".parse().expect("an address"));
        assert_eq!(site.privacy.retention_days, 90);
    }

    #[test]
    fn a_public_origin_is_sent_its_own_host_a_near_one_the_visitors_and_the_flag_overrules() {
        let place = tempfile::tempdir().expect("a folder");
        let sent = |origin: &str, host: Option<&str>| {
            let flags = Flags { host: host.map(str::to_owned), ..flags(origin, place.path()) };
            for_origin(&flags).expect("good flags").sites.first().map(|site| site.host.clone()).expect("one site")
        };
        assert_eq!(sent("https://example.com", None), HostSent::Origin);
        assert_eq!(sent("http://127.0.0.1:3000", None), HostSent::Keep);
        assert_eq!(sent("https://example.com", Some("keep")), HostSent::Keep);
        assert_eq!(sent("http://127.0.0.1:3000", Some("shop.example")), HostSent::Name("shop.example".into()));
    }

    #[test]
    fn an_origin_that_is_ourselves_is_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let ask = |origin: &str, listen: &str| {
            for_origin(&Flags { listen: vec![listen.to_owned()], ..flags(origin, place.path()) })
        };
        for (origin, listen) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://localhost:8080", "127.0.0.1:8080"),
            ("http://127.0.0.1:8080", "0.0.0.0:8080"),
            ("http://localhost", "[::]:80"),
        ] {
            let said = ask(origin, listen).expect_err("a request would go round").to_string();
            assert!(
                said.starts_with("ORIGIN_URL: ") && said.contains("where we listen"),
                "{origin} at {listen}: {said}"
            );
        }
        for origin in ["http://127.0.0.1:9180", "http://localhost:9180"] {
            let said = ask(origin, "127.0.0.1:8080").expect_err("visitors would get the owner's page").to_string();
            assert!(said.starts_with("ORIGIN_URL: ") && said.contains("where the owner connects"), "{origin}: {said}");
        }
        for (origin, listen) in [
            ("http://127.0.0.1:3000", "127.0.0.1:8080"),
            ("http://127.0.0.2:8080", "127.0.0.1:8080"),
            ("http://192.0.2.1:8080", "0.0.0.0:8080"),
        ] {
            assert!(ask(origin, listen).is_ok(), "{origin} at {listen} is somebody else");
        }
    }

    #[test]
    fn every_bad_flag_is_said_by_its_name_in_the_words_of_a_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let bad = Flags {
            listen: vec!["80".into(), "127.0.0.1:9000".into()],
            admin: Some("127.0.0.1:9000".into()),
            host: Some("orign".into()),
            ..flags("127.0.0.1:3000", file.path())
        };
        let said = for_origin(&bad).expect_err("bad flags").to_string();
        let lines: Vec<&str> = said.lines().collect();
        for (start, instead) in [
            ("--admin: ", "taken by 127.0.0.1:9000"),
            ("--data: ", "cannot be written"),
            ("--host: ", "write `origin`"),
            ("--listen: ", "write 127.0.0.1:80"),
            ("ORIGIN_URL: ", "write http://127.0.0.1:3000"),
        ] {
            assert!(
                lines.iter().any(|line| line.starts_with(start) && line.contains(instead)),
                "{start}{instead} in\n{said}"
            );
        }
        assert_eq!(lines.len(), 5, "{said}");
    }
}
