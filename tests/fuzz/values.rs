//! Does every recogniser and every decoder stand whatever a value holds, and is nothing left of what it found?

use std::sync::{Arc, LazyLock};

use clir::{
    detect::{Finding, Identifier, Identities, Identity, Part, Scanner, SignatureSet, Subject},
    exchange::{Direction, Fields, Sensitive},
};

use super::engine::{Outcome, fuzz, outcome};

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(Arc::new(SignatureSet::builtin())));

/// On the watch for one of every kind.
static WATCHFUL: LazyLock<Scanner> = LazyLock::new(|| {
    let own = [
        (Identifier::Msisdn, "+44 7700 900123"),
        (Identifier::Imsi, "001010123456789"),
        (Identifier::Imei, "490154203237518"),
        (Identifier::Iccid, "8944100000123456782"),
        (Identifier::Account, "me@example.org"),
    ];
    let own = own.map(|(kind, value)| Identity::new("own".into(), kind, &Sensitive::new(value.to_owned())).unwrap());
    SCANNER.clone().with_identities(Arc::new(Identities::new(own.into())))
});

/// What the user's own may be wrapped in.
const COATS: &[&[u8]] = &[
    b"447700900123",
    b"07700 900123",
    b"0001010123456789",
    b"me@example.org",
    b"4%004%007%007%000%000%009%000%000%001%002%003%00",
    b"%004%004%007%007%000%000%009%000%000%001%002%003",
    b"NAA0ADcANwAwADAAOQAwADAAMQAyADMA",
    b"340034003700370030003000390030003000310032003300",
    b"GQ2DONZQGA4TAMBRGIZQ====",
    b"gq2donzqga4tambrgizq",
    b"RHcAkAEj",
    b"RHcACRAy",
    b"CWFHdwCQASM",
    b"\xef\xbc\x94\xef\xbc\x94\xef\xbc\x97",
    b"\xd9\xa4\xd9\xa4",
    b"%u0034",
    b"\\uff14",
    b"NDQ3NzAwOTAwMTIz",
    b"%25",
    b"\0",
    b"\xfe\xff",
    b"=",
    b"/",
];

#[test]
fn own() {
    fuzz("own", 4 * 1024, COATS, |input| {
        let (name, value) = input.split_at(input.iter().position(|&byte| byte == b'\n').unwrap_or(0));
        let field = |name: &[u8], value: &[u8]| Fields::from_iter([(name.to_vec(), value.to_vec())]);
        let found = watch(&field(name, value));
        let (mut name, mut value) = (name.to_vec(), value.to_vec());
        for finding in &found {
            let text = if finding.location.in_name { &mut name } else { &mut value };
            assert!(!finding.value.is_empty() && finding.span.end <= text.len(), "{finding:?}");
            text[finding.span.clone()].fill(b'x');
        }
        // What was hidden is gone, whatever stands around it; what was beyond the bounds of one search may show in the next.
        let covered = |left: &Finding| left.value.iter().all(|&byte| byte == b'x');
        assert_eq!(watch(&field(&name, &value)).into_iter().find(covered), None);
        outcome(found.iter().map(|finding| (finding.identifier, finding.location.in_name)).collect::<Vec<_>>())
    });
}

/// What of the user's own is found.
fn watch(fields: &Fields) -> Vec<Finding> {
    let (direction, part) = (Direction::Request, Part::Header);
    let mut found = WATCHFUL.scan(&Subject { direction, part, target: None, fields, cleartext: true });
    found.retain(|finding| finding.detector == "identity");
    found
}

/// A name for every kind of value, documented ones, strong and weak ones; under the last nothing is expected.
const NAMES: &[&str] = &[
    "X-MSISDN",
    "X-Acme-Phone",
    "X-Acme-Cli",
    "X-Acme-IMSI",
    "X-Acme-IMEI",
    "X-Acme-ICCID",
    "X-User-Location-Info",
    "X-Acme-Cgi",
    "X-Acme-Email",
    "X-Acme-NAI",
    "X-Acme-UE-IP",
    "X-ACR",
    "X-Acme-Subscriber-Id",
    "Forwarded",
    "X-Nothing",
];

const WORDS: &[&[u8]] = &[
    b"447700900123",
    b"+44 7700 900123",
    b"001010123456789",
    b"0001010123456789@wlan.mnc001.mcc001.3gppnetwork.org",
    b"490154203237518",
    b"8988300000000000013",
    b"NDQ3NzAwOTAwMTIz",
    b"343437373030393030313233",
    b"447700091032",
    b"00010121436587f9",
    b"RHcAkAEj",
    b"%34%34",
    b"%25",
    b"\\u0034",
    b"&#52;",
    b"\xef\xbc\x94",
    b"\xd9\xa4",
    b"eyJhbGciOiJub25lIn0.",
    b"{\"v\":\"",
    b"\"}",
    b"8200f110005e00f1100aecab0a",
    b"ggDxEABeAPEQCuyrCg==",
    b"001-01-1A2B-3C4D",
    b"mcc=001;mnc=01;lac=1;ci=2",
    b"cell-id-3gpp=",
    b"51.5074,-0.1278",
    b"51\xc2\xb030'26\"N ",
    b"5130.4400,N,",
    b"geo:",
    b"10.1.2.3:80",
    b"[fd00::1]",
    b"urn:gsma:imei:",
    b"=",
    b".",
    b";",
];

#[test]
fn values() {
    fuzz("values", 4 * 1024, WORDS, |input| {
        let all: Vec<_> = NAMES.iter().flat_map(|name| under(name, input)).collect();
        outcome(format!("{all:?}"))
    });
}

/// What is found of a value under a name, as far as it is worth telling apart.
fn under(name: &str, value: &[u8]) -> Option<Outcome> {
    let found = scan(name, value);
    let mut masked = value.to_vec();
    for finding in &found {
        assert_eq!(value.get(finding.span.clone()), Some(&finding.value[..]), "{finding:?}");
        assert!(!finding.value.is_empty(), "{finding:?}");
        masked[finding.span.clone()].fill(b'*');
    }
    let covered =
        |left: &Finding| found.iter().any(|first| first.span == left.span && first.identifier == left.identifier);
    let number = |left: &&Finding| left.value.iter().all(|&byte| byte == b'*') && !covered(left);
    assert_eq!(scan(name, &masked).iter().find(number), None, "what is masked says nothing new");
    let told = |finding: &Finding| (finding.identifier, finding.severity, finding.confidence, finding.detector);
    (!found.is_empty()).then(|| outcome(found.iter().map(told).collect::<Vec<_>>()))
}

fn scan(name: &str, value: &[u8]) -> Vec<Finding> {
    let fields: Fields = [(name.as_bytes().to_vec(), value.to_vec())].into_iter().collect();
    let (direction, part) = (Direction::Request, Part::Header);
    SCANNER.scan(&Subject { direction, part, target: None, fields: &fields, cleartext: true })
}
