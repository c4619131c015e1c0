//! Which names are too ordinary to be watched?
//!
//! Those of standards and custom, those with a vendor's prefix, and those that say that an application's key, a session,
//! a version or a trace stands under them. A name with a word of the telecom trade is watched all the same. The common
//! case, a name of a standard, costs one hash and no allocation.

use std::sync::LazyLock;

use crate::detect::words;

/// Beginnings of names that belong to browsers, clouds and vendors.
const PREFIXES: &[&str] = &[
    "sec-",
    "access-control-",
    "cloudfront-",
    "cf-",
    "fastly-",
    "x-akamai-",
    "x-algolia-",
    "x-amz-",
    "x-amzn-",
    "x-appengine-",
    "x-apple-",
    "x-aws-",
    "x-azure-",
    "x-b3-",
    "x-cloud-",
    "x-datadog-",
    "x-devtools-",
    "x-envoy-",
    "x-fb-",
    "x-firebase-",
    "x-github-",
    "x-goog-",
    "x-google-",
    "x-ig-",
    "x-kubernetes-",
    "x-mmcs-",
    "x-ms-",
    "x-newrelic-",
    "x-ot-",
    "x-parse-",
    "x-sentry-",
    "x-shopify-",
    "x-stripe-",
    "x-tt-",
    "x-vercel-",
    "x-youtube-",
    "ot-tracer-",
    "ot-baggage-",
    "grpc-",
    "newrelic",
    "google-",
];

/// Words of names under which applications keep what is theirs.
const WORDS: &str = "
    api apikey key keys auth authorization authentication authenticated oauth jwt bearer access refresh credential
    credentials secret signature sign sig signed hmac csrf xsrf nonce challenge attestation integrity
    version ver build etag checksum digest md5 sha1 sha256 trace traceid tracing traceparent span spanid parent sampled
    request requestid req reqid correlation correlationid idempotency transaction operation rpc message msg event batch
    session sessionid sid app appid application applicationid bundle package sdk license licence locale language lang
    timezone tz platform captcha recaptcha tenant project organization organisation org workspace environment env
    deployment deploy release commit revision experiment experiments variant feature features flag flags bucket segment
    cache cdn edge region zone datacenter origin referer referrer forwarded host content encoding csp push fcm apns gcm
    upload download file chunk page cursor query websocket socket signalr soap graphql apollo
";

/// Slots of the table; a power of two, several times as many as there are names.
const SLOTS: usize = 2048;

static NAMES: LazyLock<Table> = LazyLock::new(|| {
    let lines = include_str!("benign.txt").lines().filter(|line| !line.starts_with('#'));
    Table::new(lines.flat_map(str::split_whitespace))
});

static TOKENS: LazyLock<Table> = LazyLock::new(|| Table::new(WORDS.split_whitespace()));

/// Whether a field of this name says nothing about the subscriber, whatever it does.
pub(super) fn is_ordinary(name: &[u8]) -> bool {
    NAMES.has(name) || PREFIXES.iter().any(|prefix| begins_with(name, prefix)) || is_of_an_application(name)
}

/// Whether a standard or custom defines the name.
pub(super) fn is_well_known(name: &[u8]) -> bool {
    NAMES.has(name) || begins_with(name, "sec-")
}

fn is_of_an_application(name: &[u8]) -> bool {
    let mut tokens = name.split(|byte| !byte.is_ascii_alphanumeric()).filter(|token| !token.is_empty());
    tokens.any(|token| TOKENS.has(token) || camel_tokens(token).any(|part| TOKENS.has(part)))
        && words::classify(name).is_none()
}

/// `appSessionId` is `app`, `Session`, `Id`.
fn camel_tokens(token: &[u8]) -> impl Iterator<Item = &[u8]> {
    token.chunk_by(|a, b| !(a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}

fn begins_with(name: &[u8], prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// A set of names without regard to case: open addressing over 64-bit FNV-1a.
struct Table(Vec<u64>);

impl Table {
    fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut slots = vec![0; SLOTS];
        for name in names {
            let hash = fnv(name.as_bytes());
            let free = probe(hash).find(|&at| slots.get(at).is_none_or(|&slot| slot == 0 || slot == hash));
            if let Some(slot) = free.and_then(|at| slots.get_mut(at)) {
                *slot = hash;
            }
        }
        Self(slots)
    }

    fn has(&self, name: &[u8]) -> bool {
        let hash = fnv(name);
        let slots = probe(hash).map(|at| self.0.get(at).copied().unwrap_or(0));
        slots.take_while(|&slot| slot != 0).any(|slot| slot == hash)
    }
}

fn probe(hash: u64) -> impl Iterator<Item = usize> {
    (0..SLOTS as u64).map(move |step| (hash.wrapping_add(step) % SLOTS as u64) as usize)
}

fn fnv(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_not_watched() {
        for name in [
            "Host",
            "USER-AGENT",
            "sec-ch-ua-platform",
            "Sec-Fetch-Mode",
            "X-Requested-With",
            "X-Api-Key",
            "x-api-key",
            "appSessionId",
            "X-Client-Version",
            "If-None-Match",
            "traceparent",
            "X-Request-Id",
            "X-Amzn-Trace-Id",
            "X-Parse-Application-Id",
            "X-Goog-Api-Client",
            "X-CSRF-Token",
            "X-Correlation-ID",
            "HTTP2-Settings",
        ] {
            assert!(is_ordinary(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn others_are() {
        for name in ["X-UIDH", "X-Qzt", "tm_user-id", "X-MSISDN-Key", "x-acr", "X-Sub-Token", "", "-", "X-Ref"] {
            assert!(!is_ordinary(name.as_bytes()), "{name}");
        }
    }
}
