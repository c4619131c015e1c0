//! Does an end lose nothing that could be brought to an end?

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{Clir, Origin, Setup, Stage, Wire, clir::event_files, eventually, origin};

#[test]
fn a_request_in_flight_is_finished() {
    for signal in ["TERM", "INT"] {
        let mut stage = Stage::new();
        let mut site = stage.deliver("GET", "/", "");
        stage.clir.signal(signal);
        eventually("an end of listening", || TcpStream::connect(stage.clir.address()).is_err().then_some(()));
        site.send(origin::ok("in time"));
        assert_eq!(stage.client.response().text(), "in time");
        assert_eq!(stage.clir.wait().code(), Some(0), "SIG{signal}: {}", stage.clir.stderr());
        let events = stage.clir.events();
        assert_eq!(events.len(), 1, "what was queued is written");
        assert_eq!(events[0]["status"], 200);
    }
}

/// Asserts that it ends well, and at once.
fn assert_ends_soon(mut clir: Clir) {
    let start = Instant::now();
    clir.signal("TERM");
    assert_eq!(clir.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
}

#[test]
fn an_idle_client_does_not_hold_it_up() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
    assert_ends_soon(stage.clir);
}

#[test]
fn a_client_that_has_said_nothing_does_not_hold_it_up() {
    let stage = Stage::new();
    let _silent = stage.clir.connect();
    assert!(stage.clir.connect().try_next_works(&stage.origin), "both are accepted");
    assert_ends_soon(stage.clir);
}

#[test]
fn patience_has_an_end() {
    let mut stage = Stage::with(Setup::new().set("timeouts.shutdown", r#""1s""#));
    let _site = stage.deliver("GET", "/never", "");
    let _tunnel = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
    stage.clir.signal("TERM");
    assert_eq!(stage.clir.wait().code(), Some(0));
}

#[test]
fn signals_that_are_no_end_end_nothing() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    for signal in ["HUP", "PIPE", "HUP"] {
        stage.clir.signal(signal);
    }
    site.send(origin::ok("still here"));
    assert_eq!(stage.client.response().text(), "still here");
    assert!(stage.clir.connect().try_next_works(&Origin::new()));
}

/// As in a power cut: what was written stays readable, and the next start goes on behind it.
#[test]
fn a_killed_process_leaves_a_readable_log() {
    let stage = Stage::new();
    let request = stage.origin.request("GET", "/", "X-A: 1\r\n");
    let (clir, origin) = (stage.clir, stage.origin);
    let _served = origin.serve(|_, _| origin::ok("body"));
    let mut client = clir.connect();
    for _ in 0..500 {
        client.send(&request);
        assert_eq!(client.response().status(), 200);
    }
    // In the midst of writing.
    clir.wait_for_events(1);
    let dir = clir.kill();
    let before = lines(dir.path());
    assert!(!before.is_empty());
    // A torn line stays one line: the next start begins a new one.
    let file = event_files(dir.path()).pop().unwrap();
    let mut text = fs::read(&file).unwrap();
    text.extend(b"{\"v\":1,\"id\":\"01J");
    fs::write(&file, text).unwrap();

    let again = Clir::again(dir);
    let mut client = again.connect();
    client.send(&request);
    assert_eq!(client.response().status(), 200);
    let whole = || lines(again.dir.path());
    let after =
        eventually("an event behind the torn line", || Some(whole()).filter(|after| after.len() > before.len()));
    assert_eq!(after.len(), before.len() + 1);
}

/// Every line that is whole.
fn lines(dir: &Path) -> Vec<Value> {
    let texts = event_files(dir).into_iter().map(|file| fs::read_to_string(file).unwrap());
    texts.flat_map(|text| text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<_>>()).collect()
}

/// Out of descriptors: no end, no busy loop, and all is well again afterwards.
#[test]
fn running_out_of_descriptors_is_survived() {
    let setup = Setup::new().set("limits.connections", "10000").set("limits.connections_per_client", "10000");
    let inner = setup.command();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    command.current_dir(setup.dir.path());
    let clir = Clir::spawn(&mut command, setup.dir, 1);
    let origin = Origin::new();
    let crowd: Vec<_> = (0..200).map(|_| clir.connect()).collect();
    let busy = cpu_time(&clir);
    // What is measured is a second of doing nothing.
    std::thread::sleep(Duration::from_secs(1));
    assert!(cpu_time(&clir) - busy < Duration::from_millis(500), "a busy loop on accept");
    drop(crowd);
    assert!(clir.connect().try_next_works(&origin));
}

fn cpu_time(clir: &Clir) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", clir.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime are the 14th and 15th field, in hundredths of a second; the state, first here, is the third.
    let hundredths = |at: usize| fields[at].parse::<u64>().unwrap();
    Duration::from_millis((hundredths(11) + hundredths(12)) * 10)
}
