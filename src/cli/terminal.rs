//! What kind of terminal is this?

use std::{env, io::IsTerminal, os::fd::AsFd};

/// How wide it is, if it is one and knows.
pub(super) fn columns(out: &impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(out).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Whether colours may be said there: it is one, it is not dumb, and nobody has set `NO_COLOR` (no-color.org).
pub(super) fn has_colours(out: &impl IsTerminal) -> bool {
    out.is_terminal() && !is_dumb() && !is_monochrome()
}

/// Whether somebody wants no colours.
pub(super) fn is_monochrome() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether it can do nothing but print.
pub(super) fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}
