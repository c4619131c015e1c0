//! Is this one unambiguous message?
//!
//! A strict reading of HTTP/1.1 heads and bodies (RFC 9112) over plain bytes. It refuses whatever two recipients could
//! read differently, before a more lenient library sees it. It knows no socket: the caller feeds bytes.

mod chunks;
mod fault;
mod field_list;
mod framing;
mod head;
mod target;

pub use chunks::Part;
pub use fault::GrammarFault;
pub use field_list::{FieldList, Http2Request, Malformed};
pub use framing::{BodyTracker, Framing};
pub use head::{HeadLimits, HeadScanner, ParsedHead, Scanned, parse_request, parse_response};
pub use target::{check_target, is_plain_path};
