//! Does clir stand inside TLS without making anything look better or worse than it is?

#[path = "../support/mod.rs"]
mod support;

mod bypass;
mod floods;
mod http1;
mod http2;
mod leaf;
mod upstream;
