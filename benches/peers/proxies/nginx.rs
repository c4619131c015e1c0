//! How is nginx measured?
//!
//! It is no forward proxy: everything goes to the one origin that it is told. So its figures are of the data path alone.

use std::{io, path::Path};

use super::{Proxy, Recipe, Site};
use crate::scenario::Mode;

pub const PROXY: Proxy = Proxy {
    name: "nginx",
    program: Some("nginx"),
    version: "-v",
    modes: &[Mode::Plain, Mode::Strip, Mode::Tunnel, Mode::Open, Mode::OpenStrip],
    what: "one origin, fixed; logs twelve fields that it is told to; no CONNECT; one certificate, made before",
    prepare,
};

const LOGGED: &[&str] = &[
    "host",
    "user_agent",
    "accept",
    "accept_language",
    "accept_encoding",
    "referer",
    "dnt",
    "cookie",
    "cache_control",
    "x_requested_with",
    "x_up_calling_line_id",
    "connection",
];

/// Where Debian keeps what its package leaves out of the program.
const STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

fn prepare(site: &Site<'_>) -> io::Result<Recipe> {
    let dir = site.dir.display();
    let module = if site.mode == Mode::Tunnel && Path::new(STREAM).is_file() {
        format!("load_module {STREAM};\n")
    } else {
        String::new()
    };
    let inside = if site.mode == Mode::Tunnel { stream(site) } else { http(site) };
    let text = format!(
        "{module}daemon off;\nmaster_process off;\npid {dir}/nginx.pid;\nerror_log {dir}/error.log crit;\n\
         events {{ worker_connections 19000; multi_accept on; }}\n{inside}"
    );
    let file = site.write("nginx.conf", &text)?;
    let mut command = site.command();
    command.arg("-e").arg(site.dir.join("error.log")).arg("-p").arg(site.dir).arg("-c").arg(file);
    Ok(site.silent(command, site.dir.join("heads.log")))
}

fn stream(site: &Site<'_>) -> String {
    let server = |here: u16, there: u16| {
        format!("server {{ listen 127.0.0.1:{here} backlog=4096; proxy_pass 127.0.0.1:{there}; }}\n")
    };
    let (cleartext, tls) = (site.origin.cleartext.port(), site.origin.tls.port());
    format!("stream {{\n{}{}}}\n", server(site.ports.0, cleartext), server(site.ports.1, tls))
}

fn http(site: &Site<'_>) -> String {
    let dir = site.dir.display();
    let logged: Vec<_> = LOGGED.iter().map(|name| format!("\"{name}\":\"$http_{name}\"")).collect();
    let (log, strip) = if site.mode.strips() {
        (format!("{dir}/heads.log heads buffer=64k flush=200ms"), "proxy_set_header X-Up-Calling-Line-Id \"\";\n")
    } else {
        ("off".to_owned(), "")
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
        .concat();
    let server = if site.mode.opens() { secure_server(site) } else { clear_server(site) };
    let upstream = if site.mode.opens() { site.origin.tls } else { site.origin.cleartext };
    format!(
        "http {{\n{temporary}keepalive_timeout 900s;\nkeepalive_requests 100000000;\ntcp_nodelay on;\n\
         log_format heads escape=json '{{{logged}}}';\naccess_log {log};\nproxy_http_version 1.1;\n\
         proxy_set_header Connection \"\";\nproxy_set_header Host $http_host;\n{strip}large_client_header_buffers 8 128k;\n\
         upstream origin {{ server {upstream}; keepalive 1024; keepalive_requests 100000000; keepalive_timeout 900s; }}\n\
         {server}}}\n",
        logged = logged.join(",")
    )
}

fn clear_server(site: &Site<'_>) -> String {
    let port = site.ports.0;
    format!("server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass http://origin; }} }}\n")
}

fn secure_server(site: &Site<'_>) -> String {
    let (port, pair) = (site.ports.1, site.papers.both("wildcard"));
    let (pair, roots) = (pair.display(), site.papers.certificate("origin-ca"));
    format!(
        "ssl_session_cache shared:sessions:20m;\nssl_certificate {pair};\nssl_certificate_key {pair};\n\
         proxy_ssl_verify on;\nproxy_ssl_trusted_certificate {roots};\nproxy_ssl_server_name on;\nproxy_ssl_name $host;\n\
         proxy_ssl_session_reuse on;\n\
         server {{ listen 127.0.0.1:{port} ssl backlog=4096; location / {{ proxy_pass https://origin; }} }}\n",
        roots = roots.display()
    )
}
