//! What does a connection cost on which nothing happens, and is it given back when it goes?
//!
//! Memory is what the kernel counts as resident in the process. The bounds are those of the design; what is measured
//! stands well below them, so that another allocator or a debug build does not cross them by chance.

use std::{
    env, fs,
    net::TcpStream,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::support::{
    Clir, Origin, Setup, Wire,
    certificates::{Authority, Flaw},
    eventually, origin,
    tls::{ClientStream, ServerStream, TlsOrigin},
};

/// Bytes that one idle connection may hold in cleartext, and opened over either version. What is kept towards origins
/// counts as well: one connection for each.
const PLAIN: u64 = 20_000;
const OPENED: u64 = 30_720;
const OPENED_OVER_HTTP_2: u64 = 52_000;
/// The same where there are so few that connections to origins are kept.
const FEW: u64 = 60_000;
/// More of those than this are a crowd. What is left when it has thinned to as many is kept, and each over HTTP/2 holds so
/// much: it hangs on how quickly they came how many that are.
const KEPT: usize = 512;
const LEFT_OVER_HTTP_2: u64 = 14_000;
/// How much more than before may stay when everybody has gone, in all and for each of them, and after how long: tables
/// keep the size that they had, and the allocator keeps what was freed for a second and returns it little by little.
const REMAINDER: u64 = 12 << 20;
const REMAINDER_OF_EACH: u64 = 4_000;
const RETURN: Duration = Duration::from_secs(60);
/// Descriptors that come and go by themselves: the log's files, connections to origins that are still there.
const STRAY: usize = 100;
/// Connections that come and go before anything is measured.
const FIRST: usize = 100;

/// One crowd at a time: they share the descriptors of this process.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many connections there are at once, or as many as descriptors allow: the test holds both sides of each.
fn crowd() -> usize {
    let wanted = if env::var_os("CLIR_FULL").is_some() { 10_000 } else { 1_000 };
    let limits = fs::read_to_string("/proc/self/limits").expect("limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("a limit of descriptors");
    let allowed: usize = line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX);
    let of_others = 400.max(allowed / 10);
    wanted.min(allowed.saturating_sub(of_others) / 2)
}

/// Room for everybody, and nobody is let go while the last ones still come.
fn setup() -> Setup {
    let limits = ["limits.connections", "limits.connections_per_client"];
    let setup = limits.into_iter().fold(Setup::new(), |setup, key| setup.set(key, "20000"));
    setup.set("timeouts.idle", r#""1h""#).set("timeouts.header", r#""1h""#)
}

fn descriptors(clir: &Clir) -> usize {
    fs::read_dir(format!("/proc/{}/fd", clir.id())).unwrap().count()
}

/// What the process holds.
struct Footprint {
    resident: u64,
    descriptors: usize,
}

impl Footprint {
    fn of(clir: &Clir) -> Self {
        Self { resident: clir.resident(), descriptors: descriptors(clir) }
    }

    /// Asserts that the process comes back to it after so many.
    fn assert_back(&self, clir: &Clir, count: usize) {
        eventually("descriptors back at their base", || (descriptors(clir) <= self.descriptors + STRAY).then_some(()));
        let start = Instant::now();
        let bound = self.resident + REMAINDER + REMAINDER_OF_EACH * count as u64;
        while clir.resident() > bound {
            let more = clir.resident() - self.resident;
            assert!(start.elapsed() < RETURN, "{more} bytes more than before the crowd");
            sleep(Duration::from_millis(100));
        }
    }
}

/// Lets a crowd in by `enter`, asserts that each holds at most `bound` bytes while it is idle, sends it away, and asserts
/// that nothing of it stays.
fn assert_cheap<T>(clir: &Clir, bound: u64, mut enter: impl FnMut() -> T) {
    let _alone = alone();
    drop((0..FIRST).map(|_| enter()).collect::<Vec<_>>());
    eventually("the first ones gone", || (descriptors(clir) < FIRST).then_some(()));
    let before = Footprint::of(clir);
    let count = crowd();
    let held: Vec<T> = (0..count).map(|_| enter()).collect();
    let start = Instant::now();
    // What hyper holds is given back after a moment of silence, connections to origins in a crowd after ten seconds, and
    // the allocator returns it a second later.
    while clir.resident() > before.resident + bound * count as u64 {
        let each = (clir.resident() - before.resident) / count as u64;
        assert!(start.elapsed() < RETURN, "{count} idle connections hold {each} bytes each, more than {bound}");
        sleep(Duration::from_millis(100));
    }
    drop(held);
    before.assert_back(clir, count);
}

#[test]
fn who_says_nothing_costs_next_to_nothing() {
    let clir = setup().start();
    assert_cheap(&clir, PLAIN, || clir.connect());
}

#[test]
fn a_tunnel_in_which_nothing_moves_costs_next_to_nothing() {
    let clir = setup().start();
    let origin = Origin::new();
    let authority = origin.authority();
    assert_cheap(&clir, PLAIN, || {
        let mut client = Wire::tunnel(clir.address(), &authority);
        let mut site = origin.accept();
        client.send(b"\0ping");
        assert_eq!(site.exactly(5), b"\0ping");
        site.send(b"pong");
        assert_eq!(client.exactly(4), b"pong");
        (client, site)
    });
}

#[test]
fn who_has_asked_and_stays_costs_little() {
    let clir = setup().start();
    let origin = Origin::new();
    let request = origin.request("GET", "/", "User-Agent: a phone\r\nAccept: */*\r\nCookie: a=b\r\n");
    let _served = origin.serve(|_, _| origin::ok("served"));
    assert_cheap(&clir, PLAIN, || {
        let mut client = clir.connect();
        client.send(&request);
        assert_eq!(client.response().text(), "served");
        client
    });
}

/// What is held of one that is opened: both ends of it.
type Opened = (Wire<ClientStream>, Wire<ServerStream>);

/// With a connection of its own to the origin for each, as if every client visited another one.
fn assert_opened_cheap(protocol: &'static str, bound: u64, exchange: fn(&mut Opened, host: &str)) {
    let clir = setup().set("limits.idle_upstream", "4096").intercept(&Authority::trusted().pem).start();
    let config = Authority::trusted().server(&["localhost"], Flaw::Nothing, &[protocol]);
    let origin = TlsOrigin::with(config, [0, 0, 0, 0].into());
    let host = format!("localhost:{}", origin.port());
    let mut addresses = (1..250).flat_map(|third| (1..250).map(move |last| format!("127.3.{third}.{last}")));
    let bound = if crowd() > KEPT + FIRST { bound } else { FEW };
    assert_cheap(&clir, bound, || {
        let authority = format!("{}:{}", addresses.next().expect("an address"), origin.port());
        let client = clir.tls(&authority, "localhost", &[protocol]);
        let mut both = (client, origin.accept());
        exchange(&mut both, &host);
        both
    });
}

#[test]
fn who_was_opened_and_stays_costs_little() {
    assert_opened_cheap("http/1.1", OPENED, |(client, site), host| {
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: a phone\r\nCookie: a=b\r\n\r\n"));
        assert_eq!(site.head().start_line(), "GET / HTTP/1.1");
        site.send(origin::ok("served"));
        assert_eq!(client.response().text(), "served");
    });
}

#[test]
fn who_was_opened_over_http_2_and_stays_costs_little() {
    let left = LEFT_OVER_HTTP_2 * KEPT as u64 / crowd() as u64;
    assert_opened_cheap("h2", OPENED_OVER_HTTP_2 + left, |(client, site), host| {
        site.send(frame(SETTINGS, 0, 0, b""));
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        client.send(frame(SETTINGS, 0, 0, b""));
        // GET, https, / and the host (RFC 7541, appendix A).
        let length = u8::try_from(host.len()).unwrap();
        client.send(frame(HEADERS, WHOLE, 1, &[b"\x82\x87\x84\x41".as_slice(), &[length], host.as_bytes()].concat()));
        site.exactly(24);
        until_headers(site);
        // 204, and nothing else.
        site.send(frame(HEADERS, WHOLE, 1, b"\x89"));
        until_headers(client);
    });
}

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
/// END_STREAM and END_HEADERS.
const WHOLE: u8 = 5;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn until_headers<S: std::io::Read + std::io::Write>(wire: &mut Wire<S>) {
    loop {
        let header = wire.exactly(9);
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        wire.exactly(length as usize);
        if header[3] == HEADERS {
            return;
        }
    }
}

/// Those who come, ask once and go, one after the other.
#[test]
fn who_comes_and_goes_leaves_nothing_behind() {
    let _alone = alone();
    let clir = setup().start();
    let origin = Origin::new();
    let request = origin.request("GET", "/", "Connection: close\r\n");
    let _served = origin.serve(|_, _| origin::ok("served"));
    let visit = || {
        let mut client: Wire<TcpStream> = clir.connect();
        client.send(&request);
        assert_eq!(client.response().text(), "served");
    };
    (0..FIRST).for_each(|_| visit());
    eventually("the first ones gone", || (descriptors(&clir) < FIRST).then_some(()));
    let before = Footprint::of(&clir);
    (0..2 * crowd()).for_each(|_| visit());
    // One at a time leaves no more than one.
    before.assert_back(&clir, 1);
}
