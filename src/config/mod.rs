//! What was written, and is it sound?
//!
//! There is one way to load a configuration, for `run`, `check` and every reload: find the file, decode it with all
//! its faults, look up what it names, compile. The result is either a [`Config`] that cannot fail any more, or a
//! [`Report`] of everything that is wrong with it.

mod code;
mod connectivity;
mod diagnostic;
mod edit;
mod load;
mod locate;
mod schema;
mod settings;
mod signatures;
mod source;
mod suggest;
mod syntax;
mod watch;
mod way_out;

#[cfg(test)]
mod tests;

pub use code::Code;
pub use diagnostic::{Diagnostic, Gravity, Report};
pub use edit::{Addition, Refused, Told, add_rule};
pub use load::{Loaded, load};
pub use settings::{
    Admin, AlertTarget, AlertWay, Behaviour, Claiming, Config, Limits, Listener, Log, PolicyFile, Roots, RulePlace,
    Timeouts, Tls,
};
pub use watch::{Stamps, Watcher, stamps, watch};
pub use way_out::{Door, Upstream};
