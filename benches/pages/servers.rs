//! Who is compared: an origin of static pages, nginx in three settings, bare pingora, and Inlay passing through and tagging.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::bare;
use super::process::{Process, free_addr, wait_for};

/// The core of the proxy that is measured.
pub const PROXY_CORE: usize = 0;
/// The core of origin and load.
pub const OTHER_CORE: usize = 1;

/// The pages: a file's name and how many bytes it has.
pub const PAGES: [(&str, usize); 3] = [("24k.html", 24_662), ("107k.html", 107_092), ("380k.html", 380_000)];

/// nginx with its proxy buffers as they are, and large enough for a whole page.
const DEFAULT_BUFFERS: &str = "";
const LARGE_BUFFERS: &str = "proxy_buffer_size 32k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;";
const SUB_FILTER: &str = "sub_filter_once on; sub_filter '<head>' \
    '<head><script async=\"\" src=\"/_inlay/t.00000000.js\"></script>';";

/// One who is measured.
pub struct Server {
    pub name: &'static str,
    pub addr: SocketAddr,
    pub process: Process,
    /// Whether its pages bear a tag.
    pub tags: bool,
}

/// Everything that runs, in a folder that goes with it.
pub struct Servers {
    pub all: Vec<Server>,
    _origin: Process,
    _dir: TempDir,
}

pub const NGINX_PASS: &str = "nginx, passing through";
pub const NGINX_SUB: &str = "nginx sub_filter";
pub const NGINX_SUB_LARGE: &str = "nginx sub_filter, large buffers";
pub const BARE: &str = "bare pingora";
pub const INLAY_PASS: &str = "Inlay, passing through";
pub const INLAY_TAG: &str = "Inlay, tagging";

impl Servers {
    /// Starts all of them.
    pub fn start() -> Servers {
        let dir = TempDir::new().expect("a folder");
        let (origin, _origin) = origin(dir.path());
        let nginx = |name: &'static str, more: &str, tags| {
            let addr = free_addr();
            let server = format!(
                "upstream origin {{ server {origin}; keepalive 128; }} server {{ listen {addr}; {more}\
                location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";\
                proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\
                proxy_set_header X-Forwarded-Proto $scheme; }} }}"
            );
            let folder = dir.path().join(name.replace([' ', ','], "-"));
            Server { name, addr, process: start_nginx(&folder, &server, PROXY_CORE), tags }
        };
        let all = vec![
            nginx(NGINX_PASS, DEFAULT_BUFFERS, false),
            nginx(NGINX_SUB, &format!("{DEFAULT_BUFFERS}{SUB_FILTER}"), true),
            nginx(NGINX_SUB_LARGE, &format!("{LARGE_BUFFERS}{SUB_FILTER}"), true),
            start_bare(origin),
            inlay(INLAY_PASS, &dir.path().join("pass"), origin, false),
            inlay(INLAY_TAG, &dir.path().join("tag"), origin, true),
        ];
        all.iter().for_each(|server| wait_for(server.addr));
        Servers { all, _origin, _dir: dir }
    }
}

/// The origin: nginx with the pages as files.
pub fn origin(dir: &Path) -> (SocketAddr, Process) {
    let addr = free_addr();
    let pages = dir.join("pages");
    fs::create_dir_all(&pages).expect("a folder");
    for (name, bytes) in PAGES.into_iter().chain([("2k.html", 2_000)]) {
        fs::write(pages.join(name), page(bytes)).expect("a page is written");
    }
    let server = format!("server {{ listen {addr}; root {}; keepalive_requests 1000000; }}", pages.display());
    let process = start_nginx(&dir.join("origin"), &server, OTHER_CORE);
    wait_for(addr);
    (addr, process)
}

/// Inlay before the origin, as `Command`: valgrind runs it too.
pub fn inlay_command(dir: &Path, origin: SocketAddr, addr: SocketAddr, tag: bool, sinks: &str) -> Command {
    fs::create_dir_all(dir).expect("a folder");
    let config = dir.join("inlay.toml");
    let text = format!(
        "[server]\nlisten = [\"{addr}\"]\nadmin = \"127.0.0.1:0\"\n[[site]]\nname = \"shop\"\nhosts = [\"*\"]\n\
         origin = \"http://{origin}\"\ntag = {tag}\nin_front = \"none\"\n{sinks}"
    );
    fs::write(&config, text).expect("a configuration is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_inlay"));
    command.arg("run").arg("--config").arg(config).env("INLAY_LOG", "warn");
    command
}

