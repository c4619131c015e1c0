//! What do hellos look like that clir sends, and which does it answer?
//!
//! Hellos are written and read byte by byte here: no library sends what is wrong, old or odd.

use std::{
    io::Read as _,
    net::{Ipv4Addr, TcpListener},
    thread,
};

use super::site::Signer;
use crate::support::{Clir, Origin, Setup, Wire};

const GREASE: u16 = 0x1a1a;
const X25519: u16 = 0x001d;
const X25519MLKEM768: u16 = 0x11ec;
const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

/// A hello in the making.
struct Draft {
    version: u16,
    versions: Vec<u16>,
    ciphers: Vec<u16>,
    groups: Vec<u16>,
    shares: Vec<(u16, Vec<u8>)>,
    schemes: Vec<u16>,
    name: Option<&'static str>,
    more: Vec<(u16, Vec<u8>)>,
}

impl Draft {
    /// Like an ordinary client's of today.
    fn new() -> Self {
        Self {
            version: TLS12,
            versions: vec![TLS13, TLS12],
            ciphers: vec![0x1301, 0x1302, 0x1303, 0xc02b],
            groups: vec![X25519, 0x17],
            // Any 32 bytes are a point: this one is the base.
            shares: vec![(X25519, [&[9][..], &[0; 31]].concat())],
            schemes: vec![0x0403, 0x0804],
            name: Some("localhost"),
            more: Vec::new(),
        }
    }

    /// As Chromium has it: values that nobody knows in every place (RFC 8701), an encrypted hello that is none, padding.
    fn greased() -> Self {
        let mut draft = Self::new();
        draft.versions.insert(0, GREASE);
        draft.ciphers.insert(0, GREASE);
        draft.groups.insert(0, GREASE);
        draft.shares.insert(0, (GREASE, vec![0]));
        let encrypted = [&[0, 0, 1, 0, 1, 7, 0, 32][..], &[0x5a; 32], &[0, 144], &[0xa5; 144]].concat();
        draft.more = vec![(GREASE, vec![]), (0xfe0d, encrypted), (0x15, vec![0; 700]), (0x2a2a, vec![0])];
        draft
    }

    fn message(&self) -> Vec<u8> {
        let mut extensions = Vec::new();
        if let Some(name) = self.name {
            let entry = [&[0][..], &long(name.as_bytes())].concat();
            extend(&mut extensions, 0, &long(&entry));
        }
        if !self.versions.is_empty() {
            extend(&mut extensions, 0x2b, &short(&numbers(&self.versions)));
            let shares: Vec<u8> =
                self.shares.iter().flat_map(|(group, key)| [&group.to_be_bytes()[..], &long(key)].concat()).collect();
            extend(&mut extensions, 0x33, &long(&shares));
        }
        extend(&mut extensions, 0x0a, &long(&numbers(&self.groups)));
        if !self.schemes.is_empty() {
            extend(&mut extensions, 0x0d, &long(&numbers(&self.schemes)));
        }
        self.more.iter().for_each(|(kind, content)| extend(&mut extensions, *kind, content));
        let body = [
            &self.version.to_be_bytes()[..],
            &[0x42; 32],
            &short(&[7; 32]),
            &long(&numbers(&self.ciphers)),
            &short(&[0]),
            &long(&extensions),
        ]
        .concat();
        [&[1, 0][..], &long(&body)].concat()
    }

    /// In records of so many bytes.
    fn records(&self, size: usize) -> Vec<u8> {
        self.message().chunks(size).flat_map(|part| [&[22, 3, 1][..], &long(part)].concat()).collect()
    }
}

fn long(content: &[u8]) -> Vec<u8> {
    [&u16::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
}

fn short(content: &[u8]) -> Vec<u8> {
    [&[u8::try_from(content.len()).unwrap()][..], content].concat()
}

fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn extend(extensions: &mut Vec<u8>, kind: u16, content: &[u8]) {
    extensions.extend([&kind.to_be_bytes()[..], &long(content)].concat());
}

/// What clir answers to these bytes, up to the end of the first record.
fn answer(clir: &Clir, port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut wire = Wire::tunnel(clir.address(), &format!("localhost:{port}"));
    wire.send(bytes);
    let mut record = wire.exactly(5);
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.extend(wire.exactly(length));
    record
}

#[test]
fn odd_hellos_are_answered() {
    let root = Signer::root();
    let (clir, site) = (root.clir(), root.leaf(|_| ()).serve());
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::greased();
        change(&mut draft);
        draft
    };
    for (what, hello) in [
        ("ordinary", Draft::new().records(16_384)),
        ("greased", Draft::greased().records(16_384)),
        ("in small records", Draft::greased().records(50)),
        ("in tiny records", Draft::new().records(1)),
        ("of 40 kB", with(&|draft| draft.more.push((0x3a3a, vec![0; 40_000]))).records(16_384)),
        ("without a name", with(&|draft| draft.name = None).records(16_384)),
        ("TLS 1.2", with(&|draft| draft.versions = vec![]).records(16_384)),
        ("with a ticket of nobody's", with(&|draft| draft.more.push((0x23, vec![7; 192]))).records(16_384)),
    ] {
        let answer = answer(&clir, site.port, &hello);
        assert_eq!((answer[0], answer[5]), (22, 2), "{what}: {:x?}", &answer[..answer.len().min(16)]);
    }
}

