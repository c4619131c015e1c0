//! Which heads is scanning measured on?

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use clir::{
    detect::{Identifier, Identities, Identity},
    exchange::{Fields, Sensitive},
};

use super::browser::{BROWSER, COOKIE};

/// The longest head, and the most fields, that the proxy takes in unless told otherwise.
const HEAD: usize = 64 << 10;
const FIELDS: usize = 200;

/// The target of every head that is made here.
pub const TARGET: &str = "/products/1234567890/images/large.jpg?v=1700000000123&w=640";

/// What a browser sends for a picture: fourteen fields.
pub fn browser() -> Fields {
    let mut fields: Fields = BROWSER.iter().copied().collect();
    fields.push("Cookie", COOKIE);
    fields
}

/// The same with what two gateways put in.
pub fn enriched() -> Fields {
    let mut fields = browser();
    fields.push("x-up-calling-line-id", "447700900123");
    fields.push("X-Acme-Subscriber-Id", "b6d5bbf36d16930b6c5848faae67b99a");
    fields
}

/// A head of about so many bytes in which nothing is found: a browser's, cut short or with more cookies.
pub fn ordinary(bytes: usize) -> Fields {
    let mut fields = Fields::new();
    let mut left = bytes;
    for (name, value) in BROWSER {
        left = left.saturating_sub(name.len() + value.len() + 4);
        if left > 0 {
            fields.push(*name, *value);
        }
    }
    if left > "Cookie: \r\n".len() {
        let cookies = COOKIE.split("; ").cycle();
        let text = cookies.scan(left, |left, pair| left.checked_sub(pair.len() + 2).map(|less| (*left = less, pair).1));
        fields.push("Cookie", text.collect::<Vec<_>>().join("; "));
    }
    fields
}

/// One field that fills the head.
fn one(name: &str, part: &str) -> Fields {
    [(name.to_owned(), part.repeat(HEAD / part.len()))].into_iter().collect()
}

/// As many fields as there may be, which fill the head together.
fn many(name: &str, part: &str) -> Fields {
    some(FIELDS, name, part)
}

/// So many fields, which fill the head together.
fn some(count: usize, name: &str, part: &str) -> Fields {
    let room = HEAD / count - name.len() - 4;
    (0..count).map(|_| (name.to_owned(), part.repeat((room / part.len()).max(1)))).collect()
}

