//! What can requests be sent on?

use std::{net::IpAddr, sync::Arc};

use http::{Request, Response};
use hyper::client::conn::{TrySendError, http1, http2};
use tokio::sync::watch;

use super::{Direct, Protocol, handshake};
use crate::{
    event::Passage,
    exchange::grammar::GrammarFault,
    proxy::{
        arriving::Arriving,
        body::Body,
        fault::Fault,
        verbatim::{Asked, Ears, Heads, Lines, NextHead, Read},
    },
};

/// A connection that requests can be sent on.
#[derive(Debug)]
pub struct Sender {
    by: By,
    made: Made,
}

/// Who sends on it.
#[derive(Debug)]
enum By {
    /// Whoever waits for the answer: it is of HTTP/1, and no request had a body so far.
    Waiter(Direct),
    Hyper(Hyper),
}

/// A connection that hyper sends on, in a task of its own.
#[derive(Debug)]
pub enum Hyper {
    /// One request at a time, with heads as they are.
    Http1(http1::SendRequest<Body>, Heads),
    /// Many at a time, and what the origin's settings say, once they have come.
    Http2(http2::SendRequest<Body>, Settings),
}

/// Whether the origin takes the extended CONNECT of RFC 8441; nothing as long as it has not said.
pub type Settings = watch::Receiver<Option<bool>>;

/// How a connection was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made {
    /// Which way it goes; nothing where there is one way only.
    pub passage: Option<Passage>,
    /// The client for whom it was made, where the origin has proved its name in TLS.
    pub client: Option<IpAddr>,
    /// Whether the origin could have chosen HTTP/2.
    pub offered_http2: bool,
    /// The worker that the connection itself runs on, whoever sends requests.
    pub home: usize,
}

impl Sender {
    /// One of HTTP/1 on which nothing was said yet.
    pub fn direct(direct: Direct, made: Made) -> Self {
        Self { by: By::Waiter(direct), made }
    }

    /// One of HTTP/2.
    pub fn http2(sender: http2::SendRequest<Body>, made: Made, settings: Settings) -> Self {
        Self { by: By::Hyper(Hyper::Http2(sender, settings)), made }
    }

    /// What is spoken on it.
    pub fn protocol(&self) -> Protocol {
        match self.by {
            By::Waiter(_) | By::Hyper(Hyper::Http1(..)) => Protocol::Http1,
            By::Hyper(Hyper::Http2(..)) => Protocol::Http2,
        }
    }

    /// Which way it goes; nothing where there is one way only.
    pub fn passage(&self) -> Option<Passage> {
        self.made.passage
    }

    /// The worker that it runs on.
    pub fn home(&self) -> usize {
        self.made.home
    }

    /// Whether it was made for this client.
    pub fn is_of(&self, client: IpAddr) -> bool {
        self.made.client == Some(client)
    }

    /// What the origin's settings say, where it speaks HTTP/2.
    pub fn settings(&mut self) -> Option<&mut Settings> {
        match &mut self.by {
            By::Hyper(Hyper::Http2(_, settings)) => Some(settings),
            By::Waiter(_) | By::Hyper(Hyper::Http1(..)) => None,
        }
    }

    /// Whether it is what a new connection would come to that offers these protocols: the origin chose what is spoken on
    /// it, with no less to choose from, and has said all that is to be known.
    pub fn stands_for(&self, offered: &[Protocol]) -> bool {
        let is_known = match &self.by {
            By::Hyper(Hyper::Http2(_, settings)) => settings.borrow().is_some(),
            By::Waiter(_) | By::Hyper(Hyper::Http1(..)) => {
                self.made.offered_http2 || !offered.contains(&Protocol::Http2)
            }
        };
        is_known && offered.contains(&self.protocol())
    }

    /// Whether the origin has said that it takes the extended CONNECT.
    pub fn takes_extended_connect(&self) -> bool {
        matches!(&self.by, By::Hyper(Hyper::Http2(_, settings)) if *settings.borrow() == Some(true))
    }

    /// One more of it, where many requests at a time may be sent on it.
    pub fn share(&self) -> Option<Self> {
        match &self.by {
            By::Hyper(Hyper::Http2(sender, settings)) => Some(Self::http2(sender.clone(), self.made, settings.clone())),
            By::Waiter(_) | By::Hyper(Hyper::Http1(..)) => None,
        }
    }

    /// Whether the origin has ended it.
    pub fn is_closed(&self) -> bool {
        match &self.by {
            By::Waiter(direct) => direct.is_closed(),
            By::Hyper(Hyper::Http1(sender, _)) => sender.is_closed(),
            By::Hyper(Hyper::Http2(sender, _)) => sender.is_closed(),
        }
    }

    /// The connection for a request without a body, where whoever waits for the answer may send it.
    pub fn waited_on(&self) -> Option<&Direct> {
        match &self.by {
            By::Waiter(direct) => Some(direct),
            By::Hyper(_) => None,
        }
    }

    /// The connection for any request: it gets a task now, if it had none, and keeps it.
    ///
    /// # Errors
    /// It is closed.
    pub async fn hyper(&mut self) -> Result<&mut Hyper, Fault> {
        if let By::Waiter(direct) = &self.by {
            let (stream, limits) = direct.give_away();
            self.by = By::Hyper(handshake::by_hyper(stream, limits).await?);
        }
        match &mut self.by {
            By::Hyper(hyper) => Ok(hyper),
            By::Waiter(_) => unreachable!("it was handed over"),
        }
    }
}

impl Hyper {
    /// Waits until a request can be sent.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(sender, _) => sender.ready().await,
            Self::Http2(sender, _) => sender.ready().await,
        }
    }

    /// Sends a request. What was not sent comes back with the error. On HTTP/1, `lines` are those of its head, and `ears` hear
    /// of interim answers.
    pub async fn send(
        &mut self,
        head: Option<(Lines, Arc<dyn Ears>)>,
        request: Request<Body>,
    ) -> Result<Response<Arriving>, TrySendError<Request<Body>>> {
        let response = match self {
            Self::Http1(sender, heads) => {
                if let Some((lines, ears)) = head {
                    heads.send(lines, Asked::by(request.method()), ears);
                }
                sender.try_send_request(request).await
            }
            Self::Http2(sender, _) => sender.try_send_request(request).await,
        };
        response.map(|response| response.map(Arriving::Hyper))
    }

    /// The head of the answer as it came, where it can be had.
    pub fn head(&self) -> Option<Result<Read, GrammarFault>> {
        match self {
            Self::Http1(_, heads) => heads.answer(),
            Self::Http2(..) => None,
        }
    }

    /// What is written on the connection next, where that is ours to say.
    pub fn next_head(&self) -> Option<NextHead> {
        match self {
            Self::Http1(_, heads) => Some(heads.next()),
            Self::Http2(..) => None,
        }
    }
}
