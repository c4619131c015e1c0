//! How does what remains get past the carrier?
//!
//! Through tunnels in TLS to an exit that stands beyond it, clir or another proxy: the carrier sees one connection, and no
//! request to enrich. A [`Hop`] decides for each connection whether it goes that way, and opens it.

mod exit;
mod health;
mod http1;
mod http2;
mod keeper;
mod request;
mod stream;

use std::{net::IpAddr, sync::Arc};

use ulid::Ulid;

use super::fault::{Fault, Stage};
use crate::{
    event::Passage,
    exchange::Host,
    policy::{Carries, Via, Ways},
};
pub use exit::{Exit, Failed, Settings};
pub use request::{Asked, Hopped, Words};
pub use stream::Stream;

use super::line::Line;

/// The exit, and what goes by it.
#[derive(Debug)]
pub struct Hop {
    ways: Ways,
    exit: Arc<Exit>,
}

impl Hop {
    /// These routes, by that exit.
    pub fn new(ways: Ways, exit: Arc<Exit>) -> Self {
        Self { ways, exit }
    }

    /// The exit.
    pub fn exit(&self) -> &Arc<Exit> {
        &self.exit
    }

    /// Looks after the exit from now on.
    pub fn keep(&self) {
        keeper::keep(&self.exit);
    }

    /// The way to a host, as things are. The exit itself is reached direct, whatever the routes say.
    ///
    /// # Errors
    /// A [`Fault`] when the exit is down and that is to be waited for.
    pub fn way(&self, host: &Host, port: u16, carries: Carries) -> Result<Via, Fault> {
        if self.ways.to(host) == Via::Direct || self.exit.is_at(host, port) {
            return Ok(Via::Direct);
        }
        let Some(reason) = self.exit.health.why_down() else { return Ok(Via::Exit) };
        self.exit.health.wants_check();
        self.instead(carries).ok_or_else(|| refused(&exit::down(&reason), carries))
    }

    /// The way that is left when the exit is down, if there is one.
    pub fn instead(&self, carries: Carries) -> Option<Via> {
        self.ways.when_down.lets_direct(carries).then_some(Via::Fallback)
    }

    /// Opens a tunnel by the exit; nothing where the exit is down and it may go direct.
    ///
    /// # Errors
    /// A [`Fault`] that says which of the two, or what behind them, is at fault.
    pub async fn open(&self, asked: &Asked<'_>, carries: Carries) -> Result<Option<Line>, Fault> {
        match self.exit.open(asked).await {
            Ok(line) => Ok(Some(line.by(Some(Passage { via: Via::Exit, id: Some(asked.hopped.id) })))),
            Err(Failed::Refused(fault)) => Err(fault),
            Err(Failed::Down(_)) if self.instead(carries).is_some() => Ok(None),
            Err(Failed::Down(fault)) => Err(refused(&fault, carries)),
        }
    }

    /// What is told to a connection that went direct before it said that it must not.
    pub fn too_late(&self, carries: Carries) -> Fault {
        let reason = self.exit.health.why_down().unwrap_or_else(|| "it was when this began".into());
        refused(&exit::down(&reason), carries)
    }
}

fn refused(fault: &Fault, carries: Carries) -> Fault {
    let what = match carries {
        Carries::Cleartext => "cleartext",
        Carries::Tls => "TLS",
        Carries::Unknown => "everything",
    };
    Fault::origin(Stage::Hop, format!("{fault}; `upstream.when_down` refuses {what} meanwhile"))
}

/// What a connection is for, as far as the way to its origin depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Errand {
    /// The event that it is opened for.
    pub id: Ulid,
    /// The clir before this one, if there is one.
    pub before: Option<Hopped>,
    /// What it will carry.
    pub carries: Carries,
    /// The address that origins are to see, where it is the client's own. An exit shows its own.
    pub source: Option<IpAddr>,
}