/// Heads of 64 KiB, each built to keep one part busy.
fn hostile() -> Vec<(&'static str, Fields)> {
    let partial = "x-msimsisdimsiimeiiccicallingcallinglinsubscribesubscribertokesub";
    let trades = "x-acme-subscription-mdn-cell-line-client-mobile-network-carrier";
    let all = "x-acme-client-mobile-network-line-cell-area-carrier-mdn-id";
    let number = "MzQzNDM3MzczMDMwMzkzMDMwMzEzMjM5";
    vec![
        ("pairs", one("cookie", "tel=;")),
        ("keyed pairs", one("cookie", "msisdn=44770090012x;")),
        ("true pairs", one("cookie", "msisdn=447700900123;")),
        ("short true pairs", one("cookie", "tel=07700900123;")),
        ("other pairs", one("cookie", "abcdef=%2B447700900;")),
        ("encoded pairs", one("cookie", "mdn=NDQ3NzAwOTAwMTIz;")),
        ("plain pairs", one("cookie", "a=K30Na30Na30N;")),
        ("query", one("referer", "?tel=0770090012x&imsi=00101012345678")),
        ("segments", one("referer", "/imsi/00101a012345678")),
        ("commas", one("x-msisdn", "1,")),
        ("encoded", many("x-msisdn", number)),
        ("encodings", encodings()),
        ("positions", many("x-acme-cgi", "mcc234-15.1234;51.507:")),
        ("accounts", many("x-acme-email", "a@b.c1,")),
        ("encoded parts", many("x-subscriber-imsi", "NDQ3NzAwOTAwMTIz,")),
        ("encoded, unlisted", many("x-acme-imsi", "4e4451334e7a41774f544177,")),
        ("token, unlisted", many("x-acme-subscriber-id", number)),
        ("json", many("x-acme-subscriber", "{\"imsi\":\"00101012345678\"},")),
        ("escapes", many("x-acme-msisdn", "%25%33%34")),
        ("names", many(partial, "1234567890123")),
        ("short names", many("x-sub", "1234567,")),
        ("names of trades", many(trades, "1.2.3.4.5,")),
        ("crowded names", (0..32).map(|_| (trades, "1234567".repeat(9))).collect()),
        ("agents", many("user-agent", "sn4901542032375180/")),
        ("nodes", many("forwarded", "msisdn=447700900;")),
        ("addresses", many("x-forwarded-for", "1.2.3.4.5,")),
        ("uris", many("x-a", "tel:+1")),
        ("signs", many("x-a", "K3c0K3c0K3c0")),
        ("hexadecimal pairs", one("referer", "?mdn=343437373030393030313234&")),
        ("long pairs", many("referer", "32353332343233343334&mdn=")),
        ("long nodes", many("forwarded", "6257564159533569&mdn=")),
        ("names of all trades", many(all, "10.1.2.3, ")),
        ("positions under them", many(all, "51.5074,-0.1278;")),
        ("glued names", many("subscriptionmdncelllineclientmobilenetworkcarrierbearerroam", "4-")),
        ("wide mailboxes", some(63, "from", "４４７７００９００１２４-a@b.cd,&")),
        ("escaped mailboxes", many("from", "%00m%00e%00@%00a%00.%00b_")),
        ("users", many("proxy-authorization", "@&")),
        ("encoded accounts", many("x-acme-nai", "366436353430363132653632")),
        ("spaced digits", many("x-vodafone-user", "4 4 7 7 0 0 9 0 0 1 2 4 /imsi/")),
        ("escaped segments", some(32, "referer", "%00%34%00%39%00%30%00%31%00%35%00%34/imsi/")),
    ]
}

/// Heads of 64 KiB that climbing found.
fn climbed() -> Vec<(&'static str, Fields)> {
    let all = "x-acme-client-mobile-network-line-cell-area-carrier-mdn-id";
    vec![
        ("hashed numbers", many("msisdn_hash", "1.2.3.4.34  ,|")),
        ("robots", some(199, "from", " #1700000000123@1.2.3.412345678")),
        ("cards in segments", some(32, "referer", "sip:8944100000123456782/msisdn/")),
        ("cells under trades", some(128, all, "7|  234-15-1234-5678@@12345678")),
        ("uris under trades", many("usersubscriberphonemobilenumberclientlinenetworkaccountcell", "%tel:1234567890")),
        ("documented addresses", many("x-nokia-ipaddress", "fd00::1:\t")),
        ("documented users", many("x-vodafone-user", "sip:7+447700900124%")),
        ("spaced brackets", many("x-acme-imei", "001010123456789 ]")),
        ("cells in every code", some(199, "x-acme-cgi", "é\"NDQ3\\u0034\u{200b}1f\\\\%34٤%uff14::NDQ3")),
    ]
}

/// Every head that is built to be slow.
pub fn slow() -> impl Iterator<Item = (&'static str, Fields)> {
    hostile().into_iter().chain(climbed()).chain(hostile_to_identities())
}

/// Values of which every part can be decoded in several ways, and what comes of it as well, under names of all kinds.
fn encodings() -> Fields {
    let names = ["x-msisdn", "x-acme-imsi", "x-acme-imei", "x-acme-subscriber-id", "x-acme-nai", "x-acme-cgi"];
    let wrap = |text: String| format!("{};{}", STANDARD_NO_PAD.encode(&text), "%32".repeat(8));
    let value = wrap(wrap(wrap("32313332.MTIzNDU2N;\\u0032".repeat(9))));
    let value = value.get(..1024).unwrap_or(&value);
    (0..63).map(|at| (names[at % names.len()].to_owned(), value.to_owned())).collect()
}

