//! What has to happen to this message?
//!
//! The only door from plumbing to judgement: scan the *unmodified* head, decide, edit. Total and pure: no socket, no
//! clock, no error.
