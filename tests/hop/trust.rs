//! Is only the exit believed that proves itself, and only to those that it knows?

use super::pair::{self, BOTH, SECRET, Speaks};
use crate::support::{
    Clir, Origin, Setup, Wire,
    certificates::{Authority, Flaw},
    tls::TlsOrigin,
};

/// Asks for something in cleartext, and gives back the page that comes instead.
fn refused(near: &Clir, origin: &Origin) -> String {
    let mut client = near.connect();
    client.send(origin.request("GET", "/", ""));
    let answer = client.response();
    assert_eq!(answer.head.status(), 502, "{}", answer.text());
    origin.assert_left_alone();
    answer.text()
}

#[test]
fn an_exit_with_a_bad_certificate_is_told_nothing() {
    for flaw in [Flaw::Expired, Flaw::WrongName, Flaw::SelfSigned, Flaw::UnknownAuthority, Flaw::WrongPurpose] {
        for speaks in BOTH {
            let server = pair::exits().server(&["127.0.0.1"], flaw, &["h2", "http/1.1"]);
            let exit = TlsOrigin::with(server, std::net::Ipv4Addr::LOCALHOST.into());
            let near = pair::near(exit.address, speaks).start();
            let page = refused(&near, &Origin::new());
            assert!(page.contains("the exit is down: no trustworthy TLS connection to the exit"), "{flaw:?}: {page}");
            // In TLS 1.3 the server may think well of a handshake that the client has turned down.
            if let Some(mut stood) = exit.accepted() {
                assert!(stood.whatever_comes().is_empty(), "{flaw:?}: something was said");
            }
            near.wait_for_stderr("the exit is down");
        }
    }
}

#[test]
fn the_authority_for_origins_does_not_vouch_for_exits() {
    let server = Authority::trusted().server(&["127.0.0.1"], Flaw::Nothing, &["h2"]);
    let exit = TlsOrigin::with(server, std::net::Ipv4Addr::LOCALHOST.into());
    let near = pair::near(exit.address, Speaks::Http2).intercept(&Authority::trusted().pem).start();
    assert!(refused(&near, &Origin::new()).contains("no trustworthy TLS"));
}

#[test]
fn a_wrong_password_is_told_clearly_and_shown_nowhere() {
    for speaks in BOTH {
        let far = pair::far().start();
        let exit = format!("{:?}", format!("https://near:guesswork@{}", far.address()));
        let near = pair::near(far.address(), speaks).set("upstream.exit", &exit).start();
        let page = refused(&near, &Origin::new());
        assert!(page.contains("does not accept the user name and the password of `upstream.exit`"), "{page}");
        near.wait_for_stderr("does not accept the user name and the password");
        for text in [near.stderr(), near.stdout(), near.raw_log(), far.raw_log(), far.stderr()] {
            assert!(!text.contains("guesswork"), "{text}");
        }
    }
}

#[test]
fn the_password_may_stand_elsewhere_and_is_shown_nowhere() {
    let with = |line: &str, setup: Setup, exit: std::net::SocketAddr| {
        let user = format!("{:?}", format!("https://near@{exit}"));
        setup.set("upstream.exit", &user).set("upstream.secret", line)
    };
    let far = pair::far().start();
    let file = far.path("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let near =
        |line: &str| with(line, pair::near(far.address(), Speaks::Http2), far.address()).env("CLIR_SECRET", SECRET);
    for line in [r#"{ env = "CLIR_SECRET" }"#.to_owned(), format!("{{ file = {file:?} }}"), format!("{SECRET:?}")] {
        let near = near(&line).start();
        let origin = Origin::new();
        let mut client = near.connect();
        client.send(origin.request("GET", "/", ""));
        origin.accept().head();
        drop(client);
        for text in [near.stderr(), near.stdout(), near.raw_log()] {
            assert!(!text.contains(SECRET) && !text.contains("only%20"), "{line}: {text}");
        }
        let mut check = crate::support::setup::clir(near.dir.path());
        let check = check.args(["--config", "clir.toml", "check"]).env("CLIR_SECRET", SECRET).output().unwrap();
        let shown = String::from_utf8_lossy(&check.stdout);
        assert!(check.status.success() && shown.contains("exit ") && !shown.contains(SECRET), "{shown}");
    }
    far.assert_never_wrote("Basic b");
}

#[test]
fn an_id_is_believed_from_users_only() {
    let far = pair::far().unset("access.users").start();
    let near = pair::near(far.address(), Speaks::Http2).start();
    let origin = Origin::new();
    let mut client = Wire::tunnel(near.address(), &origin.authority());
    client.send("anything\r\n");
    origin.accept().line().unwrap();
    drop(client);
    let event = far.wait_for_event(|event| event["method"] == "CONNECT");
    assert!(event.get("hop").is_none(), "{event}");
}
