//! How do connections arrive?
