//! How does a real server fare behind clir?

use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::support::{Clir, Setup, Wire, certificates::Authority, eventually, origin};

/// A running nginx with a directory of files, in cleartext and inside TLS with HTTP/2.
pub struct Nginx {
    pub plain: u16,
    pub tls: u16,
    pub files: PathBuf,
    _dir: TempDir,
    child: Child,
}

impl Nginx {
    pub fn start() -> Self {
        let dir = TempDir::with_prefix("clir-nginx-").unwrap();
        let files = dir.path().join("files");
        fs::create_dir(&files).unwrap();
        fs::write(files.join("index.html"), "<!doctype html><title>nginx</title>").unwrap();
        fs::write(files.join("text.txt"), "compressible ".repeat(10_000)).unwrap();
        fs::write(files.join("large.bin"), large()).unwrap();
        let (certificate, key) = Authority::trusted().pem_for(&["localhost", "127.0.0.1"]);
        fs::write(dir.path().join("cert.pem"), certificate).unwrap();
        fs::write(dir.path().join("key.pem"), key).unwrap();
        let (plain, tls) = (origin::closed_port(), origin::closed_port());
        fs::write(dir.path().join("nginx.conf"), configuration(plain, tls)).unwrap();
        let mut command = Command::new("nginx");
        command.args(["-c", "nginx.conf", "-e", "error.log", "-p"]).arg(dir.path());
        // Root's workers become somebody else, who has to get at the files.
        run_as_anybody(dir.path());
        let child = command.stderr(Stdio::null()).spawn().expect("nginx starts");
        eventually("nginx to listen", || TcpStream::connect(("127.0.0.1", tls)).ok());
        Self { plain, tls, files, _dir: dir, child }
    }
}

fn run_as_anybody(dir: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its worker only when it is asked to end.
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

/// Five megabytes that compress badly and can be told from anything else.
pub fn large() -> Vec<u8> {
    (0..5_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect()
}

fn configuration(plain: u16, tls: u16) -> String {
    format!(
        "daemon off; worker_processes 1; pid nginx.pid; error_log error.log;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n  access_log off; default_type text/plain;\n  types {{ text/html html; application/javascript js; text/css css; }}\n\
         gzip on; gzip_types text/plain; gzip_min_length 1;\n  keepalive_timeout 30;\n\
         client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
         server {{\n    listen 127.0.0.1:{plain};\n    listen 127.0.0.1:{tls} ssl http2;\n    root files;\n\
         ssl_certificate cert.pem; ssl_certificate_key key.pem;\n  }}\n}}\n"
    )
}

fn stage() -> (Clir, Nginx) {
    (Setup::new().intercept(&Authority::trusted().pem).start(), Nginx::start())
}

#[test]
#[ignore = "needs nginx: tests/run installs it"]
fn files_come_whole_over_one_connection() {
    let (clir, nginx) = stage();
    let authority = format!("127.0.0.1:{}", nginx.plain);
    let mut client = clir.connect();
    for _ in 0..3 {
        client.send(format!("GET http://{authority}/large.bin HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        let response = client.response();
        assert_eq!(response.status(), 200);
        assert!(response.head.value("server").is_some_and(|server| server.starts_with("nginx")));
        assert!(response.body == large(), "the file as it is");
    }
    client.send(format!(
        "GET http://{authority}/large.bin HTTP/1.1\r\nHost: {authority}\r\nRange: bytes=100-199\r\n\r\n"
    ));
    let response = client.response();
    assert_eq!((response.status(), response.body), (206, large()[100..200].to_vec()));
}

#[test]
#[ignore = "needs nginx: tests/run installs it"]
fn an_answer_is_what_nginx_said_byte_for_byte() {
    let (clir, nginx) = stage();
    let authority = format!("127.0.0.1:{}", nginx.plain);
    for (line, fields) in [
        ("/text.txt", "Accept-Encoding: gzip\r\n"),
        ("/text.txt", ""),
        ("/nothing-here", ""),
        ("/index.html", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n"),
    ] {
        let mut direct = Wire::connect(([127, 0, 0, 1], nginx.plain).into());
        direct.send(format!("GET {line} HTTP/1.1\r\nHost: {authority}\r\n{fields}\r\n"));
        let expected = direct.response();
        let mut client = clir.connect();
        client.send(format!("GET http://{authority}{line} HTTP/1.1\r\nHost: {authority}\r\n{fields}\r\n"));
        let response = client.response();
        assert_eq!(without_moment(&response.head), without_moment(&expected.head));
        assert!(response.body == expected.body, "{line}");
    }
}

/// The head without what depends on the second, and without what is for one connection only.
fn without_moment(head: &crate::support::Head) -> Vec<String> {
    let lines = head.field_lines().into_iter().map(|line| String::from_utf8(line).unwrap());
    std::iter::once(head.start_line())
        .chain(lines.filter(|line| !line.starts_with("Date:") && !line.starts_with("Connection:")))
        .collect()
}
