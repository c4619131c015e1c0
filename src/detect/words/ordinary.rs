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

/// No ordinary name is longer.
const LONGEST: usize = 32;

/// A name in lower case, filled up with zeros: two of them are compared at once.
type Padded = [u8; LONGEST];

/// The names, each under its [`slot`]: hardly any two share one.
static BY_SLOT: LazyLock<[Vec<Padded>; SLOTS]> = LazyLock::new(|| {
    let names = || ORDINARY.iter().copied().flatten().filter_map(|name| padded(name.as_bytes()));
    std::array::from_fn(|at| names().filter(|(name, len)| slot(name, *len) == at).map(|(name, _)| name).collect())
});

const SLOTS: usize = 256;

/// A number made of a name's length and a few of its letters.
fn slot(name: &Padded, len: usize) -> usize {
    let letter = |at: usize| name.get(at).map_or(0, |&byte| usize::from(byte));
    let last = len.saturating_sub(1);
    (len * 29 + letter(0) * 23 + letter(last) * 79 + letter(last / 2) * 43) % SLOTS
}

#[inline]
fn padded(name: &[u8]) -> Option<(Padded, usize)> {
    let mut padded = [0; LONGEST];
    padded.get_mut(..name.len())?.copy_from_slice(name);
    padded.make_ascii_lowercase();
    Some((padded, name.len()))
}

/// Whether a name is ordinary.
pub(in crate::detect) fn is_ordinary(name: &[u8]) -> bool {
    let Some((name, len)) = padded(name) else { return false };
    len > 0 && BY_SLOT.get(slot(&name, len)).is_some_and(|names| names.contains(&name))
}
