//! How is a secret link made, and taken back?
//!
//! The link is printed once; what is kept of it does not open anything. A clir that runs takes changes up by itself.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use super::{Failure, Outcome, judgement};
use crate::{
    claim::{self, Link, NewLink, Secret, Store},
    config::{Claiming, Config},
    exchange::hex,
    portal::qr,
    tls,
};

/// Nobody wants to be let in for less, or by accident for longer.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Arguments of `claim`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Make a link that admits the address from which it is opened, and print it, this once
    New(New),
    /// List the links, and the addresses that they have admitted
    List,
    /// Revoke links, and whom they have admitted
    Revoke(Revoke),
}

#[derive(Clone, Debug, clap::Args)]
struct New {
    /// Whom it is for; stands in events as `user`
    #[arg(long, value_name = "NAME", value_parser = name)]
    user: Option<String>,

    /// For how long an address is admitted, such as 1d or 8h [default: claim.lasts]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    r#for: Option<Duration>,

    /// How many times it may admit an address; renewals in time do not count [default: as often as one likes]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    uses: Option<u32>,

    /// For how long the link itself can be used
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = duration)]
    valid: Duration,
}

#[derive(Clone, Debug, clap::Args)]
struct Revoke {
    /// The links' ids, as `clir claim list` shows them
    #[arg(required_unless_present = "all")]
    id: Vec<String>,

    /// Every link
    #[arg(long, conflicts_with = "id")]
    all: bool,
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    let config = judgement::configuration(config)?;
    let mut store = open(&config)?;
    let text = match &arguments.command {
        Command::New(new) => self::new(&mut store, new, &config)?,
        Command::List => list(&store, now())?,
        Command::Revoke(revoke) => self::revoke(&mut store, revoke)?,
    };
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::because("cannot write to standard output", error))?;
    Ok(Outcome::Done)
}

fn open(config: &Config) -> Result<Store, Failure> {
    let dir = &config.log.dir;
    if !dir.is_dir() {
        return Err(Failure::new(format!("there is no {} yet: start clir once, which makes it", dir.display())));
    }
    Store::open(dir).map_err(|error| broken(&error.to_string()))
}

fn broken(error: &str) -> Failure {
    Failure::new(format!("claims.db cannot be used: {error}"))
}

fn new(store: &mut Store, new: &New, config: &Config) -> Result<String, Failure> {
    let claiming = config.claiming.as_ref().ok_or_else(|| {
        Failure::new(
            "no listener takes claims: give one `tls` and `claims = true`, and say where phones reach it: [claim] url = \
             \"https://proxy.example:8443\"",
        )
    })?;
    let no_random = |_| Failure::new("the system gives no random bytes");
    let secret = Secret::new().map_err(no_random)?;
    let id = hex(&tls::random::<4>().map_err(no_random)?);
    let lasts = new.r#for.unwrap_or(claiming.lasts);
    let link = NewLink {
        id,
        digest: secret.digest(),
        user: new.user.clone(),
        lasts: seconds(lasts),
        uses: new.uses,
        valid: seconds(new.valid),
    };
    store.add(&link, now()).map_err(|error| broken(&error.to_string()))?;
    Ok(told(&secret, &link, claiming))
}

fn told(secret: &Secret, link: &NewLink, claiming: &Claiming) -> String {
    let url = format!("{}/claim/{}", claiming.url, secret.expose());
    let until = time(now().saturating_add(link.valid));
    let uses = link.uses.map_or_else(String::new, |uses| format!(", {uses} times"));
    format!(
        "{url}\n\n{}\n\nLink {}, until {until}: opened on the phone, it admits the phone's address for {}{uses}.\n\
         It is shown this once. Whoever has it is let in: `clir claim revoke {}` takes it back.\n",
        qr::terminal(&url),
        link.id,
        length(link.lasts),
        link.id
    )
}

