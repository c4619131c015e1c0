//! What was written, and is it sound?