/// Inlay before the origin.
pub fn inlay(name: &'static str, dir: &Path, origin: SocketAddr, tag: bool) -> Server {
    let addr = free_addr();
    let process = Process::on_core(PROXY_CORE, &inlay_command(dir, origin, addr, tag, ""));
    Server { name, addr, process, tags: tag }
}

/// Inlay before the origin, tagging, with a file sink and one that posts to `receiver`.
pub fn inlay_with_sinks(name: &'static str, dir: &Path, origin: SocketAddr, receiver: SocketAddr) -> Server {
    let addr = free_addr();
    let sinks = format!(
        "[[sink]]\nname = \"archive\"\nkind = \"file\"\npath = \"events\"\n\
         [[sink]]\nname = \"hook\"\nkind = \"http\"\nurl = \"http://{receiver}/in\"\n"
    );
    let process = Process::on_core(PROXY_CORE, &inlay_command(dir, origin, addr, true, &sinks));
    Server { name, addr, process, tags: true }
}

/// A backend that takes whatever is posted.
pub fn receiver(dir: &Path) -> (SocketAddr, Process) {
    let addr = free_addr();
    let server = format!("server {{ listen {addr}; client_max_body_size 0; location / {{ return 204; }} }}");
    let process = start_nginx(&dir.join("receiver"), &server, OTHER_CORE);
    wait_for(addr);
    (addr, process)
}

/// Bare pingora before the origin.
pub fn start_bare(origin: SocketAddr) -> Server {
    let addr = free_addr();
    let mut command = Command::new(std::env::current_exe().expect("our own file"));
    command.env(bare::ASKED, format!("{addr} {origin}"));
    Server { name: BARE, addr, process: Process::on_core(PROXY_CORE, &command), tags: false }
}

fn start_nginx(dir: &Path, server: &str, core: usize) -> Process {
    fs::create_dir_all(dir).expect("a folder");
    let conf = dir.join("nginx.conf");
    let text = format!(
        "daemon off; worker_processes 1; pid {0}/pid; error_log {0}/error.log; events {{ worker_connections 4096; }}\n\
         http {{ types {{ text/html html; }} access_log off; sendfile on; keepalive_requests 1000000;\n\
         client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;\n\
         uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;\n{server} }}\n",
        dir.display()
    );
    fs::write(&conf, text).expect("a configuration is written");
    let mut command = Command::new("nginx");
    command.arg("-p").arg(dir).arg("-c").arg(&conf).arg("-e").arg(dir.join("error.log"));
    Process::on_core(core, &command)
}

/// A page of exactly so many bytes: an ordinary head, then paragraphs.
fn page(bytes: usize) -> String {
    const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>A page</title>\n\
        <link rel=\"stylesheet\" href=\"/style.css\">\n<script src=\"/app.js\" defer></script>\n</head>\n<body>\n";
    const END: &str = "</body>\n</html>\n";
    let mut page = HEAD.to_owned();
    for n in 0.. {
        let paragraph =
            format!("<p id=\"p{n}\">The <a href=\"/{n}\">{n}th</a> of many paragraphs that a page may have.</p>\n");
        if page.len() + paragraph.len() + END.len() > bytes {
            break;
        }
        page.push_str(&paragraph);
    }
    page.push_str(&" ".repeat(bytes - page.len() - END.len()));
    page.push_str(END);
    page
}

/// What a figure must name: the day, the machine, the programs, the profile.
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let nginx = Command::new("nginx").arg("-v").output().map(|output| output.stderr).unwrap_or_default();
    let nginx = String::from_utf8_lossy(&nginx).trim().replace("nginx version: ", "");
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_inlay"));
    let profile = binary.parent().and_then(Path::file_name).unwrap_or_default().display().to_string();
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d");
    format!("{today}, {cpu}, {cores} cores, Linux {}, {nginx}, profile {profile}", kernel.trim())
}
