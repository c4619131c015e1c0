//! Is a head judged alike, whatever was judged before it?
//!
//! Each thread remembers which fields were found to hold nothing. So one that has seen every head before, in company and
//! alone, by other signatures and in both directions, is compared with threads that have seen none.

#[path = "../benches/common/samples.rs"]
mod samples;

use std::{
    sync::{Arc, LazyLock},
    thread,
};

use clir::{
    detect::{
        Finding, Identifier, Identities, Identity, Part, Scanner, SignatureSet, Subject,
        behaviour::{Behaviour, Passage},
    },
    exchange::{Direction, Fields, InstallationKey, Sensitive, Vantage},
};
use samples::samples;

const FILES: [&str; 3] = [
    include_str!("data/detection/negatives.jsonl"),
    include_str!("data/detection/positives.jsonl"),
    include_str!("data/detection/modern.jsonl"),
];

static PLAIN: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(Arc::new(SignatureSet::builtin())));

/// What fields stand beside others in, and changes what these say.
#[derive(Clone, Copy, Debug)]
enum Company {
    Alone,
    Inside,
    Answer,
    Networks,
    Browsers,
    Many,
    Laborious,
}

const COMPANIES: [Company; 7] = [
    Company::Alone,
    Company::Inside,
    Company::Answer,
    Company::Networks,
    Company::Browsers,
    Company::Many,
    Company::Laborious,
];

struct Head {
    target: String,
    fields: Fields,
    company: Company,
}

impl Head {
    fn in_company(target: &str, fields: &Fields, company: Company) -> Self {
        let mut fields = fields.clone();
        match company {
            Company::Alone | Company::Inside | Company::Answer => {}
            Company::Networks => fields.push("X-Acme-MSISDN", "447700900123"),
            Company::Browsers => fields.push("User-Agent", "Mozilla/5.0 (Linux; Android 13)"),
            Company::Many => (0..40).for_each(|at| fields.push(format!("X-Fill-{at}"), "1")),
            Company::Laborious => {
                (0..12)
                    .for_each(|at| fields.push(format!("X-Acme-Imei-{at}"), "TkRRM056QXdPVEF3TVRJMC1ORFEz".repeat(9)));
            }
        }
        Self { target: target.to_owned(), fields, company }
    }

    fn subject(&self) -> Subject<'_> {
        let (direction, target) = match self.company {
            Company::Answer => (Direction::Response, None),
            _ => (Direction::Request, Some(self.target.as_bytes())),
        };
        let cleartext = !matches!(self.company, Company::Inside);
        Subject { direction, part: Part::Header, target, fields: &self.fields, cleartext }
    }
}

fn heads() -> Vec<Head> {
    let samples: Vec<_> = FILES.iter().flat_map(|text| samples(text)).step_by(2).collect();
    let all = COMPANIES
        .iter()
        .flat_map(|company| samples.iter().map(|(target, fields)| Head::in_company(target, fields, *company)));
    all.collect()
}

/// By a thread that has judged nothing yet.
fn anew<T: Send>(judge: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(judge).join().unwrap())
}

/// Every head by itself.
fn each_anew(scanner: &Scanner, heads: &[Head]) -> Vec<Vec<Finding>> {
    heads.iter().map(|head| anew(|| scanner.scan(&head.subject()))).collect()
}

fn assert_alike(scanner: &Scanner, heads: &[Head], expected: &[Vec<Finding>]) {
    for (head, expected) in heads.iter().zip(expected) {
        let found = scanner.scan(&head.subject());
        assert_eq!(found, *expected, "{:?}: {} {:?}", head.company, head.target, head.fields);
    }
}

#[test]
fn what_was_seen_before_is_judged_alike_in_any_company() {
    let heads = heads();
    let expected = each_anew(&PLAIN, &heads);
    assert!(heads.len() > 2000 && expected.iter().flatten().count() > 2000);
    for _ in 0..2 {
        assert_alike(&PLAIN, &heads, &expected);
    }
}

#[test]
fn company_changes_what_is_found() {
    let found = |company: Company| {
        let heads: Vec<_> = heads().into_iter().filter(|head| head.company as usize == company as usize).collect();
        let own = |finding: &&Finding| !finding.location.name.starts_with(b"X-Acme-MSISDN");
        heads.iter().map(|head| PLAIN.scan(&head.subject()).iter().filter(own).count()).collect::<Vec<_>>()
    };
    let alone = found(Company::Alone);
    for company in [Company::Answer, Company::Networks, Company::Browsers, Company::Many, Company::Laborious] {
        assert_ne!(found(company), alone, "{company:?}");
    }
}

