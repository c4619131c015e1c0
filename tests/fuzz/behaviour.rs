//! Does what is watched over time stand whatever comes, in whatever order, and does it say the same once more?

use clir::{
    detect::{
        Finding, Part, Subject,
        behaviour::{Behaviour, Passage},
    },
    exchange::{Direction, Fields, InstallationKey, Vantage},
};

use super::engine::{LONG, fuzz, magnitude, outcome};

/// No client's state takes more, however long the sequence.
const STATE: usize = 512 * 1024;

const WORDS: &[&[u8]] = &[
    b"\n",
    b"|",
    b"192.0.2.7|",
    b"192.0.2.8|",
    b"news.example|",
    b"www.shop.test|",
    b"bank.co.uk|",
    b"alice.github.io|",
    b"tls",
    b"answer",
    b"home",
    b"x-qzt: ",
    b"3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70",
    b"447700900123",
    b"User-Agent: A/1|",
    b"User-Agent: Mozilla/5.0|Accept: text/html|",
    b"Set-Cookie: k=3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70; Path=/",
];

/// One line: `client|host|how|name: value|…`, of any bytes.
struct Message<'a> {
    client: &'a [u8],
    host: String,
    is_answer: bool,
    cleartext: bool,
    vantage: Option<Vantage>,
    fields: Fields,
}

fn message(line: &[u8]) -> Message<'_> {
    let mut parts = line.split(|&byte| byte == b'|');
    let client = parts.next().unwrap_or_default();
    let host = String::from_utf8_lossy(parts.next().unwrap_or_default()).to_lowercase();
    let how = parts.next().unwrap_or_default();
    let has = |word: &[u8]| memchr::memmem::find(how, word).is_some();
    let vantage = if has(b"home") { Some(Vantage::NoCarrier) } else { Some(Vantage::BeyondCarrier) };
    let field = |part: &[u8]| {
        let colon = part.iter().position(|&byte| byte == b':').unwrap_or(part.len());
        (part[..colon].to_vec(), part.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec())
    };
    let vantage = vantage.filter(|_| !has(b"nowhere"));
    Message {
        client,
        host,
        is_answer: has(b"answer"),
        cleartext: !has(b"tls"),
        vantage,
        fields: parts.map(field).collect(),
    }
}

fn behaviour() -> Behaviour {
    Behaviour::new(&InstallationKey::new([7; 32])).comparing(true)
}

fn watch(behaviour: &Behaviour, message: &Message<'_>, now: i64) -> Vec<Finding> {
    let Message { client, host, fields, cleartext, vantage, .. } = message;
    let passage = Passage { client, host, vantage: *vantage, now };
    if message.is_answer {
        behaviour.response(passage, fields);
        return Vec::new();
    }
    let (direction, part, cleartext) = (Direction::Request, Part::Header, *cleartext);
    behaviour.request(passage, &Subject { direction, part, target: None, fields, cleartext })
}

fn check(found: &[Finding], fields: &Fields, requests: u32) {
    for finding in found {
        let field = fields.get(finding.location.index).expect("a field that is there");
        assert_eq!(field.value.get(finding.span.clone()), Some(&finding.value[..]), "{finding:?}");
        let evidence = finding.evidence.as_ref().expect("evidence");
        // A name may stand in a head more than once.
        assert!(evidence.hosts.len() >= 3 && evidence.count >= 3 && requests >= 3, "{finding:?}");
        assert!(evidence.first <= evidence.last, "{finding:?}");
    }
}

#[test]
fn sequences() {
    fuzz("sequences", LONG, WORDS, |input| {
        let lines: Vec<_> = input.split(|&byte| byte == b'\n').map(message).collect();
        let (once, mut again) = (behaviour(), behaviour());
        let mut kinds = Vec::new();
        for (at, message) in (0_u32..).zip(&lines) {
            let found = watch(&once, message, i64::from(at));
            check(&found, &message.fields, at + 1);
            // A restart in the middle changes nothing.
            if at as usize == lines.len() / 2 {
                again = restarted(&again);
            }
            assert_eq!(found, watch(&again, message, i64::from(at)), "the same in the same order shows the same");
            kinds.extend(found.iter().map(|finding| (finding.detector, finding.origin, finding.confidence)));
        }
        let kept = once.take_changed(true);
        assert!(kept.iter().all(|kept| kept.state.len() <= STATE), "the memory of a client is bounded");
        assert!(once.take_changed(true).is_empty(), "stored once");
        kinds.sort_unstable();
        kinds.dedup();
        outcome((kinds, magnitude(kept.len())))
    });
}

fn restarted(behaviour: &Behaviour) -> Behaviour {
    let restarted = self::behaviour();
    for kept in behaviour.take_changed(true) {
        restarted.restore(&kept).expect("what was stored can be restored");
    }
    restarted
}

/// What stands in the database may be anything.
#[test]
fn states() {
    let words: &[&[u8]] =
        &[b"{", b"}", b"[", b"]", b"18446744073709551615", b"-1", b"\"values\":", b"\"keys\":", b"1e9"];
    fuzz("states", LONG, words, |input| {
        let behaviour = behaviour();
        let state = String::from_utf8_lossy(input).into_owned();
        let kept = clir::detect::behaviour::Kept { client: input.len() as u64 % 2, last: 0, state };
        let is_sound = behaviour.restore(&kept).is_ok();
        for line in [
            &b"a|news.example||x-qzt: 3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70"[..],
            b"a|x.test|tls|x-own: 1",
            b"a|y.test|answer|x: 3f2b8c1e77aa4d1c9a1e",
        ] {
            watch(&behaviour, &message(line), 1);
        }
        behaviour.forget_before(0);
        assert!(behaviour.take_changed(true).iter().all(|kept| kept.state.len() <= STATE));
        outcome((is_sound, magnitude(input.len())))
    });
}
