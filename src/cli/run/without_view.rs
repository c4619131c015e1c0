//! What stands where the live view is, in a clir that was built without it?

use std::{path::Path, sync::Arc};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::memory::Memory;
use crate::{
    cli::Failure,
    config::Config,
    listen::Listener,
    proxy::Running,
    sink::{EventLog, Witness},
};

/// Somebody who waits for a reload; nobody does.
pub type Asked = std::sync::mpsc::SyncSender<bool>;

/// What is said of the live view at the start.
pub struct Place(());

/// What nobody is shown.
pub struct Shown;

/// No live view.
pub struct View;

impl Shown {
    /// Nothing.
    pub fn of(_: &Running, _: &Memory, _: EventLog, _: Listeners) -> Self {
        Self
    }
}

/// Tells whether that is what the configuration wants.
///
/// # Errors
/// Somebody chose an address for it.
pub fn prepare(config: &Config) -> Result<Place, Failure> {
    if config.admin.address.is_some() && config.admin.is_chosen {
        let cure = "remove `admin.address`, or build with `--features view`";
        return Err(Failure::new(format!("the live view: this clir was built without it; {cure}")));
    }
    Ok(Place(()))
}

impl Place {
    /// What is said of it at the start.
    pub fn told(&self) -> &'static str {
        "not built in"
    }

    /// The port that it listens on.
    pub fn port(&self) -> Option<u16> {
        None
    }

    /// Those who see each event before it is written.
    pub fn witnesses(&self) -> Vec<Box<dyn Witness>> {
        Vec::new()
    }

    /// Shows nothing.
    ///
    /// # Errors
    /// None.
    pub fn start(self, _: &Config, _: &Arc<Rules>, _: Shown) -> Result<View, Failure> {
        Ok(View)
    }
}

impl View {
    /// Nothing ends.
    pub fn end(self) {}
}

/// The listeners, which nobody is shown.
pub struct Listeners;

/// Leaves all of them out.
pub fn listeners(_: &[Arc<Listener>]) -> Listeners {
    Listeners
}

/// The rules in force, which nobody is shown.
pub struct Rules {
    /// Kept, so that whoever receives waits.
    _reloads: Sender<Asked>,
}

impl Rules {
    /// Nobody asks for a reload.
    pub fn new(_: Option<&Path>, _: &Config) -> (Arc<Self>, Receiver<Asked>) {
        let (reloads, asked) = channel(1);
        (Arc::new(Self { _reloads: reloads }), asked)
    }

    /// Another configuration is in force.
    pub fn replace(&self, _: &Config) {}

    /// Another configuration is not in force.
    pub fn keep(&self, _: String) {}
}
