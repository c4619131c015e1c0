//! What shall be done about it?
//!
//! [`Policy::decide`] holds findings and fields against the ordered rules: the first that matches decides. It answers
//! with decisions and edits nothing; `intercept` carries them out. Who may connect, and where to, is judged here too.

mod action;

pub use action::{Action, Redaction};