/// Signatures that know a cookie's key and a field that nobody else knows.
fn with_signature(key: &str) -> Scanner {
    let own = format!(
        "[[signature]]\nid = \"zq\"\nheader = [\"{key}\"]\ncarries = [\"msisdn\"]\ncarriers = [\"Acme\"]\ncountries = [\"GB\"]\n\
         source = \"a test\"\nmatches = [\"447700900123\"]\nignores = [\"unknown\", \"-\", \"null\"]\n"
    );
    let builtin = SignatureSet::builtin_files().iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let files: Vec<_> = builtin.chain([("own.toml".to_owned(), own)]).collect();
    Scanner::new(Arc::new(SignatureSet::parse(&files).unwrap()))
}

#[test]
fn what_was_seen_before_is_judged_by_the_signatures_in_force() {
    let fields: Fields =
        [("Cookie", "theme=dark; x-zqa=447700900123"), ("X-Zqa", "07700900123"), ("X-Zqb", "07700900123")]
            .into_iter()
            .collect();
    let head = [Head::in_company("/", &fields, Company::Alone)];
    let own = Identity::new("own".into(), Identifier::Msisdn, &Sensitive::new("+44 7700 900123".to_owned())).unwrap();
    let own = Arc::new(Identities::new(vec![own]));
    let scanners =
        [PLAIN.clone(), with_signature("X-Zqa"), with_signature("X-Zqb"), PLAIN.clone().with_identities(own)];
    let expected = scanners.each_ref().map(|scanner| each_anew(scanner, &head));
    let counts = expected.each_ref().map(|found| found[0].len());
    assert_eq!(counts, [0, 2, 1, 3]);
    for _ in 0..2 {
        for (scanner, expected) in scanners.iter().zip(&expected) {
            assert_alike(scanner, &head, expected);
        }
    }
}

/// The findings in the last field of each head, by threads that have judged nothing yet; heads are judged alike then.
fn in_the_last(heads: &[Head]) -> Vec<usize> {
    let expected = each_anew(&PLAIN, heads);
    for _ in 0..2 {
        assert_alike(&PLAIN, heads, &expected);
    }
    let of_last = |(head, found): (&Head, &Vec<Finding>)| {
        found.iter().filter(|finding| finding.location.index + 1 == head.fields.len()).count()
    };
    heads.iter().zip(&expected).map(of_last).collect()
}

#[test]
fn whose_company_it_is_counts() {
    let beside = |name: &str| {
        let fields = [(name, "447700900123"), ("X-Zqcorp-Pin", "b6d5bbf36d16930b6c58")];
        Head::in_company(
            "/",
            &fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            Company::Alone,
        )
    };
    assert_eq!(in_the_last(&[beside("Accept"), beside("X-Acme-MSISDN"), beside("X-Zqcorp-MSISDN")]), [0, 0, 1]);
}

#[test]
fn how_much_of_a_cookie_may_be_decoded_counts() {
    let beside = |count: usize| {
        let others = std::iter::repeat_n("a=b", count);
        let fields = others.chain(["phone=NDQ3NzAwOTAwMTIz"]).map(|value| ("Cookie", value)).collect();
        Head::in_company("/", &fields, Company::Alone)
    };
    assert_eq!(in_the_last(&[beside(199), beside(0)]), [0, 1]);
}

/// What each head shows that goes to several sites, one after the other.
fn over_time(heads: &[Head]) -> Vec<Vec<Finding>> {
    let sites = ["a.example", "www.shop.test", "news.example.org", "bank.example.net"];
    let passage =
        |host| Passage { client: b"192.0.2.7", host, vantage: Some(Vantage::BeyondCarrier), now: 1_700_000_000 };
    let shown = heads.iter().flat_map(|head| {
        let behaviour = Behaviour::new(&InstallationKey::new([7; 32]));
        if let Company::Answer = head.company {
            behaviour.response(passage("a.example"), &head.fields);
        }
        let asked = Subject { direction: Direction::Request, ..head.subject() };
        sites.map(|host| behaviour.request(passage(host), &asked))
    });
    shown.collect()
}

#[test]
fn what_many_requests_show_hangs_on_them_alone() {
    let heads = heads();
    let expected = anew(|| over_time(&heads));
    assert!(expected.iter().flatten().count() > 500, "{}", expected.iter().flatten().count());
    for _ in 0..2 {
        assert!(over_time(&heads) == expected);
    }
}
