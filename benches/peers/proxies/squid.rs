//! How is Squid measured?
//!
//! One worker, no cache. TLS is opened after a look at the hello (peek, then bump); helpers mint, and count.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path, process::Command};

use super::{Proxy, Recipe, Site};
use crate::scenario::Mode;

pub const PROXY: Proxy = Proxy {
    name: "squid",
    program: Some("squid"),
    version: "-v",
    modes: &[Mode::Plain, Mode::Strip, Mode::Tunnel, Mode::Open, Mode::OpenStrip],
    what: "one worker, cache off",
    prepare,
};

/// Where Debian keeps it.
const MINTER: &str = "/usr/lib/squid/security_file_certgen";

fn prepare(site: &Site<'_>) -> io::Result<Recipe> {
    let dir = site.dir.display();
    // Squid gives up root: what it writes has to be writable for whom it becomes.
    fs::set_permissions(site.dir, fs::Permissions::from_mode(0o777))?;
    let is_root = rustix::process::geteuid().is_root();
    let user = if is_root { "cache_effective_user nobody\ncache_effective_group nogroup\n" } else { "" };
    let heads = if site.mode.strips() {
        format!(
            "logformat heads %ts.%03tu %>a %rm %ru [%>h] %>Hs\nbuffered_logs on\naccess_log stdio:{dir}/heads.log heads\n\
             request_header_access X-Up-Calling-Line-Id deny all\n"
        )
    } else {
        "access_log none\n".to_owned()
    };
    let door = if site.mode.opens() { opening(site)? } else { format!("http_port 127.0.0.1:{}\n", site.ports.0) };
    let text = format!(
        "{door}{user}{heads}pid_filename none\ncoredump_dir {dir}\ncache_log {dir}/cache.log\nmax_filedescriptors 20000\n\
         cache deny all\ncache_mem 8 MB\npinger_enable off\nshutdown_lifetime 0 seconds\ndns_nameservers 127.0.0.1\n\
         pconn_timeout 900 seconds\nclient_idle_pconn_timeout 900 seconds\nserver_idle_pconn_timeout 900 seconds\n\
         forwarded_for delete\nvia off\nvisible_hostname bench\nhttp_access allow all\nclient_db off\n"
    );
    let file = site.write("squid.conf", &text)?;
    let mut command = site.command();
    command.arg("-N").arg("-n").arg(service(site.ports.0)).arg("-f").arg(file);
    Ok(site.explicit(command, site.dir.join("heads.log")))
}

fn opening(site: &Site<'_>) -> io::Result<String> {
    let database = site.dir.join("minted");
    let made = Command::new(MINTER).args(["-c", "-s"]).arg(&database).args(["-M", "64MB"]).output()?;
    if !made.status.success() {
        return Err(io::Error::other(format!("{MINTER} made no database")));
    }
    give_away(&database)?;
    Ok(format!(
        "http_port 127.0.0.1:{port} ssl-bump tls-cert={ca} tls-key={key} generate-host-certificates=on \
         dynamic_cert_mem_cache_size=64MB\n\
         sslcrtd_program {MINTER} -s {database} -M 64MB\nsslcrtd_children 4 startup=2 idle=1\n\
         tls_outgoing_options cafile={roots}\nsslproxy_session_cache_size 8 MB\n\
         acl first at_step SslBump1\nssl_bump peek first\nssl_bump bump all\n",
        port = site.ports.0,
        ca = site.papers.certificate("ca").display(),
        key = site.papers.key("ca").display(),
        database = database.display(),
        roots = site.papers.certificate("origin-ca").display(),
    ))
}

fn give_away(path: &Path) -> io::Result<()> {
    let is_dir = path.is_dir();
    fs::set_permissions(path, fs::Permissions::from_mode(if is_dir { 0o777 } else { 0o666 }))?;
    if is_dir {
        for entry in fs::read_dir(path)? {
            give_away(&entry?.path())?;
        }
    }
    Ok(())
}

/// What it calls itself; a word of letters and digits.
fn service(port: u16) -> String {
    format!("clirbench{port}")
}

/// What it leaves in shared memory when it is killed.
pub fn clean(port: u16) {
    let prefix = format!("{}-", service(port));
    let all = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    for entry in all.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)) {
        // Others may have been quicker, and nothing depends on it.
        let _ = fs::remove_file(entry.path());
    }
}
