//! Which names are too ordinary to be watched?
//!
//! Those of standards and custom, those with a vendor's prefix, and those that say that an application's key, a signature
//! or a version stands under them. Names of requests, sessions and traces are watched, but have to be told by more than
//! one sign; a name with a word of the telecom trade is watched whatever else it says. The common case, a name of a
//! standard, costs one hash and no allocation.

use std::sync::LazyLock;

use crate::detect::{
    quiet::{self, Question},
    words,
};

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
const OWN: &str = "
    api apikey key keys auth authorization authentication authenticated oauth jwt bearer access refresh credential
    credentials secret signature sign sig signed hmac csrf xsrf nonce challenge attestation integrity
    version ver build etag checksum digest md5 sha1 sha256 traceparent tracestate sampled
    app appid application applicationid bundle package sdk license licence locale language lang
    timezone tz captcha recaptcha tenant project experiment experiments variant feature features
    origin referer referrer forwarded host content encoding csp fcm apns gcm websocket signalr soap graphql apollo
";

/// Words that are said of a request, of a place or of a passing state. Applications send them, and so could anybody else.
const PASSING: &str = "
    trace traceid tracing span spanid parent request requestid req reqid correlation correlationid idempotency
    transaction operation rpc message msg event batch session sessionid sid platform organization organisation org
    workspace environment env deployment deploy release commit revision flag flags bucket segment
    cache cdn edge region zone datacenter push upload download file chunk page cursor query socket
";

/// Names that say as little.
const BARE: &[&str] = &["token", "x-token", "client-id", "clientid", "x-client-id", "x-clientid"];

/// Slots of the table; a power of two, several times as many as there are names.
const SLOTS: usize = 2048;

static NAMES: LazyLock<Table> = LazyLock::new(|| {
    let lines = include_str!("benign.txt").lines().filter(|line| !line.starts_with('#'));
    Table::new(lines.flat_map(str::split_whitespace))
});

static OWN_WORDS: LazyLock<Table> = LazyLock::new(|| Table::new(OWN.split_whitespace()));

static PASSING_WORDS: LazyLock<Table> = LazyLock::new(|| Table::new(PASSING.split_whitespace()));

/// Whether a field of this name says nothing about the subscriber, whatever it does.
pub(super) fn is_ordinary(name: &[u8]) -> bool {
    let own = || has_word(name, &OWN_WORDS);
    is_well_known(name) || has_prefix(name) || quiet::of(Question::Own, name, own)
}

/// Whether an application may well have a field of this name: what it does has to be told by more than one sign.
pub(super) fn is_common(name: &[u8]) -> bool {
    let passing = || has_word(name, &PASSING_WORDS);
    BARE.iter().any(|bare| name.eq_ignore_ascii_case(bare.as_bytes())) || quiet::of(Question::Common, name, passing)
}

/// Whether a standard or custom defines the name.
pub(super) fn is_well_known(name: &[u8]) -> bool {
    begins_with(name, "sec-") || NAMES.has(name)
}

/// Two letters tell of each name which prefixes it may have: hardly ever more than one or two.
fn has_prefix(name: &[u8]) -> bool {
    let candidates = BY_OPENER.get(opener(name));
    candidates.is_some_and(|prefixes| prefixes.iter().any(|prefix| begins_with(name, prefix)))
}

/// The prefixes, each under its first letter and its third, which stands behind the `x-` of most.
static BY_OPENER: LazyLock<[Vec<&str>; 64]> = LazyLock::new(|| {
    let of = |at: usize| PREFIXES.iter().copied().filter(|prefix| opener(prefix.as_bytes()) == at).collect();
    std::array::from_fn(of)
});

/// Letters count by their last five bits, in which both cases are alike. No prefix has fewer than three.
fn opener(name: &[u8]) -> usize {
    match name {
        [first, _, third, ..] => usize::from(((first & 31) ^ ((third & 31) << 2)) & 63),
        _ => 0,
    }
}

fn has_word(name: &[u8], words: &Table) -> bool {
    let mut tokens = name.split(|byte| !byte.is_ascii_alphanumeric()).filter(|token| !token.is_empty());
    tokens.any(|token| words.has(token) || camel_tokens(token).any(|part| words.has(part)))
        && words::classify(name).is_none()
}

/// `appSessionId` is `app`, `Session`, `Id`.
fn camel_tokens(token: &[u8]) -> impl Iterator<Item = &[u8]> {
    token.chunk_by(|a, b| !(a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}

fn begins_with(name: &[u8], prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// A set of names without regard to case: open addressing over 64-bit hashes.
struct Table(Vec<u64>);

impl Table {
    fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut slots = vec![0; SLOTS];
        for name in names {
            let hash = hash(name.as_bytes());
            let free = probe(hash).find(|&at| slots.get(at).is_none_or(|&slot| slot == 0 || slot == hash));
            if let Some(slot) = free.and_then(|at| slots.get_mut(at)) {
                *slot = hash;
            }
        }
        Self(slots)
    }

    fn has(&self, name: &[u8]) -> bool {
        let hash = hash(name);
        let slots = probe(hash).map(|at| self.0.get(at).copied().unwrap_or(0));
        slots.take_while(|&slot| slot != 0).any(|slot| slot == hash)
    }
}

fn probe(hash: u64) -> impl Iterator<Item = usize> {
    (0..SLOTS as u64).map(move |step| (hash.wrapping_add(step) % SLOTS as u64) as usize)
}

/// Eight bytes at a time, since every field of every request comes by here. Bit 5 is set throughout, which makes letters
/// lower case, and leaves digits and hyphens as they are.
fn hash(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks::<8>();
    // The last eight, some of which were there already: that is quicker than to fill up what is left.
    let short = || rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let last = name.last_chunk().map_or_else(short, |last| u64::from_le_bytes(*last));
    let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain([last]);
    let words = words.map(|word| word | 0x2020_2020_2020_2020);
    words.fold(name.len() as u64, |hash, word| {
        let mixed = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 32
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
            "X-App-Id",
            "X-Client-Version",
            "If-None-Match",
            "traceparent",
            "X-Amzn-Trace-Id",
            "X-Parse-Application-Id",
            "X-Goog-Api-Client",
            "X-CSRF-Token",
            "HTTP2-Settings",
        ] {
            assert!(is_ordinary(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_of_what_passes_are_common() {
        for name in ["X-Request-Id", "X-Correlation-ID", "x-session", "X-Client-Id", "sessionToken"] {
            assert!(!is_ordinary(name.as_bytes()) && is_common(name.as_bytes()), "{name}");
        }
        assert!(!is_common(b"X-Qzt") && !is_common(b"X-Sub-Token"));
    }

    #[test]
    fn others_are() {
        for name in ["X-UIDH", "X-Qzt", "tm_user-id", "X-MSISDN-Key", "x-acr", "X-Sub-Token", "", "-", "X-Ref"] {
            assert!(!is_ordinary(name.as_bytes()), "{name}");
        }
    }
}
