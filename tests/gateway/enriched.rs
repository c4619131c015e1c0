//! Is there anything left for a carrier behind the gateway to enrich?

use std::{fs, net::SocketAddr, path::Path, process::Stdio};

use argon2::{Argon2, Params, PasswordHasher as _};
use tempfile::TempDir;

use super::{
    passing::up,
    site::{NAME, Site},
    world::{House, ORIGIN, TABLET, World},
};
use crate::support::{Clir, LEAK, NUMBER, carrier::Carrier, certificates::Authority};

/// The password between the gateway and the clir beyond the carrier.
const SECRET: &str = "only-between-us";

/// From now on the carrier writes the number into every cleartext request to port 80.
fn enrich(world: &World) {
    let site = SocketAddr::new(ORIGIN[0].parse().unwrap(), 80);
    let port = world.within("carrier", || Carrier::leaking(site).address.port());
    world.lead("inside", 80, port);
}

/// What the phone gets from the site, by its name.
fn page(world: &World) -> String {
    world.fetch("phone", &["--resolve", &format!("{NAME}:80:{}", ORIGIN[0]), &format!("http://{NAME}/")])
}

/// Tables that make clir trust the site's authority.
fn roots(dir: &Path) -> String {
    let file = dir.join("roots.pem");
    fs::write(&file, &Authority::trusted().pem).unwrap();
    format!("[tls]\nupstream_roots = [{:?}]\n", file.to_str().unwrap())
}

/// Before the carrier, what it inserts can be neither seen nor stripped.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn without_upgrade_and_exit_the_site_receives_the_number() {
    let world = World::new();
    let _site = Site::open(&world);
    enrich(&world);
    let clir = up(&world, &House::of("redirect"));
    let page = page(&world);
    assert!(page.contains(NUMBER), "{page}");
    assert!(clir.wait_for_events(1)[0]["findings"].as_array().unwrap().is_empty());
}

#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn an_upgrade_leaves_nothing_to_enrich() {
    let world = World::new();
    let _site = Site::open(&world);
    enrich(&world);
    let dir = TempDir::with_prefix("clir-").unwrap();
    let mut house = House::of("redirect");
    house.others = format!("{}[upgrade]\nmode = \"on\"\n", roots(dir.path()));
    let clir = up(&world, &house);
    let page = page(&world);
    assert!(page.contains("GET / HTTP/1.1") && !page.contains(NUMBER), "{page}");
    let event = &clir.wait_for_events(1)[0];
    assert_eq!((&event["upgraded"], &event["scheme"]), (&true.into(), &"http".into()), "{event}");
}

/// A clir beside the site, beyond the carrier, that takes the gateway's connections inside TLS.
fn far(world: &World) -> Clir {
    let dir = TempDir::with_prefix("clir-").unwrap();
    let weak = Argon2::from(Params::new(8, 1, 1, None).unwrap());
    let user = format!("home:{}", weak.hash_password(SECRET.as_bytes()).unwrap());
    let config = format!(
        "[[listener]]\naddress = \"[::]:8443\"\nvantage = \"beyond-carrier\"\nlabel = \"exit\"\n\
         tls = {{ own_ca = [{:?}] }}\n[access]\nclients = [\"198.51.100.0/24\"]\ndeny_targets = []\nusers = [{user:?}]\n\
         [policy]\nfile = \"policy.toml\"\n",
        ORIGIN[0]
    );
    fs::write(dir.path().join("clir.toml"), config).unwrap();
    fs::write(dir.path().join("policy.toml"), crate::support::setup::STRIP).unwrap();
    let mut command = world.program("origin", env!("CARGO_BIN_EXE_clir"));
    Clir::spawn(command.args(["--config", "clir.toml", "run", "-v"]).current_dir(dir.path()), dir, 1)
}

#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn an_exit_leaves_nothing_to_enrich_and_both_logs_tell_of_it() {
    let world = World::new();
    let _site = Site::open(&world);
    enrich(&world);
    let far = far(&world);
    let dir = TempDir::with_prefix("clir-").unwrap();
    let authority = dir.path().join("exit.pem");
    fs::write(&authority, far.authority()).unwrap();
    let mut house = House::of("redirect");
    house.others = format!(
        "[upstream]\nexit = \"https://home:{SECRET}@{}:8443\"\nexit_roots = [{:?}]\n",
        ORIGIN[0],
        authority.to_str().unwrap()
    );
    let near = up(&world, &house);
    let page = page(&world);
    assert!(page.contains("GET / HTTP/1.1") && !page.contains(NUMBER), "{page}");
    let request = |event: &serde_json::Value| event["method"] == "GET";
    let sent = near.wait_for_event(request);
    assert_eq!(sent["via"], "exit", "{sent}");
    let passed = far.wait_for_event(|event| event["hop"] == sent["passage"] && request(event));
    assert_eq!(passed["host"], sent["destination"].as_str().unwrap().split(':').next().unwrap(), "{passed}");
    assert!(!near.raw_log().contains(SECRET) && !near.stderr().contains(SECRET));
}

/// Housemates have rules of their own.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn two_clients_have_two_policies() {
    let world = World::new();
    let _site = Site::open(&world);
    let mut house = House::of("redirect");
    house.others = format!(
        "[[client]]\nname = \"tablet\"\naddress = [{:?}]\nprivate = true\n[[client.policy]]\nname = \"keep\"\n\
         when = {{ identifier = [\"msisdn\"] }}\naction = \"keep\"\nreason = \"asked for\"\n",
        TABLET[0]
    );
    let clir = up(&world, &house);
    let url = format!("http://{}/a-secret-path", ORIGIN[0]);
    assert!(world.fetch("tablet", &["-H", LEAK, &url]).contains(NUMBER));
    assert!(!world.fetch("phone", &["-H", LEAK, &url]).contains(NUMBER));
    let events = clir.wait_for_events(2);
    assert_eq!(events[0]["client_name"], "tablet");
    assert!(!events[0].to_string().contains("secret-path") && events[1].to_string().contains("secret-path"));
}

/// A browser that knows nothing of clir, in cleartext and inside TLS.
#[test]
#[ignore = "needs root, nftables, iproute2 and Chromium: run by tests/run"]
fn a_browser_passes_and_loses_nothing() {
    let world = World::new();
    let site = Site::open(&world);
    let clir = up(&world, &House::of("redirect"));
    for scheme in ["http", "https"] {
        let home = TempDir::with_prefix("clir-chromium-").unwrap();
        let mut browser = world.program("phone", "chromium");
        browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        browser.args(["--disable-background-networking", "--disable-component-update", "--ignore-certificate-errors"]);
        browser.arg(format!("--host-resolver-rules=MAP {NAME} {}", ORIGIN[0])).arg("--timeout=20000");
        browser.arg(format!("--user-data-dir={}", home.path().display())).arg("--dump-dom");
        let output =
            browser.arg(format!("{scheme}://{NAME}/browser")).env("HOME", home.path()).stderr(Stdio::null()).output();
        let page = String::from_utf8_lossy(&output.unwrap().stdout).into_owned();
        assert!(page.contains("GET /browser HTTP/1.1") && page.contains("Mozilla/5.0"), "{scheme}: {page}");
    }
    assert!(site.visits().iter().any(|(_, head)| head.starts_with("GET /browser")));
    clir.wait_for_event(|event| event["method"] == "GET" && event["target"] == "/browser");
    clir.wait_for_event(|event| event["tunnel"]["sni"] == NAME);
}