/// Heads of 64 KiB that keep the search for the user's own numbers busy.
fn hostile_to_identities() -> Vec<(&'static str, Fields)> {
    let nested = "TkRRM056QXdPVEF3TVRJMC1ORFEzTnpBd09UQXdNVEkw";
    vec![
        ("digits", one("x-zq", "1 2-3.")),
        ("groups", one("x-zq", "4477 0090 0124 ")),
        ("percent", one("x-zq", "%2525%33")),
        ("tokens", one("x-zq", "NDQ3NzAwOTAwMTI0/")),
        ("nested", many("x-zq", nested)),
        ("nested in one", one("x-zq", "VGtSUk0wNTZRWGRQVkVGM1RWUkpNQzFP")),
        ("hex in hex", one("x-zq", "3334333433373337333033303339")),
        ("hashes", one("x-zq", "e5a1fb55305247d6f35bd790d2a91dda,")),
        ("mail", one("x-zq", "a@b")),
        ("mail in escapes", one("x-zq", "%61%40%62.c")),
        ("zeros", one("x-zq", "00000000012345678,")),
        ("the number", one("x-zq", "447700900999,")),
        ("parts of the number", one("x-zq", "7700900999-")),
        ("inlays", one("x-zq", "UUUUUUU_")),
        ("long inlays", one("x-zq", "UUUUUUUUU_")),
        ("nested inlays", many("x-zq", "VTNSWFVVQk0_")),
        ("hex inlays", one("x-zq", "1f37373030393030313")),
        ("the number encoded", one("x-zq", "NDQ3NzAwOTAwOTk5,")),
        ("escapes alone", many("x-zq", "%;")),
        ("wide digits", one("x-zq", "４４７７００９００１２４")),
        ("wide digits escaped", one("x-zq", "%EF%BC%94%EF%BC%97")),
        ("zeros between", one("x-zq", "4%00")),
        ("letters of two bytes", one("x-zq", "NAA0ADcANwAwADAAOQAwADAAMQAyADQA,")),
        ("base32", one("x-zq", "GQ2DONZQGA4TAMBRGI2A/")),
        ("base32 in base32", many("x-zq", "I5ITERCPJZNFCR2BGRKECTKCKJDUSMSB")),
        ("packed", one("x-zq", "RHcAkAEk")),
        ("packed, apart", one("x-zq", "RHcAkAEk,")),
        ("everything", many("x-msisdn", "%uff14%3D7tel:+1/msisdn/343437373030393030313234wap7")),
        (
            "everything in a user",
            many(
                "x-acme-nai",
                "#{\"imsi\":\"_~-3gpp=%22msisdnGQ2DONZQGA4TAMBRGI2Aabcd1234４４７234-15-1234-5678a@b.cd7700900Nfor=",
            ),
        ),
        ("packed under a name", many("x-acme-imei", "77\twap 37373030393030313")),
        ("two kinds", two_kinds()),
        ("numbers in names", many("x-447700900124-447700900124-b-07700900124-4477009001", "447700900124 ")),
    ]
}

/// Numbers that boxes write and mailboxes, each under a name that is read in its own way.
fn two_kinds() -> Fields {
    let half = |name, part| some(200, name, part).iter().take(100).cloned().collect::<Vec<_>>();
    let fields = half("from", "4\u{a0}mdn=234-15-1234-5678@234-15-1234-5678%u0034 ").into_iter();
    let fields = fields.chain(half("x-acme-imei", "234-15-1234-5678;|+447700900124%34"));
    fields.map(|field| (field.name, field.value)).collect()
}

/// Some of the user's own numbers, and an address.
pub fn own(count: usize) -> Arc<Identities> {
    let register = |kind, value: String| Identity::new("own".into(), kind, &Sensitive::new(value)).unwrap();
    let numbers = (0..count).map(|at| register(Identifier::Msisdn, format!("+447700{:06}", 900_999 - at % 1000)));
    let address = register(Identifier::Account, "me@example.org".to_owned());
    Arc::new(Identities::new(numbers.chain([address]).collect()))
}
