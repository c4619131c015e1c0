//! Is an authority that was rotated taken up while clir runs, and the old one left behind?

use crate::support::{
    Clir, Setup, Wire,
    certificates::Authority,
    origin,
    setup::clir,
    tls::{self, ClientStream, ServerStream, TlsOrigin},
};

fn rotate(clir_at_work: &Clir) {
    let output =
        clir(clir_at_work.dir.path()).args(["--config", "clir.toml", "ca", "rotate", "--yes"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn certificate(clir: &Clir) -> String {
    std::fs::read_to_string(clir.path("certs/clir-ca.pem")).unwrap()
}

/// A client that trusts the authority with this certificate.
fn visit(clir: &Clir, site: &TlsOrigin, authority: &str) -> std::io::Result<Wire<ClientStream>> {
    tls::connect(Wire::tunnel(clir.address(), &site.authority()).into_inner(), "localhost", authority, &["http/1.1"])
}

fn exchange(client: &mut Wire<ClientStream>, far: &mut Wire<ServerStream>, site: &TlsOrigin) {
    ask(client, site);
    answer(client, far);
}

fn ask(client: &mut Wire<ClientStream>, site: &TlsOrigin) {
    client.send(format!("GET / HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", site.port()));
}

fn answer(client: &mut Wire<ClientStream>, far: &mut Wire<ServerStream>) {
    far.head();
    far.send(origin::ok("inside"));
    assert_eq!(client.response().text(), "inside");
}

#[test]
fn a_rotated_authority_is_taken_up_at_sighup() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let site = TlsOrigin::new();
    let old = certificate(&clir);
    let mut client = visit(&clir, &site, &old).unwrap();
    let mut far = site.accept();
    exchange(&mut client, &mut far, &site);

    rotate(&clir);
    let new = certificate(&clir);
    assert_ne!(old, new);
    clir.signal("HUP");
    clir.wait_for_stderr("the certificate authority was replaced");
    clir.wait_for_stderr("the configuration was read anew");
    // What was agreed with the client goes on, over a new connection to the site: the old one was allowed by other rules. What
    // begins now is the new one's.
    ask(&mut client, &site);
    answer(&mut client, &mut site.accept());
    let mut fresh = visit(&clir, &site, &new).expect("a leaf of the new authority");
    let mut beyond = site.accept();
    exchange(&mut fresh, &mut beyond, &site);
    assert!(visit(&clir, &site, &old).is_err(), "no leaf of the old authority");
}

#[test]
fn one_that_cannot_be_used_changes_nothing() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let site = TlsOrigin::new();
    let old = certificate(&clir);
    rotate(&clir);
    clir.replace("certs/clir-ca.key", "no key at all");
    std::fs::set_permissions(clir.path("certs/clir-ca.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    clir.signal("HUP");
    clir.wait_for_stderr("the old certificate authority stays in force");
    clir.wait_for_stderr("clir-ca.key");
    let mut client = visit(&clir, &site, &old).expect("a leaf of the old authority");
    exchange(&mut client, &mut site.accept(), &site);
}
