//! Is what is answered what has passed?

use super::{get, leak, listed, pass, site, told, view};
use crate::support::{MASKED, NUMBER, Setup, eventually};

#[test]
fn what_was_spared_is_said_first() {
    let policy = "[[rule]]\nname = \"strip\"\nwhen = { part = [\"header\"] }\naction = \"strip\"\n";
    let clir = Setup::new().with_view().policy(policy).start();
    let (view, site) = (view(&clir), site());
    assert!(told(view, "/api/v1/summary")["statement"].as_str().unwrap().contains("nothing can be said yet"));
    assert_eq!(pass(&clir, &site.url("/"), &leak()), 200);
    listed(view, 1);
    let summary = told(view, "/api/v1/summary");
    assert_eq!(summary["statement"], "No site received your phone number today; 1 site was spared it");
    assert_eq!(summary["identifiers"][0]["spared"], 1);
    assert_eq!(summary["vantages"][0]["vantage"], "beyond-carrier");
    assert_eq!(pass(&clir, &site.url("/?msisdn=447700900123"), ""), 200);
    listed(view, 2);
    assert_eq!(told(view, "/api/v1/summary")["statement"], "1 site received your phone number today");
}

#[test]
fn nothing_found_is_not_said_without_what_was_seen() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    pass(&clir, &site.url("/"), "");
    listed(view, 1);
    let statement = told(view, "/api/v1/summary")["statement"].as_str().unwrap().to_owned();
    assert!(statement.starts_with("In 1 request today nothing that identifies you was found"), "{statement}");
    assert!(statement.contains("sees what the carrier inserts into cleartext"), "{statement}");
}

#[test]
fn an_exchange_is_shown_as_received_and_as_sent_and_why() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    pass(&clir, &site.url("/a?x=1"), &format!("X-Before: 1\r\n{}Cookie: a=b\r\n", leak()));
    let row = listed(view, 1).remove(0);
    assert_eq!((row["severity"].as_str(), row["leaked"].as_bool()), (Some("critical"), Some(false)));
    assert_eq!(
        (&row["actions"][0], &row["identifiers"][0], &row["origins"][0]),
        (&"strip".into(), &"msisdn".into(), &"carrier".into())
    );
    let one = told(view, &format!("/api/v1/exchanges/{}", row["id"].as_str().unwrap()));
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(one["event"], event);
    let names = |side: &str| -> Vec<String> {
        one[side].as_array().unwrap().iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("received"), ["", "Host", "X-Before", "x-up-calling-line-id", "Cookie", "Connection"]);
    let sent = site.heads()[0].field_lines().len();
    assert_eq!(names("sent").len(), sent + 1, "{:?}", names("sent"));
    assert_eq!(one["received"][0]["value"], "GET /a?x=1 HTTP/1.1");
    let line = &one["received"][3];
    assert_eq!((line["value"].as_str(), line["change"].as_str()), (Some(MASKED), Some("stripped")));
    assert_eq!(line["marks"], serde_json::json!([{ "span": [0, 12], "finding": 0 }]));
    let finding = &one["findings"][0];
    assert_eq!((finding["reached"].as_bool(), finding["action"]["file"].as_str()), (Some(false), Some("policy.toml")));
    assert_eq!(finding["action"]["line"], 3);
    let why = finding["why"].as_array().unwrap().iter().map(|sentence| sentence.as_str().unwrap()).collect::<Vec<_>>();
    assert!(why.iter().any(|sentence| sentence.starts_with("put there by the carrier: ")), "{why:?}");
    assert!(!get(view, "/api/v1/exchanges").text().contains(NUMBER));
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn filters_choose_and_say_what_they_do_not_know() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    (0..3).for_each(|_| assert_eq!(pass(&clir, &site.url("/"), ""), 200));
    pass(&clir, &site.url("/"), &leak());
    listed(view, 4);
    let count = |query: &str| told(view, &format!("/api/v1/exchanges?{query}"))["items"].as_array().unwrap().len();
    for (query, expected) in [
        ("found=1", 1),
        ("severity=high", 1),
        ("identifier=msisdn&action=strip&verdict=forwarded", 1),
        ("rule=strip+what+names+the+subscriber", 1),
        ("identifier=imsi", 0),
        ("host=127.0", 4),
        ("host=*.example", 0),
        ("client=127.0.0.1&limit=2", 2),
        ("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", 0),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }
    let first = told(view, "/api/v1/exchanges?limit=3");
    let next = told(view, &format!("/api/v1/exchanges?before={}", first["next"].as_str().unwrap()));
    assert_eq!((next["items"].as_array().unwrap().len(), next["next"].is_null()), (1, true));
    for bad in ["limit=0", "limit=501", "severity=bad", "colour=red", "before=x", "from=yesterday", "host=a&host=b"] {
        let refused = get(view, &format!("/api/v1/exchanges?{bad}"));
        assert_eq!((refused.status(), refused.text().starts_with("{\"error\":\"")), (400, true), "{bad}");
    }
    assert_eq!(get(view, "/api/v1/exchanges/01ARZ3NDEKTSV4RRFFQ69G5FAV").status(), 404);
    assert_eq!(get(view, "/api/v1/nothing").status(), 404);
}

