//! Which rules are there, do they do anything, and how is one more written?

use axum::{
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Desk, lists::parse, query::Query, summary::moment};
use crate::{
    admin::{Diagnostic, PartnerInfo, Rejected, Standing, detail, reply, reply::Fault},
    policy::Rule,
    sink::index::Kind,
};

#[derive(Serialize)]
struct Rules<'a> {
    loaded: String,
    problem: Option<&'a str>,
    mode: &'static str,
    rules: Vec<RuleTold<'a>>,
    partners: &'a [PartnerInfo],
}

#[derive(Serialize)]
struct RuleTold<'a> {
    name: &'a str,
    action: &'static str,
    reason: Option<&'a str>,
    /// The whole rule on one line.
    words: String,
    file: Option<&'a str>,
    line: Option<usize>,
    hits: u64,
    last: Option<String>,
}

/// `GET /api/v1/rules`
pub async fn list(State(desk): State<Desk>, uri: Uri) -> Result<Response, Fault> {
    Query::of(&uri)?.finish()?;
    let standing = desk.sources.configuration.standing();
    let names: Vec<_> = standing.policy.rules().iter().map(|rule| rule.name.to_string()).collect();
    // Without an index it is not known when; how often is.
    let last = desk.ask(move |reader, _| names.iter().map(|name| reader.last(Kind::Rule, name)).collect()).await;
    let last: Vec<Option<i64>> = last.unwrap_or_default();
    let rules = standing.policy.rules().iter().enumerate();
    let rules = rules.map(|(at, rule)| told(&standing, at, rule, last.get(at).copied().flatten()));
    Ok(reply::json(&Rules {
        loaded: standing.loaded.to_string(),
        problem: standing.problem.as_deref(),
        mode: standing.policy.mode().as_str(),
        rules: rules.collect(),
        partners: &standing.partners,
    }))
}

fn told<'a>(standing: &'a Standing, at: usize, rule: &'a Rule, last: Option<i64>) -> RuleTold<'a> {
    let place = standing.places.get(at);
    RuleTold {
        name: &rule.name,
        action: rule.action.as_str(),
        reason: rule.reason.as_deref(),
        words: rule.to_string(),
        file: place.map(|place| place.file.as_str()),
        line: place.map(|place| place.line),
        hits: standing.policy.hits(at),
        last: last.map(moment),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    exchange: String,
    finding: usize,
    action: String,
    scope: String,
}

#[derive(Serialize)]
struct Draft {
    toml: String,
    file: Option<String>,
    /// Why it cannot be written, if so.
    problem: Option<String>,
    diagnostics: Vec<Diagnostic>,
}

/// `POST /api/v1/rules/draft`
pub async fn draft(State(desk): State<Desk>, body: Bytes) -> Result<Response, Fault> {
    let Asked { exchange, finding, action, scope } = parse(&body)?;
    let (_, event) = desk.event(exchange).await?;
    let finding = event.findings.get(finding).ok_or_else(|| Fault::missing("this exchange has no such finding"))?;
    let standing = desk.sources.configuration.standing();
    let names = standing.policy.rules().iter().map(|rule| &*rule.name);
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let toml = detail::draft(&event, finding, &action, &scope, names, &today).map_err(Fault::bad)?;
    let checked = toml.clone();
    let draft = match desk.work(move |sources| sources.configuration.check(&checked)).await? {
        Ok((file, diagnostics)) => Draft { toml, file: Some(file), problem: None, diagnostics },
        Err(Rejected { error, diagnostics }) => Draft { toml, file: None, problem: Some(error), diagnostics },
    };
    Ok(reply::json(&draft))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    toml: String,
}

/// `POST /api/v1/rules`
pub async fn save(State(desk): State<Desk>, body: Bytes) -> Result<Response, Fault> {
    let Written { toml } = parse(&body)?;
    match desk.work(move |sources| sources.configuration.save(&toml)).await? {
        Ok(saved) => {
            desk.sources.live.changed("rules");
            Ok(reply::json(&saved))
        }
        Err(rejected) => Ok((StatusCode::UNPROCESSABLE_ENTITY, reply::json(&rejected)).into_response()),
    }
}
