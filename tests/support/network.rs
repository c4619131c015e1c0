//! How does a test get a network of its own, with ports 80 and 443, public addresses, and names?
//!
//! The test starts itself once more in namespaces of its own. It takes root, or a kernel that lets anybody have
//! namespaces, and unshare(1), ip(8) and mount(8).

use std::{env, fs, path::Path, process::Command};

/// Says to the test that it is inside.
const INSIDE: &str = "CLIR_OWN_NETWORK";

/// Runs the test of this whole name in a network where these names lead to these addresses, all of them of this machine.
pub fn own(name: &str, hosts: &[(&str, &str)], test: impl FnOnce()) {
    if env::var(INSIDE).is_ok_and(|inside| inside == name) {
        prepare(hosts);
        return test();
    }
    // Whoever is not root becomes it, inside.
    let as_root: &[&str] = if is_root() { &[] } else { &["--map-root-user"] };
    let output = Command::new("unshare")
        .args(as_root)
        .args(["--net", "--mount", "--"])
        .arg(env::current_exe().unwrap())
        .args([name, "--exact", "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(INSIDE, name)
        .output()
        .expect("unshare runs");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "in a network of its own (which takes root):\n{told}");
    assert!(told.contains("1 passed"), "no test is called {name}:\n{told}");
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.trim_ascii() == b"0"
}

fn prepare(hosts: &[(&str, &str)]) {
    run("ip link set lo up");
    let mut addresses: Vec<_> = hosts.iter().map(|(address, _)| *address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    for address in addresses.into_iter().filter(|address| !address.starts_with("127.")) {
        run(&format!("ip address add {address} dev lo"));
    }
    let lines: String = hosts.iter().map(|(address, name)| format!("{address} {name}\n")).collect();
    let file = env::temp_dir().join(format!("clir-hosts-{}", std::process::id()));
    fs::write(&file, format!("127.0.0.1 localhost\n{lines}")).unwrap();
    over(&file, "/etc/hosts");
}

/// Lays a file over another, in this namespace only.
pub fn over(file: &Path, there: &str) {
    run(&format!("mount --bind {} {there}", file.display()));
    fs::remove_file(file).unwrap();
}

/// Runs a command that must succeed.
pub fn run(command: &str) {
    let output = Command::new("sh").args(["-c", command]).output().expect("a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}
