//! Is everything named that boxes are known to do?

use crate::{
    kinds::{self, Kind, inserts},
    result::{output, reflector, through},
    support::{
        NUMBER,
        middlebox::{self, Work, is},
        probe::{differences, trials},
    },
};

fn is_named(kind: &Kind) {
    let (result, code) = through((kind.work)(), kind.arguments);
    (kind.is_named)(&result, code);
}

#[test]
fn a_box_that_does_nothing() {
    is_named(&kinds::NOTHING);
}

#[test]
fn a_number_behind_the_last_field() {
    is_named(&kinds::AT_THE_END);
}

#[test]
fn it_is_shown_whole_where_that_is_asked_for() {
    let (result, _) = through(Work::on_requests(|head, _| inserts(head)), &["--unmask"]);
    assert_eq!(result["trials"][0]["differences"][0]["after"], NUMBER);
}

#[test]
fn only_in_the_first_request_of_a_connection() {
    is_named(&kinds::FIRST_ONLY);
}

#[test]
fn only_for_one_host() {
    is_named(&kinds::NOT_FOR_THIS_HOST);
    is_named(&kinds::ONE_HOST);
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
    is_named(&kinds::BAIT_TAKEN);
}

#[test]
fn bait_is_overwritten() {
    is_named(&kinds::BAIT_OVERWRITTEN);
}

#[test]
fn another_spelling_and_another_order() {
    is_named(&kinds::RECASED);
    is_named(&kinds::REORDERED);
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
    is_named(&kinds::INJECTED);
    is_named(&kinds::INJECTED_TWICE);
}

#[test]
fn pictures_that_are_written_anew() {
    is_named(&kinds::TRANSCODED);
    is_named(&kinds::ANOTHER_PICTURE);
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
    let output = output(middlebox::before(reflector.address(), work), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains('\u{1b}') && said.contains("not tried"), "{said}");
}
