//! Which names does everybody send?

use std::sync::LazyLock;

/// Names that every browser, library, load balancer or ordinary interface sends: they are not looked at any
/// further. Lower case.
pub(super) static ORDINARY: &[&[&str]] = &[
    &["te", "dnt", "via", "age", "tk"],
    &[
        "date", "etag", "host", "from", "vary", "link", "allow", "range", "pragma", "server", "accept", "cookie",
        "origin",
    ],
    &[
        "expires",
        "upgrade",
        "referer",
        "trailer",
        "baggage",
        "if-match",
        "location",
        "priority",
        "save-data",
        "forwarded",
        "sec-gpc",
        "sec-ch-ua",
        "x-api-key",
        "x-real-ip",
        "alt-used",
    ],
    &[
        "connection",
        "keep-alive",
        "set-cookie",
        "user-agent",
        "traceparent",
        "tracestate",
        "x-b3-spanid",
        "x-csrf-token",
        "x-request-id",
        "x-xsrf-token",
        "content-type",
        "cache-control",
        "authorization",
        "if-none-match",
        "x-client-data",
        "last-modified",
        "x-b3-traceid",
    ],
    &[
        "accept-charset",
        "content-length",
        "accept-encoding",
        "accept-language",
        "x-forwarded-for",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "proxy-connection",
        "x-requested-with",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "if-modified-since",
        "transfer-encoding",
        "sec-websocket-key",
        "proxy-authorization",
        "upgrade-insecure-requests",
        "strict-transport-security",
        "content-security-policy",
        "if-unmodified-since",
        "x-amzn-trace-id",
    ],
];

/// The same, each length apart.
static BY_LENGTH: LazyLock<[Vec<&[u8]>; 32]> = LazyLock::new(|| {
    let names = || ORDINARY.iter().copied().flatten().map(|name| name.as_bytes());
    std::array::from_fn(|length| names().filter(|name| name.len() == length).collect())
});

/// Whether a name is ordinary.
pub(in crate::detect) fn is_ordinary(name: &[u8]) -> bool {
    let names = BY_LENGTH.get(name.len());
    names.is_some_and(|names| names.iter().any(|ordinary| name.eq_ignore_ascii_case(ordinary)))
}
