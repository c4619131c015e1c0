//! Does a crowd of devices fit, and what happens when descriptors run out?

use std::{
    fs,
    net::{IpAddr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    site::Site,
    world::{House, ORIGIN, World},
};
use crate::support::{Clir, Wire, eventually};

/// Ten thousand connections are to fit into 256 MiB, beside what clir holds anyway.
const BYTES_OF_EACH: u64 = (256 << 20) / 10_000;
const BYTES_ANYWAY: u64 = 32 << 20;
/// Seconds in which nothing is to do, and the part of a core that may be busy meanwhile.
const IDLE: Duration = Duration::from_secs(3);
const BUSY: f64 = 0.2;

fn site() -> SocketAddr {
    (ORIGIN[0].parse::<IpAddr>().unwrap(), 80).into()
}

fn ask(wire: &mut Wire<TcpStream>) {
    wire.send("GET / HTTP/1.1\r\nHost: site.example\r\n\r\n");
    assert_eq!(wire.response().status(), 200);
}

/// One of the crowd. It asks at once, for clir shows silent ones to the site, which closes them when it has waited enough.
fn arrive() -> Wire<TcpStream> {
    let mut wire = Wire::connect(site());
    ask(&mut wire);
    wire
}

/// Seconds of a core that the process has used.
fn busy(clir: &Clir) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", clir.id())).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let times: Vec<f64> = after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse().unwrap()).collect();
    // Linux counts a hundred ticks a second here, whatever its clock does (proc(5), sysconf(3)).
    (times[0] + times[1]) / 100.0
}

/// So many connections are open, each with a request behind it and a thread of the site.
fn crowd() -> u64 {
    if std::env::var_os("CLIR_FULL").is_some() { 8_000 } else { 2_000 }
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn a_crowd_that_was_led_here_costs_little() {
    let world = World::new();
    let _site = Site::open(&world);
    let mut house = House::of("redirect");
    house.others = "[limits]\nconnections = 20000\nconnections_per_client = 20000\nidle_upstream = 0\n".to_owned();
    let clir = world.start(&house);
    world.done(clir.dir.path(), &["up"]);
    let count = crowd();
    let mut crowd: Vec<_> = world.within("phone", || (0..count).map(|_| arrive()).collect());
    let bound = BYTES_ANYWAY + BYTES_OF_EACH * count;
    eventually("little memory", || (clir.resident() < bound).then_some(()));
    println!("{count} connections: {} MiB", clir.resident() >> 20);
    crowd.iter_mut().step_by(100).for_each(ask);
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn without_descriptors_the_old_live_and_the_new_wait() {
    let world = World::new();
    let _site = Site::open(&world);
    let clir = world.start(&House::of("redirect"));
    world.done(clir.dir.path(), &["up"]);
    let mut old = world.within("phone", || Wire::connect(site()));
    ask(&mut old);
    // Room for a few more.
    let open = fs::read_dir(format!("/proc/{}/fd", clir.id())).unwrap().count();
    world.shell("gateway", &format!("prlimit --pid {} --nofile={}:", clir.id(), open + 6));
    let mut crowd: Vec<_> = world.within("phone", || (0..40).map(|_| Wire::connect(site())).collect());
    std::thread::sleep(Duration::from_millis(500));
    let (start, before) = (Instant::now(), busy(&clir));
    std::thread::sleep(IDLE);
    let part = (busy(&clir) - before) / start.elapsed().as_secs_f64();
    assert!(part < BUSY, "{part} of a core, with nothing to do");
    ask(&mut old);
    world.shell("gateway", &format!("prlimit --pid {} --nofile=4096:", clir.id()));
    // Those that clir could take and not connect were let go; those that waited are served.
    let served = crowd.iter_mut().filter_map(|wire| {
        wire.send_anyway("GET / HTTP/1.1\r\nHost: site.example\r\n\r\n");
        wire.try_head().ok()
    });
    let served = served.filter(|head| head.status() == 200).count();
    assert!(served >= 20, "{served} of 40 were served");
    ask(&mut old);
}
