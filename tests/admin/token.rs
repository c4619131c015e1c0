//! Does the token keep everybody else out?

use std::fs;

use super::{WRITE, ask, get, view};
use crate::support::{Clir, Setup};

const TOKEN: &str = "correct-horse-battery-staple";

fn start() -> Clir {
    Setup::new().with_view().set("admin.token", &format!("{{ value = {TOKEN:?} }}")).start()
}

#[test]
fn without_it_nothing_is_shown() {
    let clir = start();
    let view = view(&clir);
    for path in ["/api/v1/summary", "/api/v1/stream", "/metrics", "/app.js", "/none"] {
        let refused = get(view, path);
        assert_eq!(
            (refused.status(), refused.head.values("www-authenticate")),
            (401, vec!["Bearer".to_owned()]),
            "{path}"
        );
    }
    assert_eq!(get(view, "/").head.value("location").as_deref(), Some("/login"));
    for path in ["/login", "/style.css", "/icon.svg", "/healthz", "/readyz"] {
        assert_eq!(get(view, path).status(), 200, "{path}");
    }
    clir.assert_never_wrote("horse-battery-staple-is-only-in-clir.toml");
    assert!(!clir.stderr().contains(TOKEN) && !clir.stdout().contains(TOKEN));
}

#[test]
fn who_has_it_is_shown_everything() {
    let clir = start();
    let view = view(&clir);
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(ask(view, "GET", "/api/v1/summary", &bearer, "").status(), 200);
    // Behind a name of its own, too.
    assert_eq!(ask(view, "GET", "/metrics", &format!("Host: view.example\r\n{bearer}"), "").status(), 200);
    let origin = format!("Origin: http://{view}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let entered = ask(view, "POST", "/login", &origin, &format!("token={TOKEN}"));
    assert_eq!((entered.status(), entered.head.value("location").as_deref()), (303, Some("/")));
    let cookie = entered.head.value("set-cookie").unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/") && !cookie.contains(TOKEN), "{cookie}");
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(ask(view, "GET", "/", &cookie, "").status(), 200);
    let post = |fields: &str| ask(view, "POST", "/api/v1/passed/forget", fields, "{\"client\":\"x\"}").status();
    assert_eq!(post(&format!("{cookie}{WRITE}")), 200);
    assert_eq!(post(&format!("{cookie}{WRITE}Origin: http://other.example\r\n")), 403);
    let foreign = "Origin: http://other.example\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    assert_eq!(ask(view, "POST", "/login", foreign, &format!("token={TOKEN}")).status(), 403);
}

#[test]
fn who_guesses_has_to_wait() {
    let clir = start();
    let view = view(&clir);
    let tried =
        |token: &str| ask(view, "GET", "/api/v1/summary", &format!("Authorization: Bearer {token}\r\n"), "").status();
    let statuses: Vec<_> = (0..11).map(|number| tried(&format!("wrong-{number}"))).collect();
    assert_eq!((&statuses[..10], statuses[10]), (&[401; 10][..], 429));
    assert_eq!(tried(TOKEN), 429);
}

#[test]
fn others_reach_it_only_with_a_token() {
    let open = Setup::new().unset("admin.enabled").set("admin.address", "\"0.0.0.0:0\"");
    let output = open.run_to_end();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && told.contains("exposed-admin"), "{told}");
    let setup = Setup::new().unset("admin.enabled").set("admin.address", "\"0.0.0.0:0\"");
    let setup = setup.set("admin.token", "{ file = \"token\" }");
    fs::write(setup.dir.path().join("token"), format!("{TOKEN}\n")).unwrap();
    let clir = setup.start();
    let view = std::net::SocketAddr::from(([127, 0, 0, 1], view(&clir).port()));
    assert_eq!(get(view, "/api/v1/summary").status(), 401);
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(ask(view, "GET", "/api/v1/summary", &bearer, "").status(), 200);
}
