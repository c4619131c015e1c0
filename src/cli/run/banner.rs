//! What is a person told when clir starts?

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use crate::{
    config::{Config, PolicyFile},
    listen::{Kind, Listener},
    policy::{Access, InterceptMode, Mode},
    tls::CertAuthority,
};

/// Everything that one has to know: where, for whom, what is seen, what is done, where it is written down, and what is
/// too short.
pub fn text(
    config: &Config,
    listeners: &[Arc<Listener>],
    authority: &CertAuthority,
    view: &str,
    shortage: Option<&str>,
) -> String {
    let mut lines = vec![format!("clir {}", env!("CARGO_PKG_VERSION")), String::new()];
    for listener in listeners {
        let kind = match listener.kind {
            Kind::Explicit => String::new(),
            kind => format!(", {}", kind.as_str()),
        };
        lines.push(format!("listening on {}  (\"{}\"{kind})", listener.address, listener.label));
        lines.push(format!("  vantage {}: {}", listener.vantage, listener.vantage.coverage()));
        let written = config.listeners.iter().find(|written| written.label == listener.label);
        if let Some(door) = written.and_then(|written| written.tls.as_ref()) {
            lines.push(format!("  speaks TLS, and shows {}", door.shows()));
        }
    }
    lines.push(format!("admitted     {}", admitted(&config.access)));
    if let Some(claiming) = &config.claiming {
        let listeners: Vec<_> = claiming.listeners.iter().map(AsRef::as_ref).collect();
        lines.push(format!("  and to \"{}\" whom a secret link admits: clir claim", listeners.join("\", \"")));
    }
    lines.push(format!("TLS          {}", interception(config.routing.mode)));
    if config.upgrading.enabled {
        lines.push("upgrade      cleartext goes inside TLS where the site is there as well".to_owned());
    }
    if let Some(upstream) = &config.upstream {
        lines.push(format!("exit         {upstream}"));
    }
    lines.push(format!("policy       {}", policy(config)));
    lines.push(format!("signatures   {}", config.signatures.len()));
    lines.push(format!("CA           {}", authority.certificate_path().display()));
    lines.push(format!("  SHA-256    {}", authority.fingerprint()));
    lines.push(format!(
        "events       {}/events-*.jsonl (values {})",
        config.log.dir.display(),
        config.log.values.as_str()
    ));
    lines.push(format!("live view    {view}"));
    lines.extend(shortage.map(|shortage| format!("descriptors  {shortage}")));
    lines.push(String::new());
    lines.join("\n")
}

/// Prints on standard output. That nobody reads it is no reason not to run.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        tracing::debug!("standard output: {error}");
    }
}

fn admitted(access: &Access) -> String {
    let users = match access.users.len() {
        0 => String::new(),
        1 => String::from(", with the password of 1 user"),
        count => format!(", with the password of one of {count} users"),
    };
    format!("{}{users}; everybody else is refused", access.clients)
}

fn interception(mode: InterceptMode) -> &'static str {
    match mode {
        InterceptMode::Auto => {
            "opened for phones that have shown that they trust our CA, passed through otherwise (intercept.mode = \"auto\")"
        }
        InterceptMode::Never => {
            "passed through unread; no carrier can insert a header there (intercept.mode = \"never\")"
        }
        InterceptMode::Always => "opened with our CA, which the phone must trust (intercept.mode = \"always\")",
    }
}

fn policy(config: &Config) -> String {
    let from = match &config.policy_file {
        PolicyFile::Inline => String::from("in the configuration"),
        PolicyFile::BuiltIn => String::from("built in"),
        PolicyFile::File(path) => path.display().to_string(),
    };
    let rules = config.policy.rules().len();
    match config.policy.mode() {
        Mode::Enforce => format!("{rules} rules, {from}"),
        Mode::Observe => format!("{rules} rules, {from}; observing only: nothing is changed"),
    }
}
