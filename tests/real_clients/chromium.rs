//! Does a real browser work, and does its carrier learn the site nothing?
//!
//! A page does everything that pages do and posts what came of it to the origin; nothing else drives the browser.

use std::{
    fs,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{nginx, nginx::Nginx, program, run, scripts};
use crate::support::{Clir, Head, NUMBER, Origin, Setup, carrier::Carrier, certificates::Authority};

/// Known to work as root, without a display, on a machine that reaches nobody.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Loopback goes through the proxy as well.
    "--proxy-bypass-list=<-loopback>",
];

const RESOURCES: usize = 50;

/// How long a browser may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A browser with a profile of its own that trusts clir's authority.
pub struct Chromium {
    child: Child,
    home: TempDir,
}

impl Chromium {
    fn open(clir: &Clir, proxy: &str, url: &str) -> Self {
        Self::trusting(&[&clir.authority()], proxy, url)
    }

    /// One that trusts these authorities.
    pub fn trusting(authorities: &[&str], proxy: &str, url: &str) -> Self {
        let home = TempDir::with_prefix("clir-chromium-").unwrap();
        let database = home.path().join(".pki/nssdb");
        fs::create_dir_all(&database).unwrap();
        let name = format!("sql:{}", database.display());
        run(program("certutil").args(["-d", &name, "-N", "--empty-password"]));
        for (number, authority) in authorities.iter().enumerate() {
            let file = home.path().join("authority.pem");
            fs::write(&file, authority).unwrap();
            let label = format!("authority {number}");
            run(program("certutil").args(["-d", &name, "-A", "-n", &label, "-t", "C,,", "-i"]).arg(file));
        }
        let mut command: Command = program("chromium");
        command.args(FLAGS).arg(format!("--proxy-server={proxy}"));
        command.arg(format!("--user-data-dir={}", home.path().join("profile").display())).arg(url);
        command.env("HOME", home.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(home.path().join("stderr")).unwrap());
        Self { child: command.spawn().expect("Chromium starts"), home }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = fs::read_to_string(self.home.path().join("stderr")).unwrap_or_default();
            eprintln!("Chromium said:\n{}", said.lines().take(40).collect::<Vec<_>>().join("\n"));
        }
        // It leaves children that write into its profile: it is asked to end, which ends them too.
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

/// What the page posts, once it has.
#[derive(Clone, Default)]
struct Report(Arc<Mutex<Option<String>>>);

impl Report {
    fn wait(&self) -> Value {
        let start = Instant::now();
        loop {
            if let Some(text) = self.0.lock().unwrap().take() {
                return serde_json::from_str(&text).expect("a report");
            }
            assert!(start.elapsed() < PATIENCE, "the page never reported");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The site: a page, its resources, events, a download, and a place to report to.
fn answer(head: &Head, body: &[u8], page: &str, report: &Report) -> Vec<u8> {
    let line = head.start_line();
    let path = line.split(' ').nth(1).unwrap_or_default();
    let typed = |kind: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    match path {
        "/" => typed("text/html", page.as_bytes()),
        "/events" => typed("text/event-stream", b"data: 1\n\ndata: 2\n\ndata: 3\n\n"),
        "/large.bin" => typed("application/octet-stream", &nginx::large()),
        "/echo" => typed("text/plain", body),
        "/report" => {
            *report.0.lock().unwrap() = Some(String::from_utf8_lossy(body).into_owned());
            typed("text/plain", b"")
        }
        path if path.starts_with("/r/") => {
            typed("application/javascript", b"window.loaded = (window.loaded || 0) + 1;")
        }
        _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
    }
}

/// A page that loads scripts, then does the rest and reports to `report`.
fn page(websocket: &str, report: &str) -> String {
    let scripts: String = (0..RESOURCES).map(|n| format!("<script src=\"/r/{n}.js\"></script>")).collect();
    let task = include_str!("../clients/page.js").replace("WEBSOCKET", websocket).replace("REPORT", report);
    format!("<!doctype html><title>clir</title>{scripts}<script type=\"module\">{task}</script>")
}

#[test]
#[ignore = "needs Chromium: tests/run installs it"]
fn a_page_works_in_cleartext_and_its_number_stays_here() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let carrier = Carrier::leaking(clir.address());
    let report = Report::default();
    let page = page(&format!("ws://{}/", scripts::echo()), "/report");
    let kept = report.clone();
    let served = Origin::new().serve(move |head, body| answer(head, body, &page, &kept));
    let browser = Chromium::open(&clir, &format!("http://{}", carrier.address), &served.url("/"));
    let said = report.wait();
    drop(browser);
    assert_sound(&said);

    let heads = served.heads();
    assert!(heads.len() > RESOURCES);
    for head in &heads {
        assert!(!head.has("x-up-calling-line-id") && !head.has("proxy-connection"), "{head:?}");
        assert_eq!(head.field_lines()[0], format!("Host: {}", served.address).into_bytes(), "{head:?}");
    }
    let events = clir.wait_for_events(heads.len());
    let of_page = events.iter().filter(|event| event["port"] == served.address.port() && event["method"] != "CONNECT");
    assert!(of_page.clone().count() >= RESOURCES);
    for event in of_page {
        assert_eq!(event["findings"][0]["identifier"], "msisdn", "{event}");
        assert_eq!(event["actions"][0]["action"], "strip", "{event}");
    }
    clir.assert_never_wrote(NUMBER);
}

#[test]
#[ignore = "needs Chromium and nginx: tests/run installs them"]
fn a_page_works_inside_tls_over_http_2() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let carrier = Carrier::leaking(clir.address());
    let nginx = Nginx::start();
    let report = Report::default();
    let kept = report.clone();
    let reports = Origin::new().serve(move |head, body| answer(head, body, "", &kept));
    fs::create_dir(nginx.files.join("r")).unwrap();
    for n in 0..RESOURCES {
        fs::write(nginx.files.join(format!("r/{n}.js")), "window.loaded = (window.loaded || 0) + 1;").unwrap();
    }
    // nginx takes no events and no posts: those stay with the other site, which a page on localhost may speak to.
    let page = page(&format!("ws://{}/", scripts::echo()), &reports.url("/report"))
        .replace("\"/events\"", &format!("{:?}", reports.url("/events")));
    fs::write(nginx.files.join("index.html"), page.replace("\"/echo\"", &format!("{:?}", reports.url("/echo"))))
        .unwrap();
    let proxy = format!("http://{}", carrier.address);
    let browser = Chromium::open(&clir, &proxy, &format!("https://localhost:{}/", nginx.tls));
    let said = report.wait();
    drop(browser);
    assert_sound(&said);
    assert_eq!(said["protocol"], "h2", "{said}");
    let inside =
        clir.events().into_iter().filter(|event| event["scheme"] == "https" && event["version"] == "HTTP/2").count();
    assert!(inside >= RESOURCES, "{inside} events inside TLS");
    clir.assert_never_wrote(NUMBER);
}

/// The browser speaks TLS with the proxy itself, and HTTP/2 inside: pages, tunnels and WebSocket share one connection.
#[test]
#[ignore = "needs Chromium: tests/run installs it"]
fn a_page_works_through_a_proxy_that_is_spoken_to_in_tls() {
    let clir = Setup::new().each_listener(r#"tls = { own_ca = ["localhost"] }"#).start();
    let report = Report::default();
    let page = page(&format!("ws://{}/", scripts::echo()), "/report");
    let kept = report.clone();
    let served = Origin::new().serve(move |head, body| answer(head, body, &page, &kept));
    let proxy = format!("https://localhost:{}", clir.address().port());
    let browser = Chromium::open(&clir, &proxy, &served.url("/"));
    let said = report.wait();
    drop(browser);
    assert_sound(&said);
    let events = clir.wait_for_events(RESOURCES);
    assert!(events.iter().all(|event| event["version"] == "HTTP/2" || event["error"].is_null()), "{events:?}");
    let of_page = events.iter().filter(|event| event["method"] == "GET" && event["version"] == "HTTP/2");
    assert!(of_page.count() >= RESOURCES);
}

fn assert_sound(said: &Value) {
    assert_eq!(said["loaded"], RESOURCES, "{said}");
    assert_eq!(said["echo"], "posted", "{said}");
    assert_eq!(said["events"], serde_json::json!(["1", "2", "3"]), "{said}");
    assert_eq!(said["websocket"], "spoken", "{said}");
    assert_eq!(said["download"], 5_000_000, "{said}");
    assert_eq!(said["sum"], nginx::large().iter().map(|byte| u64::from(*byte)).sum::<u64>(), "{said}");
}
