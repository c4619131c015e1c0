//! How does what happens reach those who watch?
//!
//! By a bounded ring that everybody reads at their own pace: who is too slow loses what was overwritten and is told how
//! much that was. Nobody who writes ever waits.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use super::{Alert, reply};
use crate::{
    event::EventLine,
    sink::index::{Row, Watcher},
};

/// So many may be waiting for the slowest.
const ROOM: usize = 1024;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Tick {
    /// An exchange ended: its id, and its row as JSON.
    Exchange(Arc<str>, Arc<str>),
    /// Somebody was told something.
    Alert(Arc<str>),
    /// Something else is different now.
    Changed(&'static str),
}

/// What happens now. Clones are the same.
#[derive(Clone, Debug)]
pub struct Live {
    ticks: Sender<Tick>,
}

impl Default for Live {
    fn default() -> Self {
        Self { ticks: channel(ROOM).0 }
    }
}

impl Live {
    /// Says that the rules, what passes, or the health are different now: `rules`, `passed` or `health`.
    pub fn changed(&self, what: &'static str) {
        self.tell(Tick::Changed(what));
    }

    /// Hands an alert on.
    pub fn alert(&self, alert: &Alert) {
        self.tell(Tick::Alert(text(alert)));
    }

    /// Everything from now on.
    pub(super) fn follow(&self) -> Receiver<Tick> {
        self.ticks.subscribe()
    }

    fn tell(&self, tick: Tick) {
        // Nobody watches; that is as good.
        let _ = self.ticks.send(tick);
    }
}

impl Watcher for Live {
    fn saw(&mut self, event: &EventLine, row: &Row) {
        if self.ticks.receiver_count() > 0 {
            self.tell(Tick::Exchange(event.id.as_str().into(), text(row)));
        }
    }

    fn is_waiting(&self) -> bool {
        self.ticks.receiver_count() > 0
    }
}

fn text(value: &impl Serialize) -> Arc<str> {
    String::from_utf8_lossy(&reply::bytes(value)).into()
}
