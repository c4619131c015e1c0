//! Is a command told, once, and not too often?

use std::fs;

use crate::{
    receiver::{appending, ask, assert_masked, kinds, leak, leaky, site, told},
    support::{Clir, NUMBER, Setup, eventually, setup},
};

#[test]
fn the_first_leak_is_told_and_the_second_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("told");
    let alert = format!("[[alert]]\nname = \"me\"\n{}\n", appending(&file));
    let clir = leaky().also(&alert).start();
    let site = site();
    leak(&clir, site.address, NUMBER);
    let alerts = told(&file, 2);
    assert_eq!(kinds(&alerts), ["carrier-header-started", "first-leak"]);
    let leaked = &alerts[1];
    let event = clir.wait_for_event(|event| event["id"] == leaked["exchange"]);
    assert_eq!((&leaked["value"], &leaked["digest"]), (&"44770•••••23".into(), &event["findings"][0]["digest"]));
    assert_eq!((&leaked["identifier"], &leaked["severity"]), (&"msisdn".into(), &"critical".into()));
    assert_eq!((&leaked["client"], &leaked["host"]), (&"127.0.0.1".into(), &"127.0.0.1".into()));
    assert_eq!((&leaked["v"], &leaked["first"]), (&1.into(), &"ever".into()));
    assert_masked(&clir, &fs::read_to_string(&file).unwrap());

    // Neither the same again, nor after a restart, and another number is another leak.
    leak(&clir, site.address, NUMBER);
    let clir = Clir::again(clir.kill());
    leak(&clir, site.address, NUMBER);
    leak(&clir, site.address, "447700900456");
    assert_eq!(kinds(&told(&file, 3))[2..], ["first-leak"]);
    drop(clir);
    assert_eq!(told(&file, 3).len(), 3);
}

#[test]
fn what_was_stripped_is_no_leak() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("told");
    let alert = format!("[[alert]]\nname = \"me\"\non = \"first-leak\"\n{}\n", appending(&file));
    let clir = Setup::new().also(&alert).start();
    leak(&clir, site().address, NUMBER);
    clir.wait_for_event(|event| event["actions"][0]["action"] == "strip");
    drop(clir);
    assert!(!file.exists());
}

#[test]
fn a_header_that_a_carrier_no_longer_inserts_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("told");
    let alert = format!(
        "[[alert]]\nname = \"me\"\non = [\"carrier-header-started\", \"carrier-header-stopped\"]\n{}\n",
        appending(&file)
    );
    let clir = Setup::new().set("behaviour.stopped_after", "5").also(&alert).start();
    let site = site();
    (0..12).for_each(|_| leak(&clir, site.address, NUMBER));
    (0..5).for_each(|_| ask(&clir, site.address, ""));
    let alerts = told(&file, 2);
    assert_eq!(kinds(&alerts), ["carrier-header-started", "carrier-header-stopped"]);
    assert!(alerts[1]["words"].as_str().unwrap().contains("x-up-calling-line-id"), "{alerts:?}");
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn so_many_an_hour_and_then_one_summary() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("told");
    let alert = format!("[[alert]]\nname = \"me\"\non = [\"first-leak\"]\nper_hour = 2\n{}\n", appending(&file));
    let clir = leaky().also(&alert).start();
    let site = site();
    for last in 0..7 {
        leak(&clir, site.address, &format!("44770090010{last}"));
    }
    clir.wait_for_events(7);
    drop(clir);
    let alerts = told(&file, 3);
    assert_eq!(kinds(&alerts), ["first-leak", "first-leak", "summary"]);
    assert_eq!(alerts[2]["held_back"], 5, "{alerts:?}");
}

/// One that hangs is ended, and holds nobody else up: neither requests nor others who are told.
#[test]
fn a_slow_command_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let (file, group) = (dir.path().join("told"), dir.path().join("group"));
    let alerts = format!(
        "[[alert]]\nname = \"slow\"\ntimeout = \"300ms\"\ncommand = [\"/bin/sh\", \"-c\", \"echo $$ >>'{}'; sleep 600\"]\n\
         [[alert]]\nname = \"me\"\n{}\n",
        group.display(),
        appending(&file)
    );
    let clir = leaky().also(&alerts).start();
    leak(&clir, site().address, NUMBER);
    assert_eq!(told(&file, 2).len(), 2);
    clir.wait_for_stderr("alert \"slow\" could not be handed to /bin/sh: it did not end within 0.3 s, and was killed");
    let first: u32 = eventually("its id", || fs::read_to_string(&group).ok()?.lines().next()?.parse().ok());
    eventually("its end", || (!std::path::Path::new(&format!("/proc/{first}")).exists()).then_some(()));
}

#[test]
fn it_can_be_tried_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("told");
    let alerts = format!(
        "[[alert]]\nname = \"me\"\n{}\n[[alert]]\nname = \"broken\"\ncommand = [\"/bin/false\"]\n",
        appending(&file)
    );
    let clir = leaky().also(&alerts).start();
    let test = |names: &[&str]| {
        let mut command = setup::clir(clir.dir.path());
        let output = command.args(["--config", "clir.toml", "alert", "test"]).args(names).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(test(&["me"]), (Some(0), "me: taken by /bin/sh\n".into()));
    assert_eq!(kinds(&told(&file, 1)), ["test"]);
    let (code, said) = test(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("broken: not taken by /bin/false: it ended with exit status: 1"), "{said}");
    assert_eq!(test(&["nobody"]).0, Some(1));
}

#[test]
fn a_reload_tells_others() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("told");
    let clir = leaky().start();
    let site = site();
    leak(&clir, site.address, NUMBER);
    let text = fs::read_to_string(clir.path("clir.toml")).unwrap();
    clir.replace("clir.toml", &format!("{text}\n[[alert]]\nname = \"me\"\n{}\n", appending(&file)));
    clir.wait_for_stderr("read anew and is in force");
    leak(&clir, site.address, "447700900456");
    assert_eq!(kinds(&told(&file, 1)), ["first-leak"], "what was known before is no news");
}
