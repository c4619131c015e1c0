//! Who is told what happened, and how?
