//! How does a browser find clir by a script (proxy auto-configuration)?

use std::net::SocketAddr;

/// What a browser shall do when clir does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Go without: the phone stays online, and what it sends passes nobody.
    Open,
    /// Stay offline. What is asked for when nothing is said.
    Closed,
}

impl Failure {
    /// `fail=open` or anything else.
    pub(super) fn of(query: &str) -> Self {
        let is_open = form_urlencoded::parse(query.as_bytes()).any(|(key, value)| key == "fail" && value == "open");
        if is_open { Self::Open } else { Self::Closed }
    }
}

/// The script. Names without a dot and addresses of the local network go direct, but for clir's own name.
pub(super) fn script(proxy: SocketAddr, failure: Failure) -> String {
    let otherwise = match failure {
        Failure::Open => "; DIRECT",
        Failure::Closed => "",
    };
    format!(
        r#"function FindProxyForURL(url, host) {{
  if (isPlainHostName(host) || dnsDomainIs(host, ".local")) return "DIRECT";
  if (/^(10|127|192\.168|169\.254|172\.(1[6-9]|2[0-9]|3[01]))\.[0-9.]+$/.test(host)) return "DIRECT";
  if (/^\[?(::1|f[cd][0-9a-f]{{2}}:|fe[89ab][0-9a-f]:)/i.test(host)) return "DIRECT";
  return "PROXY {proxy}{otherwise}";
}}
"#
    )
}
