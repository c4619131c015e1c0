//! How is a terminal taken over, and given back whatever happens?

use std::{
    io::{self, Stdout, stdout},
    panic,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute, queue,
        terminal::{
            BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
            disable_raw_mode, enable_raw_mode,
        },
    },
};

use super::{
    draw::{self, Theme},
    state::State,
};

/// Whether there is something to give back.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal, taken over. It is given back when this is dropped, and before a panic says anything.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    theme: Theme,
}

impl Screen {
    /// Takes it over.
    ///
    /// # Errors
    /// It is no terminal, or cannot be set.
    pub fn open(theme: Theme) -> io::Result<Self> {
        HOOK.call_once(|| {
            let tell = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                give_back();
                tell(info);
            }));
        });
        IS_TAKEN.store(true, Ordering::SeqCst);
        let opened = enable_raw_mode()
            .and_then(|()| execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste))
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match opened {
            Ok(terminal) => Ok(Self { terminal, theme }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// The terminal has gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Shows the state. Only what has changed is written.
    ///
    /// # Errors
    /// The terminal has gone.
    pub fn draw(&mut self, state: &mut State) -> io::Result<()> {
        let theme = self.theme;
        queue!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            let area = frame.area();
            // It may have been resized since anybody said so.
            if (area.width, area.height) != state.size {
                state.resize(area.width, area.height);
            }
            if let Some(cursor) = draw::draw(state, theme, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })?;
        execute!(stdout(), EndSynchronizedUpdate)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Once, whoever comes first. A terminal that has gone needs nothing back.
fn give_back() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::Read as _,
        process::{Command, Stdio},
        thread,
    };

    use rustix::{
        fs::{Mode, OFlags, open},
        pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
        termios::{LocalModes, tcgetattr},
    };

    use super::*;

    #[test]
    #[ignore = "panics on purpose, on a terminal: run by the test below"]
    fn panics_on_a_screen() {
        crate::telemetry::init(0, false);
        let mut screen = Screen::open(Theme { has_colours: true }).unwrap();
        screen.draw(&mut State::new(String::new(), (80, 24))).unwrap();
        panic!("on purpose");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_told() {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cli::watch::screen::tests::panics_on_a_screen", "--ignored", "--nocapture"])
            .env_remove("RUST_LOG")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        let mut output = File::from(master.try_clone().unwrap());
        let reader = thread::spawn(move || {
            let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
            while memchr::memmem::find(&text, b"test result").is_none() {
                match output.read(&mut buffer) {
                    Ok(length @ 1..) => text.extend_from_slice(&buffer[..length]),
                    _ => break,
                }
            }
            String::from_utf8_lossy(&text).into_owned()
        });
        assert!(!child.wait().unwrap().success(), "it panics");
        let modes = tcgetattr(&slave).unwrap().local_modes;
        drop(slave);
        let text = reader.join().unwrap();
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO), "{modes:?}");
        let (_, after) = text.split_once("\u{1b}[?1049h").expect("it was taken over");
        let (_, after) = after.split_once("\u{1b}[?1049l").expect("it was given back");
        assert!(after.contains("clir panicked") && !after.contains("on purpose"), "{after}");
    }
}
