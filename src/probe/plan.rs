//! What is sent, so that what happens to it tells something?

use super::{Settings, route::Route};
use crate::{
    exchange::{Fields, hex},
    reflect::MARKED,
    tls,
};

/// Fields that are documented as carriers' own, sent with a value of ours: an engine that inserts them takes them away or writes its own
/// value over them, also where it would insert nothing.
pub(super) const CANARIES: &[&str] = &[
    "X-MSISDN",
    "x-up-calling-line-id",
    "x-up-subno",
    "X-UIDH",
    "X-ACR",
    "X-H3G-MSISDN",
    "X-Nokia-MSISDN",
    "X-WAP-Network-Client-MSISDN",
    "X-WSB-MSISDN",
    "X-Network-Info",
    "X-MDN",
    "X-IMSI",
    "X-VF-ACR",
    "Tm_user-id",
    "MSISDN",
];

/// What phones send.
const AGENT: &str =
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36";

/// What a form sends.
const BODY: &[u8] = b"clir=probe&text=the+quick+brown+fox+jumps+over+the+lazy+dog";

/// Requests on one connection.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub requests: Vec<Planned>,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// What it is called.
    pub name: String,
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// What goes into `Host`.
    pub host: String,
    pub fields: Fields,
    pub body: &'static [u8],
    pub expect: Expect,
    pub canaries: &'static [&'static str],
    /// Comes back, so that the answer is this request's.
    pub nonce: String,
}

/// What is to come back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expect {
    /// The request, as it arrived.
    Reflection,
    /// The same, with the head of the answer in it.
    Response,
    /// Bytes that are known.
    Body(&'static [u8]),
}

/// What is tried on one way.
pub(super) fn scripts(route: &Route, settings: &Settings) -> Result<Vec<Script>, String> {
    let own = route.origin.authority();
    let mut scripts = Vec::new();
    for _ in 0..settings.repeat.max(1) {
        let requests = [plain("GET, first request", &own)?, plain("GET, later request", &own)?];
        scripts.push(Script { requests: requests.into() });
    }
    let alone = [
        spelling(&own)?,
        without_agent(&own)?,
        with_body("POST", &own)?,
        with_body("PUT", &own)?,
        canaries("canaries", &own)?,
        Planned { expect: Expect::Response, path: "/response.json".into(), ..plain("answer's head", &own)? }.asking(),
    ];
    scripts.extend(alone.map(Script::of));
    for host in &settings.named_hosts {
        scripts.push(Script::of(plain(&format!("Host: {host}"), host)?));
        scripts.push(Script::of(canaries(&format!("canaries, Host: {host}"), host)?));
    }
    for (path, bytes) in MARKED {
        let marked = |name: String, path: String| -> Result<_, String> {
            Ok(Planned { expect: Expect::Body(bytes), path, ..plain(&name, &own)? })
        };
        let allowed = marked(format!("{path}, changes allowed"), format!("{path}?transform=allow"))?;
        scripts.extend([marked((*path).to_owned(), (*path).to_owned())?, allowed].map(Script::of));
    }
    Ok(scripts)
}

impl Script {
    fn of(request: Planned) -> Self {
        Self { requests: vec![request] }
    }
}

impl Planned {
    /// With the nonce in the query.
    fn asking(mut self) -> Self {
        self.path = format!("{}?nonce={}", self.path, self.nonce);
        self
    }
}

fn plain(name: &str, host: &str) -> Result<Planned, String> {
    let fields = [
        ("Host", host),
        ("User-Agent", AGENT),
        ("Accept", "*/*"),
        ("Accept-Language", "en"),
        ("Accept-Encoding", "identity"),
    ];
    let planned = Planned {
        name: name.to_owned(),
        method: "GET",
        path: "/headers.json".into(),
        host: host.to_owned(),
        fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: b"",
        expect: Expect::Reflection,
        canaries: &[],
        nonce: nonce()?,
    };
    Ok(planned.asking())
}

fn nonce() -> Result<String, String> {
    let bytes: [u8; 16] = tls::random().map_err(|error| format!("the system gives no random bytes: {error}"))?;
    Ok(hex(&bytes))
}

/// Names in every spelling, one of them twice.
fn spelling(host: &str) -> Result<Planned, String> {
    let mut planned = plain("spelling and order", host)?;
    for (name, value) in [
        ("x-probe-lower", "1"),
        ("X-PROBE-UPPER", "2"),
        ("X-Probe-Twice", "3"),
        ("x-pRoBe-MiXed", "4"),
        ("X-Probe-Twice", "5"),
    ] {
        planned.fields.push(name, value);
    }
    Ok(planned)
}

fn without_agent(host: &str) -> Result<Planned, String> {
    let mut planned = plain("without User-Agent", host)?;
    planned.fields.retain(|field| !field.is("user-agent"));
    Ok(planned)
}

fn with_body(method: &'static str, host: &str) -> Result<Planned, String> {
    let mut planned = plain(method, host)?;
    planned.fields.push("Content-Type", "application/x-www-form-urlencoded");
    planned.fields.push("Content-Length", BODY.len().to_string());
    Ok(Planned { method, body: BODY, ..planned })
}

fn canaries(name: &str, host: &str) -> Result<Planned, String> {
    let mut planned = plain(name, host)?;
    let value = format!("canary-{}", planned.nonce);
    CANARIES.iter().for_each(|name| planned.fields.push(*name, value.clone()));
    Ok(Planned { canaries: CANARIES, ..planned })
}
