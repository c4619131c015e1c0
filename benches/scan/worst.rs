//! Which heads of 64 KiB take longest to scan?
//!
//! Found by climbing: a head is a few kinds of fields, each a name and a unit that is repeated; what is changed a little
//! and takes longer is kept. `cargo bench --bench scan -- --worst SECONDS SEED` tells the slowest of each climb.

use std::{
    fmt,
    time::{Duration, Instant},
};

use clir::{
    detect::Scanner,
    exchange::{Direction, Fields},
};
use fastrand::Rng;

use crate::common::{cases, subject};

/// Names that are read in different ways.
const NAMES: &[&str] = &[
    "x-a",
    "x-zq",
    "accept",
    "authorization",
    "cookie",
    "set-cookie",
    "referer",
    "location",
    "forwarded",
    "via",
    "user-agent",
    "from",
    "proxy-authorization",
    "x-real-ip",
    "x-forwarded-for",
    "x-msisdn",
    "x-sub",
    "x-acme-imsi",
    "x-acme-imei",
    "x-acme-cgi",
    "x-acme-nai",
    "x-acme-email",
    "x-acme-msisdn",
    "x-acme-subscriber",
    "x-acme-subscriber-id",
    "x-subscriber-imsi",
    "x-up-subno",
    "x-up-calling-line-id",
    "x-wap-network-info",
    "x-operator-params",
    "x-vodafone-user",
    "x-nokia-ipaddress",
    "x-uidh",
    "acr",
    "msisdn_hash",
    "phone-number-encrypted",
    "x-acme-client-mobile-network-line-cell-area-carrier-mdn-id",
    "x-acme-subscription-mdn-cell-line-client-mobile-network-carrier",
    "x-msimsisdimsiimeiiccicallingcallinglinsubscribesubscribertokesub",
    "subscriptionmdncelllineclientmobilenetworkcarrierbearerroam",
    "usersubscriberphonemobilenumberclientlinenetworkaccountcell",
    "u-s-e-r-p-h-o-n-e-n-u-m-b-e-r-m-o-b-i-l-e-c-e-l-l-i-d-x-m-s-i-s",
    "x-447700900124-447700900124-b-07700900124-4477009001",
    "x-NDQ3NzAwOTAwMTI0-343437373030393030313234-NDQ3NzAwOTAwMTI0",
];

/// What units are made of.
const PIECES: &[&str] = &[
    " ",
    "  ",
    ",",
    ";",
    "&",
    "=",
    ":",
    "/",
    "|",
    "-",
    ".",
    "_",
    "+",
    "@",
    "%",
    "\\",
    "?",
    "#",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "{",
    "}",
    "\"",
    "'",
    "~",
    "*",
    "$",
    "!",
    "\t",
    "0",
    "1",
    "4",
    "7",
    "9",
    "a",
    "A",
    "f",
    "F",
    "z",
    "Z",
    "q",
    "U",
    "%25",
    "%2B",
    "%3D",
    "%3d",
    "%34",
    "%00",
    "%22",
    "%2C",
    "%u0034",
    "%uff14",
    "%EF%BC%94",
    "\\u0034",
    "\\x34",
    "\\\"",
    "\\\\",
    "&#52;",
    "&plus;",
    "00",
    "000",
    "89",
    "35",
    "44",
    "4477",
    "7700900",
    "447700900124",
    "+447700900124",
    "07700900124",
    "001010123456789",
    "490154203237518",
    "8944100000123456782",
    "1234567890",
    "12345678",
    "1700000000123",
    "7",
    "77",
    "1f",
    "91",
    "4f",
    "f4",
    "34",
    "343437373030393030313234",
    "37373030393030313",
    "3334333433373337333033303339",
    "NDQ3NzAwOTAwMTI0",
    "NDQ3",
    "TkRRM056QXdPVEF3TVRJMA",
    "K3c0",
    "MzQzNDM3MzczMDMwMzkzMDMwMzEzMjM5",
    "VGtSUk0wNTZRWGRQVkVGM1RWUkpNQzFP",
    "RHcAkAEk",
    "UUUUUUU",
    "VTNSWFVVQk0",
    "GQ2DONZQGA4TAMBRGI2A",
    "I5ITERCPJZNFCR2BGRKECTKC",
    "eyJzdWIiOiIx",
    "eyJ",
    "4e44",
    "e5a1fb55305247d6f35bd790d2a91dda",
    "me@example.org",
    "a@b.cd",
    "a@b.c1",
    "@",
    "10.1.2.3",
    "1.2.3.4",
    "1.2.3.4.5",
    "fd00::1",
    "::",
    "192.168.",
    "10.",
    "51.5074,-0.1278",
    "51.507",
    "-0.1278",
    "234-15-1234-5678",
    "mcc",
    "mcc=234",
    "lac1234",
    "ci",
    "N",
    "geo:",
    "8200f110005e00f1100aecab0a",
    "00101",
    "tel:+1",
    "tel:",
    "sip:",
    "imsi",
    "msisdn",
    "mdn=",
    "imsi=",
    "tel=",
    "msisdn=",
    "sub",
    "sn",
    "ser",
    "icc",
    "/imsi/",
    "/msisdn/",
    "IMEI",
    "prepaid",
    "gprs",
    "wap",
    "apn",
    "3gppnetwork",
    "STAT",
    ";ncc=",
    "4\u{a0}",
    "４４７",
    "４",
    "\u{200b}",
    "é",
    "٤",
    "ab",
    "abcdef",
    "abcd1234",
    "{\"imsi\":\"",
    "\":\"",
    "-3gpp=",
    "Basic ",
    "Bearer ",
    "for=",
];