/// The random of a HelloRetryRequest (RFC 8446 §4.1.3) begins so.
const RETRY: [u8; 4] = [0xcf, 0x21, 0xad, 0x74];

#[test]
fn without_a_share_the_client_is_asked_for_one() {
    let root = Signer::root();
    let (clir, site) = (root.clir(), root.leaf(|_| ()).serve());
    for shares in [vec![], vec![(GREASE, vec![0])], vec![(0x18, vec![4; 97])]] {
        let hello = Draft { shares, ..Draft::greased() };
        let answer = answer(&clir, site.port, &hello.records(16_384));
        assert_eq!((answer[0], answer[5]), (22, 2), "{answer:x?}");
        assert_eq!(answer[11..15], RETRY);
    }
}

#[test]
fn what_is_old_or_broken_is_refused_with_an_alert() {
    let root = Signer::root();
    let clir = root.clir();
    let old = |version: u16| Draft {
        version,
        versions: vec![],
        ciphers: vec![0xc009, 0xc013, 0x2f, 0x35, 0x0a],
        schemes: vec![],
        ..Draft::new()
    };
    let weak = |ciphers: &[u16]| Draft { versions: vec![], ciphers: ciphers.to_vec(), ..Draft::new() };
    let mut doubled = Draft::new();
    doubled.more = vec![(0x2a2a, vec![]), (0x2a2a, vec![])];
    for (what, hello) in [
        ("SSL 3", old(0x0300)),
        ("TLS 1.0", old(0x0301)),
        ("TLS 1.1", old(0x0302)),
        ("TLS 1.1 by its list", Draft { versions: vec![0x0302, 0x0301], ..Draft::new() }),
        ("TLS 1.1 with signature algorithms", Draft { schemes: vec![0x0403], ..old(0x0302) }),
        ("static RSA", weak(&[0x9c, 0x2f, 0x35])),
        ("CBC", weak(&[0xc009, 0xc013, 0xc023])),
        ("RC4, 3DES, NULL, export, anonymous", weak(&[0x05, 0x0a, 0x01, 0x03, 0xc015, 0x34])),
        ("finite fields", weak(&[0x9e, 0x9f, 0x33])),
        ("SHA-1 signatures alone", Draft { versions: vec![], schemes: vec![0x0203, 0x0201], ..Draft::new() }),
        ("an extension twice", doubled),
    ] {
        let site = root.leaf(|_| ()).serve();
        let answer = answer(&clir, site.port, &hello.records(16_384));
        assert_eq!((answer[0], answer[5]), (21, 2), "{what}: {answer:x?}");
        assert!(site.handshakes().is_empty());
        let event = clir.wait_for_event(|event| event["port"] == site.port && event["error"].is_string());
        assert!(["refused", "failed"].contains(&event["verdict"].as_str().unwrap()), "{what}: {event}");
    }
}

/// RFC 6176: clients that still begin so are told in words that they know; where nothing is opened it is not our affair.
#[test]
fn a_hello_in_the_form_of_ssl_2_is_refused() {
    // TLS 1.0 at most, seven suites, no session, a challenge of 16 bytes (RFC 5246, appendix E.2).
    let head = [0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10];
    let suites = [[0, 0, 0x39], [0, 0, 0x38], [0, 0, 0x35], [0, 0, 0x33], [0, 0, 0x2f], [0, 0, 5], [1, 0, 0x80]];
    let hello = [head.as_slice(), suites.as_flattened(), &[7; 16]].concat();
    let root = Signer::root();
    let clir = root.clir();
    let site = root.leaf(|_| ()).serve();
    let answer = answer(&clir, site.port, &hello);
    assert_eq!(answer, [21, 3, 1, 0, 2, 2, 70]);
    assert!(site.handshakes().is_empty());
    let event = clir.wait_for_event(|event| event["tunnel"]["reason"] == "invalid-hello");
    assert_eq!((&event["verdict"], event["error"].is_string()), (&"refused".into(), true), "{event}");

    let (clir, origin) = (Setup::new().start(), Origin::new());
    let mut client = Wire::tunnel(clir.address(), &origin.authority());
    client.send(&hello);
    assert_eq!(origin.accept().exactly(hello.len()), hello);
}

