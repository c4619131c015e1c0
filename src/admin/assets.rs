//! Which files are the pages made of?
//!
//! They are compiled in as they are: no step of building, nothing from anywhere else.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};

use super::reply;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

macro_rules! asset {
    ($path:literal, $kind:ident, $file:literal) => {
        Asset { path: $path, kind: $kind, bytes: include_bytes!(concat!("assets/", $file)) }
    };
}

/// Every file: where it is found, what it is, and its place below `assets`.
const ASSETS: &[Asset] = &[
    asset!("/", HTML, "index.html"),
    asset!("/app.js", SCRIPT, "app.js"),
    asset!("/style.css", STYLE, "style.css"),
    asset!("/icon.svg", PICTURE, "icon.svg"),
    asset!("/login", HTML, "login.html"),
    asset!("/css/parts.css", STYLE, "css/parts.css"),
    asset!("/css/live.css", STYLE, "css/live.css"),
    asset!("/css/exchange.css", STYLE, "css/exchange.css"),
    asset!("/css/counts.css", STYLE, "css/counts.css"),
    asset!("/js/alerts.js", SCRIPT, "js/alerts.js"),
    asset!("/js/announce.js", SCRIPT, "js/announce.js"),
    asset!("/js/api.js", SCRIPT, "js/api.js"),
    asset!("/js/charts.js", SCRIPT, "js/charts.js"),
    asset!("/js/counts.js", SCRIPT, "js/counts.js"),
    asset!("/js/dom.js", SCRIPT, "js/dom.js"),
    asset!("/js/draft.js", SCRIPT, "js/draft.js"),
    asset!("/js/exchange.js", SCRIPT, "js/exchange.js"),
    asset!("/js/filters.js", SCRIPT, "js/filters.js"),
    asset!("/js/heads.js", SCRIPT, "js/heads.js"),
    asset!("/js/health.js", SCRIPT, "js/health.js"),
    asset!("/js/live.js", SCRIPT, "js/live.js"),
    asset!("/js/passed.js", SCRIPT, "js/passed.js"),
    asset!("/js/route.js", SCRIPT, "js/route.js"),
    asset!("/js/rows.js", SCRIPT, "js/rows.js"),
    asset!("/js/rules.js", SCRIPT, "js/rules.js"),
    asset!("/js/statement.js", SCRIPT, "js/statement.js"),
    asset!("/js/stream.js", SCRIPT, "js/stream.js"),
    asset!("/js/text.js", SCRIPT, "js/text.js"),
];

/// What is shown to those who have not shown the token yet.
const OPEN: &[&str] = &["/style.css", "/icon.svg", "/login"];

/// A file.
pub struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

/// The file at this path, if there is one.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// Whether anybody may see what is at this path.
pub fn is_open(path: &str) -> bool {
    OPEN.contains(&path)
}

impl Asset {
    /// The file as an answer.
    pub fn response(&self) -> Response {
        let mut response = reply::of_bytes(self.kind, self.bytes);
        if self.path == "/login" {
            // Under `no-referrer` a browser would not say where its form comes from.
            response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        }
        // Another version may stand behind the same path after an update.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}