const COUNTS: &[usize] = &[1, 2, 3, 8, 16, 31, 32, 33, 50, 63, 64, 100, 128, 199, 200];

/// So many fields and bytes a head has at most.
const FIELDS: usize = 200;
const HEAD: usize = 64 << 10;

/// Fields of one kind.
#[derive(Clone)]
struct Kind {
    name: &'static str,
    count: usize,
    /// Bytes of each, at most.
    most: usize,
    unit: Vec<&'static str>,
}

/// A head, before it is written out.
#[derive(Clone)]
struct Plan {
    kinds: Vec<Kind>,
    response: bool,
}

impl Kind {
    fn random(random: &mut Rng) -> Self {
        let len = random.usize(1..6);
        let unit = (0..len).map(|_| one(random, PIECES)).collect();
        Self { name: one(random, NAMES), count: one(random, COUNTS), most: HEAD, unit }
    }

    fn change(&mut self, random: &mut Rng) {
        let at = random.usize(0..self.unit.len());
        match random.u8(0..12) {
            0 => self.name = one(random, NAMES),
            1 => self.count = one(random, COUNTS),
            2 => self.most = one(random, &[16, 40, 64, 128, 160, 256, 300, 512, 1024, 2048, HEAD]),
            3..5 if self.unit.len() > 1 => drop(self.unit.remove(at)),
            5..8 => self.unit[at] = one(random, PIECES),
            8 => self.unit.swap(0, at),
            _ if self.unit.len() < 24 => self.unit.insert(at, one(random, PIECES)),
            _ => self.unit.truncate(8),
        }
    }

    fn write(&self, count: usize, room: usize, fields: &mut Fields) {
        let unit = self.unit.concat();
        let room = (room / count).saturating_sub(self.name.len() + 4).min(self.most);
        for _ in 0..count {
            fields.push(self.name, unit.repeat((room / unit.len()).max(1)));
        }
    }
}

impl Plan {
    fn random(random: &mut Rng) -> Self {
        let kinds = (0..random.usize(1..3)).map(|_| Kind::random(random)).collect();
        Self { kinds, response: random.u8(0..10) == 0 }
    }

    fn changed(&self, random: &mut Rng) -> Self {
        let mut plan = self.clone();
        let at = random.usize(0..plan.kinds.len());
        match random.u8(0..20) {
            0 if plan.kinds.len() < 3 => plan.kinds.push(Kind::random(random)),
            1 if plan.kinds.len() > 1 => drop(plan.kinds.remove(at)),
            2 => plan.response = !plan.response,
            _ => (0..random.usize(1..3)).for_each(|_| plan.kinds[at].change(random)),
        }
        plan
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        let wanted: usize = self.kinds.iter().map(|kind| kind.count).sum();
        for kind in &self.kinds {
            let count = (kind.count * FIELDS.min(wanted) / wanted).max(1);
            kind.write(count, HEAD / self.kinds.len(), &mut fields);
        }
        fields
    }

    fn cost(&self, scanner: &Scanner, least: Duration) -> Duration {
        let fields = self.fields();
        let mut subject = subject(cases::TARGET, &fields);
        if self.response {
            (subject.direction, subject.target) = (Direction::Response, None);
        }
        let time = || {
            let start = Instant::now();
            std::hint::black_box(scanner.scan(&subject));
            start.elapsed()
        };
        // What is no slower at its best of a few is not asked again.
        let mut best = time();
        for _ in 0..6 {
            if best < least {
                break;
            }
            best = best.min(time());
        }
        best
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.response { "response" } else { "request" })?;
        for Kind { name, count, most, unit } in &self.kinds {
            write!(f, " · {count} × {name} ≤ {most}: {:?}", unit.concat())?;
        }
        Ok(())
    }
}

fn one<T: Copy>(random: &mut Rng, list: &[T]) -> T {
    list[random.usize(0..list.len())]
}

/// So many changes without a slower head end a climb.
const PATIENCE: usize = 400;

/// Climbs until the time is over, and prints the top of each climb.
pub fn search(scanner: &Scanner, time: Duration, seed: u64) {
    let end = Instant::now() + time;
    let mut random = Rng::with_seed(seed);
    let mut tops: Vec<(Duration, Plan)> = Vec::new();
    while Instant::now() < end {
        let begin = (0..50).map(|_| Plan::random(&mut random));
        let begin = begin.map(|plan| (plan.cost(scanner, Duration::ZERO), plan)).max_by_key(|(cost, _)| *cost);
        let Some((mut cost, mut plan)) = begin else { return };
        let mut failed = 0;
        while failed < PATIENCE && Instant::now() < end {
            let other = plan.changed(&mut random);
            let others = other.cost(scanner, cost);
            failed += 1;
            if others > cost {
                failed = if others > cost * 101 / 100 { 0 } else { failed };
                (cost, plan) = (others, other);
            }
        }
        // What a busy machine made slow is asked once more.
        tops.push((plan.cost(scanner, Duration::ZERO).min(cost), plan));
    }
    tops.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
    tops.iter().for_each(|(cost, plan)| println!("{cost:>12.1?} {plan}"));
}
