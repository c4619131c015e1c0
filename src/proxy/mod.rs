//! What happens after accept?
//!
//! ```text
//! connection ─ access, limits
//!   serve ─ recorder ─ plain or hyper ─ http ─┬─ route → intercept → forward → send → upstream → intercept → answer
//!                                             └─ connect ─┬─ intercepted ─ serve (inside TLS)
//!                                                         ├─ serve (cleartext inside a tunnel)
//!                                                         └─ tunnel (bytes that nobody reads)
//! ```
//! Every request and tunnel has one `account`, and every account ends as one event.

mod account;
mod admission;
mod arriving;
mod attempts;
mod authentication;
mod bare;
mod body;
mod break_off;
mod claiming;
mod connect;
mod connection;
mod door;
mod entrance;
mod fault;
mod fields;
mod forward;
mod frame_meter;
mod frames;
mod gate;
mod granted;
mod hop;
mod http;
mod http2_head;
mod intercepted;
mod interim;
mod judges;
mod line;
mod lobby;
mod max_forwards;
mod moment;
mod names;
mod outline;
mod own;
mod patient;
mod plain;
mod pulse;
mod reading;
mod recorder;
mod refusal;
mod refusals;
mod rewound;
mod route;
mod running;
mod send;
mod serve;
mod session;
mod socks;
mod special;
#[cfg_attr(not(target_os = "linux"), path = "no_splice.rs")]
mod splice;
mod stall;
mod stand_in;
mod stream_tasks;
mod transparent;
mod trusting;
mod tunnel;
mod upgrade;
mod upgraded;
mod upstream;
mod verbatim;

pub use admission::{Admission, Permit};
pub use authentication::Authenticator;
pub use claiming::Claiming;
pub use door::{ALPN as DOOR_ALPN, Door};
pub use hop::{Exit, Hop, Settings as ExitSettings, Words};
pub use reading::some as read_some;
pub use recorder::Patience;
pub use rewound::Rewound;
pub use running::{Parts, Running};
pub use session::{Judges, Limits};
pub use upgraded::Upgrades;
pub use upstream::Settings as UpstreamSettings;
