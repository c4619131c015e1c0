//! What must this machine do, so that devices behind it reach clir without any setting of theirs?
//!
//! [`mod@plan`] is a function of the configuration and a few facts; [`up`], [`down`] and [`mod@inspect`] hold the machine
//! against it with the programs `nft` and `ip`, which every gateway has and everybody can check the work of; [`mod@units`]
//! writes what systemd needs. Nothing here carries traffic.

mod bypass;
mod facts;
mod force;
mod inspect;
mod plan;
mod programs;
mod record;
mod ruleset;
mod settings;
mod sockets;
mod units;

pub use facts::facts;
pub use force::{down, indispensable, is_redirected, up};
pub use inspect::{Observation, Standing, inspect};
pub use plan::{Facts, Family, Plan, PolicyRoute, Receiver, Receivers, Sysctl, Unplannable, plan};
pub use programs::Trouble;
pub use record::{Home, Record};
pub use settings::{Device, Interface, InvalidInterface, Quic, Settings};
pub use units::{Installation, UNITS, Unit, units};
