//! Does a house work through clir that knows nothing of it, and does it work without?
//!
//! Phone, tablet, gateway, carrier and origin are network namespaces with cables between them, IPv4 and IPv6. Root and the
//! programs `nft` and `ip` are needed: `tests/run` installs them and runs these; what is missing then is a failure.

#[path = "../support/mod.rs"]
mod support;

#[path = "../probe/kinds.rs"]
mod kinds;

mod around;
mod crowd;
mod enriched;
mod http3;
mod kept;
mod passing;
mod probed;
mod rules;
mod site;
mod units;
mod world;
