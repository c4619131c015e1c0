//! What would happen to this request?
//!
//! It goes through the door that the proxy uses; what comes out is told with the reasons. Nothing is sent, and nothing
//! is logged.

mod account;
mod fields;
mod why;

#[cfg(test)]
mod tests;

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Failure, Outcome,
    capture::{self, Captured, lines::LONGEST},
    judgement::Judgement,
};
use crate::{
    config::Listener,
    event::{EventLine, Values},
    exchange::{Context, Origin, Scheme},
};
use account::Account;

/// Arguments of `explain`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {
    /// A request: raw HTTP, or one line of what `scan` reads; an event's line will do
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,

    /// As if it went to the origin in this way [default: what the request says, else http]
    #[arg(long, value_name = "http|https", value_parser = scheme)]
    scheme: Option<Scheme>,

    /// As if it went to this host, perhaps with a port [default: what the request says]
    #[arg(long, value_name = "HOST")]
    host: Option<String>,

    /// As if it came from this address [default: what the event says, else 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    client: Option<IpAddr>,

    /// As if it came through the listener with this label [default: what the event says, else the first]
    #[arg(long, value_name = "LABEL")]
    listener: Option<String>,

    /// Show what was found; credentials stay masked
    #[arg(long)]
    show_values: bool,

    /// How it is told
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people: what is found, which rules match, why field by field, and what would be sent
    #[default]
    Text,
    /// One JSON object, {"findings", "fields"}: the findings as in the event log, the fields with verdict and reasons
    Jsonl,
}

fn scheme(text: &str) -> Result<Scheme, String> {
    let known = [Scheme::Http, Scheme::Https].into_iter().find(|scheme| scheme.as_str() == text);
    known.ok_or_else(|| "neither http nor https".into())
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    let judgement = Judgement::load(config)?;
    let text = read(&arguments.file)?;
    let told = explain(&judgement, arguments, &text)?;
    io::stdout().write_all(told.as_bytes()).map_err(|error| Failure::because("cannot write the output", error))?;
    Ok(Outcome::Done)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::because(format!("cannot read {}", capture::name(file)), error);
    let mut text = Vec::new();
    let input = capture::open(file).map_err(failed)?;
    input.take(LONGEST as u64 + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() > LONGEST {
        return Err(Failure::new(format!("{} is longer than {} MiB", capture::name(file), LONGEST >> 20)));
    }
    Ok(text)
}

fn explain(judgement: &Judgement, arguments: &Arguments, text: &[u8]) -> Result<String, Failure> {
    let (captured, event) = request(text)?;
    let context = context(judgement, arguments, &captured, &event)?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let judged = judgement.interceptor().request(&context, &captured.head, today);
    let account = Account {
        policy: &judgement.config.policy,
        scanner: &judgement.scanner(),
        redactor: &judgement.redactor(if arguments.show_values { Values::Full } else { Values::Masked }),
        context: &context,
        head: &captured.head,
        event: &event,
        judged: &judged,
        today,
        show_values: arguments.show_values,
    };
    Ok(match arguments.output {
        Output::Text => account.tell(),
        Output::Jsonl => account.json(),
    })
}

/// The one request, and the event that it was read from, if it was.
fn request(text: &[u8]) -> Result<(Captured, EventLine), Failure> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    let told = |cause: String| Failure::new(format!("that is no request that can be explained: {cause}"));
    if text.is_empty() {
        return Err(told("it is empty".into()));
    }
    if !text.starts_with(b"{") {
        return Ok((capture::request_of_text(text, 1).map_err(told)?, EventLine::default()));
    }
    let line = text.trim_ascii_end();
    if line.contains(&b'\n') {
        return Err(told("it has more than one line; `clir scan` takes many".into()));
    }
    let captured = capture::request_of_line(line).map_err(told)?;
    Ok((captured, serde_json::from_slice(line).unwrap_or_default()))
}

fn context(
    judgement: &Judgement,
    arguments: &Arguments,
    captured: &Captured,
    event: &EventLine,
) -> Result<Context, Failure> {
    let listener = listener(&judgement.config.listeners, arguments, event)?;
    let client = arguments.client.map(|address| SocketAddr::new(address, 0));
    let client = client.or_else(|| event.client.parse().ok());
    Ok(Context {
        listener: listener.label.clone(),
        vantage: listener.vantage,
        client: client.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        origin: origin(arguments, captured)?,
        led: None,
    })
}

fn origin(arguments: &Arguments, captured: &Captured) -> Result<Origin, Failure> {
    let scheme = arguments.scheme.unwrap_or(captured.scheme);
    let authority = arguments.host.as_ref().unwrap_or(&captured.authority);
    if authority.is_empty() {
        return Err(Failure::new("the request does not say which host it is for: say so with --host"));
    }
    let authority = match authority.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => authority.clone(),
    };
    let origin = Origin::parse(scheme, authority.as_bytes());
    origin.map_err(|error| Failure::because("the host that the request is for (see --host)", error))
}

/// The listener that is asked for; the one that the event names, if there still is one; else the first.
fn listener(listeners: &[Listener], arguments: &Arguments, event: &EventLine) -> Result<Listener, Failure> {
    let labelled = |label: &str| listeners.iter().find(|listener| *listener.label == *label);
    match &arguments.listener {
        Some(label) => labelled(label).cloned().ok_or_else(|| {
            let labels: Vec<_> = listeners.iter().map(|listener| &*listener.label).collect();
            Failure::new(format!("no listener is labelled \"{label}\"; there is {}", labels.join(", ")))
        }),
        None => Ok(labelled(&event.listener).or(listeners.first()).cloned().unwrap_or_default()),
    }
}
