//! What does clir say about itself while it runs?
//!
//! Lines on standard error. What passes through the proxy is not said here but in the event log; and since libraries
//! may print what they parse when asked for every detail, their details are never shown, whatever is asked for.

use std::{
    env,
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    Layer as _,
    filter::{Targets, filter_fn},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Directs what clir says to standard error. `verbosity` counts `-v`: details of clir from the first, everything from
/// the second. `quiet` leaves warnings and errors. `RUST_LOG`, where it is set and can be understood, decides instead.
///
/// Only the first call has an effect.
pub fn init(verbosity: u8, quiet: bool) {
    let wanted = env::var("RUST_LOG").ok().filter(|wanted| !wanted.trim().is_empty());
    let parsed = wanted.as_deref().map(str::parse::<Targets>);
    let unclear = matches!(parsed, Some(Err(_)));
    let filter = parsed.and_then(Result::ok).unwrap_or_else(|| usual(verbosity, quiet));
    let colours = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = fmt::layer()
        .compact()
        .with_ansi(colours)
        .with_target(verbosity > 0)
        .with_writer(io::stderr)
        .with_filter(filter_fn(is_safe));
    // A second call finds a subscriber in place, which is as good.
    let first = tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok();
    if first {
        panic::set_hook(Box::new(tell_panic));
    }
    if first && unclear {
        tracing::warn!("RUST_LOG cannot be understood and is ignored");
    }
}

/// Where a fault of our own struck, and not what it says: it may quote what was being read.
fn tell_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    tracing::error!(
        "clir panicked{place}; what it was busy with ends, everything else goes on. Please report this line"
    );
}

/// What is said unless somebody asks for something else.
fn usual(verbosity: u8, quiet: bool) -> Targets {
    let (theirs, ours) = match (quiet, verbosity) {
        (true, _) => (Level::WARN, Level::WARN),
        (false, 0) => (Level::WARN, Level::INFO),
        (false, 1) => (Level::INFO, Level::DEBUG),
        (false, _) => (Level::INFO, Level::TRACE),
    };
    Targets::new().with_default(theirs).with_target("clir", ours)
}

/// Our own lines hold no header value; those of libraries might, below `info`.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    let ours = metadata.target() == "clir" || metadata.target().starts_with("clir::");
    ours || *metadata.level() <= Level::INFO
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is written at this verbosity, when everybody says something at every level.
    fn said(filter: Targets) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let writer = move || Shared(Arc::clone(&sink));
        let lines = fmt::layer().compact().with_ansi(false).with_writer(writer).with_filter(filter_fn(is_safe));
        let subscriber = tracing_subscriber::registry().with(filter).with(lines);
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "clir::proxy", "ours trace");
            tracing::debug!(target: "clir::proxy", "ours debug");
            tracing::info!(target: "clir", "ours info");
            tracing::warn!(target: "h2::codec", "theirs warn");
            tracing::info!(target: "h2::codec", "theirs info");
            tracing::debug!(target: "h2::codec", "theirs debug 447700900123");
            tracing::trace!(target: "clirque", "theirs trace 447700900123");
        });
        String::from_utf8(written.lock().unwrap().clone()).unwrap()
    }

    fn asked(words: &str) -> Targets {
        words.parse().unwrap()
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn verbosity_shows_more_of_ours() {
        let said_usually = said(usual(0, false));
        assert!(said_usually.contains("ours info") && said_usually.contains("theirs warn"), "{said_usually}");
        assert!(!said_usually.contains("ours debug") && !said_usually.contains("theirs info"), "{said_usually}");
        assert!(said(usual(1, false)).contains("ours debug"));
        assert!(said(usual(2, false)).contains("ours trace"));
        assert!(!said(usual(2, true)).contains("ours info"));
    }

    #[test]
    fn details_of_libraries_are_never_shown() {
        for filter in [asked("trace"), asked("h2=trace,clirque=trace"), usual(9, false)] {
            let text = said(filter);
            assert!(!text.contains("447700"), "{text}");
        }
        let everything = said(asked("trace"));
        assert!(everything.contains("ours trace") && everything.contains("theirs info"));
    }
}
