//! Who receives alerts in these tests?

use std::{fs, net::SocketAddr, path::Path};

use serde_json::Value;

use crate::support::{Clir, NUMBER, Origin, Setup, Wire, eventually, origin};

/// A site that answers.
pub fn site() -> origin::Serving {
    Origin::new().serve(|_, _| origin::ok("a page"))
}

/// Everything passes, so that it leaks.
pub fn leaky() -> Setup {
    Setup::new().policy("")
}

/// A command, as it is configured, that appends what it is told to a file.
pub fn appending(file: &Path) -> String {
    format!(r#"command = ["/bin/sh", "-c", "cat >>'{}'"]"#, file.display())
}

/// Sends a request into which a carrier has put this number.
pub fn leak(clir: &Clir, site: SocketAddr, number: &str) {
    ask(clir, site, &format!("x-up-calling-line-id: {number}\r\n"));
}

pub fn ask(clir: &Clir, site: SocketAddr, fields: &str) {
    let mut wire = Wire::connect(clir.address());
    wire.send(format!("GET http://{site}/ HTTP/1.1\r\nHost: {site}\r\n{fields}\r\n"));
    assert_eq!(wire.response().status(), 200);
}

/// The alerts in a file, once there are so many.
pub fn told(file: &Path, count: usize) -> Vec<Value> {
    eventually(&format!("{count} alerts"), || {
        let text = fs::read_to_string(file).unwrap_or_default();
        let whole = text.lines().count() >= count && text.ends_with('\n');
        whole.then(|| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    })
}

pub fn kinds(alerts: &[Value]) -> Vec<&str> {
    alerts.iter().map(|alert| alert["kind"].as_str().unwrap()).collect()
}

/// Asserts that no alert, and nothing that clir wrote, holds the number.
pub fn assert_masked(clir: &Clir, text: &str) {
    assert!(!text.contains(NUMBER) && text.contains("44770•••••23"), "{text}");
    clir.assert_never_wrote(NUMBER);
}
