//! What is done to requests and answers on the way to a reflector?
//!
//! Sends what is known, reads back what arrived ([`crate::reflect`] is at the other end), and names every difference. What is
//! judged here knows no socket but `wire`'s.

mod answer;
mod compare;
mod forms;
mod hello;
mod plan;
mod route;
mod trial;
mod verdict;
mod wire;

use jiff::Timestamp;

pub use forms::{Difference, Report, Trial, Verdict};
pub use route::{Proxy, Reflector};

use crate::{detect::Scanner, event::Redactor, tls::RootSource};

/// What to try, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to send requests.
    pub reflectors: Vec<Reflector>,
    /// Through these interfaces, one after the other; none: the system chooses.
    pub interfaces: Vec<String>,
    /// Through these proxies as well.
    pub proxies: Vec<Proxy>,
    /// Names of hosts to give in `Host` beside the reflector's own.
    pub named_hosts: Vec<String>,
    /// How often the plain requests are sent.
    pub repeat: u16,
    /// What a reflector's certificate must lead to.
    pub roots: Vec<RootSource>,
}

/// What arrived is judged by this.
#[derive(Clone, Debug)]
pub struct Judge {
    /// Finds what identifies.
    pub scanner: Scanner,
    /// Says how much of a value that was added is told.
    pub redactor: Redactor,
    /// Whether values are told whole.
    pub tells_all: bool,
}

/// So many connections are tried where nobody answers: a port that is filtered takes ten seconds each, and a ClientHello that
/// was changed may take two.
const IN_VAIN: usize = 2;

/// Tries everything, one thing after the other; `told` hears of each trial as it ends.
///
/// # Errors
/// When roots cannot be loaded, or the system gives no random bytes.
pub fn probe(settings: &Settings, judge: &Judge, told: &mut dyn FnMut(&Trial)) -> Result<Report, String> {
    let started = Timestamp::now();
    let tls = wire::tls(&settings.roots)?;
    let mut trials = Vec::new();
    for route in route::routes(settings) {
        let begun = trials.len();
        for (number, script) in plan::scripts(&route, settings)?.iter().enumerate() {
            let is_silent = || trials.iter().skip(begun).all(|trial: &Trial| trial.error.is_some());
            if number == IN_VAIN && is_silent() {
                break;
            }
            for trial in trial::carry_out(&route, script, &tls, judge) {
                told(&trial);
                trials.push(trial);
            }
        }
    }
    Ok(verdict::report(settings, started, Timestamp::now(), trials))
}