/// What stands in a hello.
struct Read {
    versions: Vec<u16>,
    ciphers: Vec<u16>,
    groups: Vec<u16>,
    shares: Vec<u16>,
    schemes: Vec<u16>,
    kinds: Vec<u16>,
}

impl Read {
    fn new(message: &[u8]) -> Self {
        let mut rest = &message[4 + 2 + 32..];
        let _session = take(&mut rest, 1);
        let ciphers = values(take(&mut rest, 2));
        let _compression = take(&mut rest, 1);
        let mut extensions = take(&mut rest, 2);
        let mut read =
            Self { versions: vec![], ciphers, groups: vec![], shares: vec![], schemes: vec![], kinds: vec![] };
        while !extensions.is_empty() {
            let kind = u16::from_be_bytes([extensions[0], extensions[1]]);
            extensions = &extensions[2..];
            let mut content = take(&mut extensions, 2);
            read.kinds.push(kind);
            match kind {
                0x2b => read.versions = values(take(&mut content, 1)),
                0x0a => read.groups = values(take(&mut content, 2)),
                0x0d => read.schemes = values(take(&mut content, 2)),
                0x33 => read.shares = shares(take(&mut content, 2)),
                _ => {}
            }
        }
        read
    }
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> &'a [u8] {
    let length = rest[..size].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
    let (content, after) = rest[size..].split_at(length);
    *rest = after;
    content
}

fn values(content: &[u8]) -> Vec<u16> {
    content.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

fn shares(mut content: &[u8]) -> Vec<u16> {
    let mut groups = Vec::new();
    while !content.is_empty() {
        groups.push(u16::from_be_bytes([content[0], content[1]]));
        content = &content[2..];
        take(&mut content, 2);
    }
    groups
}

/// The hello that an origin sees.
fn sent_by_clir(clir: &Clir) -> Read {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let origin = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut header = [0; 5];
        stream.read_exact(&mut header).unwrap();
        assert_eq!(header[0], 22);
        let mut message = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        stream.read_exact(&mut message).unwrap();
        message
    });
    Wire::tunnel(clir.address(), &format!("localhost:{port}")).send(Draft::greased().records(16_384));
    Read::new(&origin.join().unwrap())
}

/// No worse than a browser's of today, and no better than it looks: what is not offered cannot be chosen.
#[test]
fn origins_are_offered_what_a_browser_offers_and_nothing_weak() {
    let hello = sent_by_clir(&Signer::root().clir());
    assert_eq!(hello.versions, [TLS13, TLS12]);
    assert_eq!(hello.groups[..2], [X25519MLKEM768, X25519]);
    let curves_only = |group: &u16| [X25519MLKEM768, X25519, 0x17, 0x18].contains(group);
    assert!(hello.groups.iter().all(curves_only), "{:x?}", hello.groups);
    assert_eq!(hello.shares, [X25519MLKEM768, X25519], "both at once, as Chromium does");
    let sound = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0x00ff];
    assert!(hello.ciphers.iter().all(|cipher| sound.contains(cipher)), "{:x?}", hello.ciphers);
    assert!(hello.ciphers.len() >= 9, "{:x?}", hello.ciphers);
    // No hash below SHA-256, no RSA without padding in TLS 1.3's place, no DSA.
    let (weak_hashes, dsa) = (0x00..=0x03, 0x02);
    for scheme in &hello.schemes {
        let [hash, kind] = scheme.to_be_bytes();
        assert!(!weak_hashes.contains(&hash) && (hash == 8 || kind != dsa), "{scheme:04x}");
    }
    assert!([0x0403, 0x0503, 0x0804, 0x0401].iter().all(|scheme| hello.schemes.contains(scheme)));
    let asks_for = |kind: u16| hello.kinds.contains(&kind);
    assert!(asks_for(5) && asks_for(0x17), "a stapled answer, and the extended master secret");
    assert!(!asks_for(0x2a), "no early data");
}
