//! Is everything named that boxes are known to do?

use crate::{
    middlebox::{Work, is},
    result::{differences, output, reflector, through, trials},
    support::{MASKED, NUMBER},
};

fn inserts(head: &mut Vec<String>) {
    head.push(format!("X-MSISDN: {NUMBER}"));
}

#[test]
fn a_number_behind_the_last_field() {
    let (result, code) = through(Work::on_requests(|head, _| inserts(head)), &[]);
    assert_eq!((code, &result["verdict"]["identifies"]), (3, &true.into()));
    assert_eq!(result["verdict"]["statement"], "On the way X-MSISDN was written into requests: it tells msisdn.");
    let told = differences(&result);
    assert!(told.contains(&"GET, first request: added request X-MSISDN".to_owned()), "{told:?}");
    let first = &result["trials"][0]["differences"][0];
    assert_eq!((&first["after"], &first["note"]), (&MASKED.into(), &"behind all others".into()));
    assert_eq!(first["findings"][0]["identifier"], "msisdn");
    assert!(!result.to_string().contains(NUMBER), "the number stands nowhere whole");
}

#[test]
fn it_is_shown_whole_where_that_is_asked_for() {
    let (result, _) = through(Work::on_requests(|head, _| inserts(head)), &["--unmask"]);
    assert_eq!(result["trials"][0]["differences"][0]["after"], NUMBER);
}

#[test]
fn only_in_the_first_request_of_a_connection() {
    let work = Work::on_requests(|head, number| {
        if number == 0 {
            inserts(head);
        }
    });
    let told = differences(&through(work, &[]).0);
    assert!(
        trials(&told).contains(&"GET, first request") && !trials(&told).contains(&"GET, later request"),
        "{told:?}"
    );
}

#[test]
fn only_for_one_host() {
    let work = || {
        Work::on_requests(|head, _| {
            if head.iter().any(|line| line == "Host: partner.example") {
                inserts(head);
            }
        })
    };
    assert_eq!(differences(&through(work(), &[]).0), Vec::<String>::new());
    let (result, code) = through(work(), &["--named-host", "partner.example"]);
    let told = differences(&result);
    assert_eq!((told[0].as_str(), code), ("Host: partner.example: added request X-MSISDN", 3));
}

#[test]
fn only_where_there_is_no_user_agent() {
    let work = Work::on_requests(|head, _| {
        if !head.iter().any(|line| is(line, "user-agent")) {
            inserts(head);
        }
    });
    assert_eq!(trials(&differences(&through(work, &[]).0)), ["without User-Agent"]);
}

#[test]
fn bait_is_taken_away() {
    let work = Work::on_requests(|head, _| head.retain(|line| !is(line, "X-MSISDN") && !is(line, "x-uidh")));
    let (result, code) = through(work, &[]);
    assert_eq!(differences(&result), ["canaries: removed request X-MSISDN", "canaries: removed request X-UIDH"]);
    assert_eq!((code, &result["verdict"]["engine"]), (0, &true.into()));
    let statement = result["verdict"]["statement"].as_str().unwrap();
    assert!(statement.contains("taken away or overwritten (X-MSISDN, X-UIDH)"), "{statement}");
}

#[test]
fn bait_is_overwritten() {
    let work = Work::on_requests(|head, _| {
        head.iter_mut()
            .filter(|line| is(line, "x-up-calling-line-id"))
            .for_each(|line| *line = format!("x-up-calling-line-id: {NUMBER}"));
    });
    let (result, code) = through(work, &[]);
    assert_eq!((differences(&result), code), (vec!["canaries: changed request x-up-calling-line-id".to_owned()], 3));
    assert_eq!(result["verdict"]["engine"], true);
}

#[test]
fn another_spelling_and_another_order() {
    let work = Work::on_requests(|head, _| {
        head.iter_mut()
            .filter(|line| is(line, "x-probe-lower"))
            .for_each(|line| *line = line.replace("x-probe", "X-Probe"));
    });
    let told = differences(&through(work, &[]).0);
    assert_eq!(told, ["spelling and order: recased request x-probe-lower"]);
    let work = Work::on_requests(|head, _| {
        let host = head.remove(1);
        head.push(host);
    });
    let told = differences(&through(work, &[]).0);
    assert!(told.iter().all(|told| told.ends_with(": reordered request Host")) && told.len() > 5, "{told:?}");
}

#[test]
fn another_value_and_another_version() {
    let work = Work::on_requests(|head, _| {
        head[0] = head[0].replace("HTTP/1.1", "HTTP/1.0");
        head.iter_mut().filter(|line| is(line, "accept-language")).for_each(|line| *line += ", de");
    });
    let told = differences(&through(work, &[]).0);
    assert!(told.contains(&"POST: changed request :version".to_owned()), "{told:?}");
    assert!(told.contains(&"POST: changed request Accept-Language".to_owned()), "{told:?}");
}

#[test]
fn fields_of_answers() {
    let work = Work::on_answers(|head, _| {
        head.push("Set-Cookie: uid=1".into());
        head.retain(|line| !is(line, "x-reflect-lower"));
        head.iter_mut().filter(|line| is(line, "x-content-type-options")).for_each(|line| *line = line.to_lowercase());
    });
    let told = differences(&through(work, &[]).0);
    for expected in
        ["added response Set-Cookie", "removed response x-reflect-lower", "recased response X-Content-Type-Options"]
    {
        assert!(told.contains(&format!("answer's head: {expected}")), "{expected}: {told:?}");
    }
}

#[test]
fn what_is_put_into_pages() {
    let work = Work::on_answers(|head, body| {
        let is_page = head.iter().any(|line| is(line, "content-type") && line.contains("html"));
        if let Some(at) = body.windows(7).position(|window| window == b"</body>").filter(|_| is_page) {
            body.splice(at..at, *b"<script src=//ads.example></script>");
        }
    });
    let (result, _) = through(work, &[]);
    let told = differences(&result);
    assert_eq!(trials(&told), ["/body/html", "/body/html, changes allowed"], "{told:?}");
    assert!(result.to_string().contains("injected"), "{result}");
}

#[test]
fn pictures_that_are_written_anew() {
    let work = Work::on_answers(|head, body| {
        if head.iter().any(|line| is(line, "content-type") && line.contains("png"))
            && !head.iter().any(|line| line.contains("no-transform"))
        {
            *body = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 300]].concat();
        }
    });
    let (result, _) = through(work, &[]);
    assert_eq!(differences(&result), ["/body/png, changes allowed: changed body :body"]);
    assert!(result.to_string().contains("transcoded"), "{result}");
}

#[test]
fn an_answer_of_somebody_else() {
    let work = Work::on_answers(|head, body| {
        *head =
            vec!["HTTP/1.1 302 Found".into(), "Location: http://portal.example/".into(), "Content-Length: 0".into()];
        body.clear();
    });
    let (result, _) = through(work, &[]);
    let told = differences(&result);
    assert!(told.contains(&"GET, first request: changed response :answer".to_owned()), "{told:?}");
    assert!(result["trials"][0]["differences"][0]["after"].as_str().unwrap().starts_with("status 302"));
}

#[test]
fn hostile_answers_end_in_words() {
    let work = Work::on_answers(|head, body| {
        *head = vec!["HTTP/1.1 200 OK".into(), "X-\u{1b}]52;c;x\u{7}: 1".into()];
        body.clear();
    });
    let reflector = reflector();
    let output = output(crate::middlebox::before(reflector.address(), work), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains('\u{1b}') && said.contains("not tried"), "{said}");
}