#[test]
fn pictures_and_counts_agree_with_the_list() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    pass(&clir, &site.url("/"), &leak());
    pass(&clir, &site.url("/"), "");
    listed(view, 2);
    let timeline = told(view, "/api/v1/timeline?step=60");
    let sum = |key: &str| {
        timeline["buckets"].as_array().unwrap().iter().map(|bucket| bucket[key].as_i64().unwrap()).sum::<i64>()
    };
    assert_eq!((sum("exchanges"), sum("found"), sum("leaked")), (2, 1, 0));
    assert!(get(view, "/api/v1/timeline?step=60&from=2020-01-01T00:00:00Z").text().contains("more than 500 steps"));
    let header = &told(view, "/api/v1/counts?by=header")["items"][0];
    assert_eq!((header["key"].as_str(), header["spared"].as_i64()), (Some("x-up-calling-line-id"), Some(1)));
    assert_eq!(told(view, "/api/v1/counts?by=identifier")["items"][0]["label"], "phone number");
    assert_eq!(get(view, "/api/v1/counts?by=colour").status(), 400);
}

#[test]
fn health_and_metrics_tell_how_it_is_and_name_nobody() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    pass(&clir, &site.url("/"), &leak());
    listed(view, 1);
    let health = eventually("an index that is not behind", || {
        Some(told(view, "/api/v1/health")).filter(|health| health["index"]["behind"] == 0)
    });
    assert_eq!((&health["events"]["written"], &health["index"]["rows"]), (&1.into(), &1.into()));
    assert!(health["events"]["disk_free_bytes"].as_u64().unwrap() > 0);
    assert_eq!(health["listeners"][0]["address"], clir.address().to_string());
    let metrics = get(view, "/metrics");
    assert!(metrics.head.value("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let text = metrics.text();
    for line in [
        "clir_exchanges_total{verdict=\"forwarded\",version=\"HTTP/1.1\"} 1",
        "clir_findings_total{action=\"strip\",identifier=\"msisdn\",severity=\"critical\"} 1",
        "clir_request_duration_seconds_count 1",
        "clir_events_dropped_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("\nprocess_cpu_seconds_total "));
    assert!(!text.contains("127.0.0.1") && !text.contains("44770"), "{text}");
    assert_eq!((get(view, "/healthz").status(), get(view, "/readyz").text().as_str()), (200, "ok\n"));
}

#[test]
fn hostile_bytes_are_escaped() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    pass(&clir, &site.url("/"), "X-Bad: </script>\u{202e}\u{9b}2J\u{2028}\r\n");
    let id = listed(view, 1)[0]["id"].as_str().unwrap().to_owned();
    let one = get(view, &format!("/api/v1/exchanges/{id}"));
    for raw in ["\u{202e}", "\u{9b}", "\u{2028}"] {
        assert!(!one.text().contains(raw), "{raw:?} stands raw");
    }
    assert_eq!(one.head.values("x-content-type-options"), ["nosniff"]);
}

#[test]
fn the_past_is_there_after_a_restart() {
    let clir = Setup::new().with_view().start();
    let site = site();
    pass(&clir, &site.url("/"), &leak());
    listed(view(&clir), 1);
    let again = crate::support::Clir::again(clir.kill());
    let view = view(&again);
    assert_eq!(listed(view, 1).len(), 1);
    pass(&again, &site.url("/"), "");
    assert_eq!(listed(view, 2)[0]["severity"], serde_json::Value::Null);
}
