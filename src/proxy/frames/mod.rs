//! What passes over a connection of HTTP/2, frame by frame?
//!
//! hyper speaks HTTP/2. But its library drops what it should refuse, and keeps fields in a map; so below it header
//! blocks are read by us, judged, and handed on as what we have read.

mod answers;
mod blocks;
mod header;
mod heads;
mod requests;
mod written;

#[cfg(test)]
mod tests;

pub use answers::Judged;
pub use blocks::{BlockReader, Judge};
pub use header::{ENHANCE_YOUR_CALM, FrameHeader, Kind, Outline, go_away};
pub use heads::{Heads, Received};
pub use requests::Requests;
pub use written::written;