fn list(store: &Store, now: i64) -> Result<String, Failure> {
    let failed = |error: rusqlite::Error| broken(&error.to_string());
    let (links, admitted) = (store.links(now).map_err(failed)?, store.admitted(now).map_err(failed)?);
    if links.is_empty() {
        return Ok("There are no links. `clir claim new` makes one.\n".to_owned());
    }
    let mut text = String::new();
    for link in &links {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line(link, now));
        for one in admitted.iter().filter(|one| one.link == link.id) {
            let _ = writeln!(text, "  {} until {}", claim::in_words(one.place), time(one.until));
        }
    }
    Ok(text)
}

fn line(link: &Link, now: i64) -> String {
    let state = match &link.revoked {
        Some(why) => format!("revoked ({why})"),
        None if link.ends <= now => format!("over since {}", time(link.ends)),
        None => format!("until {}", time(link.ends)),
    };
    let user = link.user.as_ref().map_or_else(String::new, |user| format!(" for {user}"));
    let uses = link.uses.map_or_else(String::new, |uses| format!(", {uses} more times"));
    format!("{}{user}: admits for {}{uses}; {state}", link.id, length(link.lasts))
}

fn revoke(store: &mut Store, revoke: &Revoke) -> Result<String, Failure> {
    let now = now();
    let failed = |error: rusqlite::Error| broken(&error.to_string());
    let known = store.links(now).map_err(failed)?;
    let in_force = |link: &&Link| link.revoked.is_none() && link.ends > now;
    let ids: Vec<String> = match revoke.all {
        true => known.iter().filter(in_force).map(|link| link.id.to_string()).collect(),
        false => revoke.id.clone(),
    };
    let mut unknown = Vec::new();
    let mut count = 0;
    for id in &ids {
        match store.revoke(id, "by hand", now).map_err(failed)? {
            true => count += 1,
            false => unknown.push(id.as_str()),
        }
    }
    if !unknown.is_empty() {
        return Err(Failure::new(format!("no link in force is called {}: see `clir claim list`", unknown.join(", "))));
    }
    Ok(format!("{count} revoked. A clir that runs takes it up within a second; tunnels that are open stay so.\n"))
}

fn name(text: &str) -> Result<String, String> {
    let is_fit = !text.trim().is_empty() && text.len() <= 64 && !text.chars().any(char::is_control);
    is_fit.then(|| text.to_owned()).ok_or_else(|| "a name is of 1 to 64 bytes, without control characters".to_owned())
}

/// Days have 24 hours here, whatever the clocks do.
fn duration(text: &str) -> Result<Duration, String> {
    let unclear = || "write a number with a unit, such as 90m, 8h or 7d".to_owned();
    let span: Span = text.parse().map_err(|_| unclear())?;
    let signed: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| unclear())?;
    let length = Duration::try_from(signed).map_err(|_| unclear())?;
    if length < SHORTEST || length > LONGEST {
        return Err("from 1m to 366d".to_owned());
    }
    Ok(length)
}

fn length(seconds: i64) -> String {
    match (seconds / 86_400, seconds / 3600, seconds / 60) {
        (days, _, _) if seconds % 86_400 == 0 => format!("{days}d"),
        (_, hours, _) if seconds % 3600 == 0 => format!("{hours}h"),
        (_, _, minutes) => format!("{minutes}m"),
    }
}

fn seconds(length: Duration) -> i64 {
    i64::try_from(length.as_secs()).unwrap_or(i64::MAX)
}

fn time(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_with_a_unit() {
        for (text, seconds) in
            [("1d", 86_400), ("8h", 28_800), ("90m", 5_400), ("1d 12h", 129_600), ("2 weeks", 1_209_600)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "1", "-1d", "59s", "367d", "soon", "1mo"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!((length(86_400), length(28_800), length(5_400)), ("1d".into(), "8h".into(), "90m".into()));
    }

    #[test]
    fn a_name_stands_on_one_line() {
        assert!(name("alice's phone").is_ok());
        assert!(name("").is_err() && name("a\nb").is_err() && name(&"x".repeat(65)).is_err());
    }
}
