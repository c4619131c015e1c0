//! Is a rule that is written in the live view in force at the next request, and is nothing else changed?

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use super::{WRITE, ask, json as body, leak, listed, pass, site, told, view};
use crate::support::{Clir, Setup};

const POLICY: &str = "# Keep this comment, and this spacing:   x\n\n# about the first\n[[rule]]\nname =   \"never\"\n\
                      when = { identifier = [\"imsi\"] }\naction = \"strip\" # here";

fn post(clir: &Clir, target: &str, asked: &Value) -> (u16, Value) {
    let response = ask(view(clir), "POST", target, WRITE, &asked.to_string());
    (response.status(), body(&response))
}

fn start() -> Clir {
    let clir = Setup::new().with_view().policy(POLICY).start();
    fs::set_permissions(clir.path("policy.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    clir
}

#[test]
fn a_rule_for_a_finding_is_drafted_saved_and_in_force() {
    let (clir, site) = (start(), site());
    let view = view(&clir);
    pass(&clir, &site.url("/"), &leak());
    let row = listed(view, 1).remove(0);
    assert_eq!(row["leaked"], true);
    let asked = json!({ "exchange": row["id"], "finding": 0, "action": "strip", "scope": "site" });
    let (status, draft) = post(&clir, "/api/v1/rules/draft", &asked);
    assert_eq!((status, &draft["file"], &draft["diagnostics"]), (200, &"policy.toml".into(), &json!([])), "{draft}");
    let toml = draft["toml"].as_str().unwrap();
    let (status, saved) = post(&clir, "/api/v1/rules", &json!({ "toml": toml }));
    assert_eq!((status, saved), (200, json!({ "saved": true, "file": "policy.toml", "line": 3 })));
    pass(&clir, &site.url("/"), &leak());
    assert!(!site.heads()[1].has("x-up-calling-line-id"), "in force at the next request");
    assert_eq!(listed(view, 2)[0]["leaked"], false);
    let written = fs::read_to_string(clir.path("policy.toml")).unwrap();
    let at = POLICY.find("# about").unwrap();
    assert_eq!(written, format!("{}{toml}\n{}", &POLICY[..at], &POLICY[at..]));
    assert_eq!(fs::metadata(clir.path("policy.toml")).unwrap().permissions().mode() & 0o777, 0o640);
    let rules = told(view, "/api/v1/rules");
    assert_eq!((&rules["rules"][0]["hits"], &rules["rules"][1]["hits"]), (&1.into(), &0.into()));
    assert_eq!((&rules["rules"][1]["name"], &rules["rules"][1]["last"]), (&"never".into(), &Value::Null));
    assert!(rules["rules"][0]["last"].is_string() && rules["problem"].is_null());
    let (_, again) = post(&clir, "/api/v1/rules/draft", &asked);
    assert!(again["toml"].as_str().unwrap().contains(" (2)\""), "a name of its own: {again}");
}

#[test]
fn what_is_not_sound_is_not_written() {
    let clir = start();
    let before = fs::read(clir.path("policy.toml")).unwrap();
    for (toml, line, words) in [
        ("[[rule]]\nname = \"x\"\naction = \"stripp\"\n", Some(3), "stripp"),
        ("[[rule]]\nname = \"never\"\naction = \"strip\"\n", None, "called `never`"),
        ("[[rule]]\nname = \"x\naction", Some(2), ""),
        ("[access]\nclients = [\"any\"]\n", None, "and nothing else"),
        ("", None, "and nothing else"),
        ("[[rule]]\nname = \"x\"\naction = \"keep\"\n[[listener]]\naddress = \"[::]:1\"\n", None, "and nothing else"),
    ] {
        let (status, refused) = post(&clir, "/api/v1/rules", &json!({ "toml": toml }));
        assert_eq!(status, 422, "{toml}: {refused}");
        assert!(refused.to_string().contains(words), "{toml}: {refused}");
        let lines: Vec<_> = refused["diagnostics"].as_array().unwrap().iter().map(|fault| &fault["line"]).collect();
        assert!(line.is_none_or(|line| lines.contains(&&line.into())), "{toml}: {refused}");
        assert_eq!(fs::read(clir.path("policy.toml")).unwrap(), before, "{toml}");
    }
    let bad = ask(view(&clir), "POST", "/api/v1/rules", WRITE, "{\"toml\":7}");
    assert_eq!(bad.status(), 400);
}

#[test]
fn a_configuration_that_is_not_sound_is_told() {
    let clir = start();
    clir.replace("policy.toml", "[[rule]]\nname = 7\n");
    clir.wait_for_stderr("is not sound; the old one stays in force");
    let rules = told(view(&clir), "/api/v1/rules");
    assert!(rules["problem"].as_str().unwrap().contains("policy.toml:2"), "{rules}");
    assert_eq!(rules["rules"][0]["name"], "never");
    let (status, refused) =
        post(&clir, "/api/v1/rules", &json!({ "toml": "[[rule]]\nname = \"x\"\naction = \"keep\"\n" }));
    assert!(status == 422 && refused["error"].as_str().unwrap().contains("on disk is not sound"), "{refused}");
}
