//! Does clir stand inside TLS without making anything look better or worse than it is?

#[path = "../support/mod.rs"]
mod support;

mod alpn;
mod answers;
mod bypass;
mod flawed;
mod floods;
mod heads;
mod hellos;
mod http1;
mod http2;
mod kept;
mod leaf;
mod rejection;
mod responder;
mod resumed;
mod site;
mod stapled;
mod switched;
mod upstream;
