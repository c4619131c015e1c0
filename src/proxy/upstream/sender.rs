//! What can requests be sent on?

use std::{net::IpAddr, sync::Arc};

use http::{Method, Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use tokio::sync::watch;

use super::Protocol;
use crate::{
    event::Passage,
    exchange::grammar::GrammarFault,
    proxy::{
        body::Body,
        verbatim::{Asked, Ears, Heads, Lines, NextHead, Read},
    },
};

/// A connection that requests can be sent on.
#[derive(Debug)]
pub enum Sender {
    /// One request at a time, with heads as they are.
    Http1(http1::SendRequest<Body>, Heads, Made),
    /// Many at a time, and what the origin's settings say, once they have come.
    Http2(http2::SendRequest<Body>, Made, Settings),
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
    /// What is spoken on it.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Http1(..) => Protocol::Http1,
            Self::Http2(..) => Protocol::Http2,
        }
    }

    /// Which way it goes; nothing where there is one way only.
    pub fn passage(&self) -> Option<Passage> {
        self.made().passage
    }

    /// The worker that it runs on.
    pub fn home(&self) -> usize {
        self.made().home
    }

    /// Whether it was made for this client.
    pub fn is_of(&self, client: IpAddr) -> bool {
        self.made().client == Some(client)
    }

    /// Whether it is what a new connection would come to that offers these protocols: the origin chose what is spoken on
    /// it, with no less to choose from, and has said all that is to be known.
    pub fn stands_for(&self, offered: &[Protocol]) -> bool {
        let is_known = match self {
            Self::Http1(.., made) => made.offered_http2 || !offered.contains(&Protocol::Http2),
            Self::Http2(.., settings) => settings.borrow().is_some(),
        };
        is_known && offered.contains(&self.protocol())
    }

    /// Whether the origin has said that it takes the extended CONNECT.
    pub fn takes_extended_connect(&self) -> bool {
        match self {
            Self::Http1(..) => false,
            Self::Http2(.., settings) => *settings.borrow() == Some(true),
        }
    }

    fn made(&self) -> &Made {
        match self {
            Self::Http1(.., made) | Self::Http2(_, made, _) => made,
        }
    }

    /// One more of it, where many requests at a time may be sent on it.
    pub fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(..) => None,
            Self::Http2(sender, made, settings) => Some(Self::Http2(sender.clone(), *made, settings.clone())),
        }
    }

    /// Waits until a request can be sent.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(sender, ..) => sender.ready().await,
            Self::Http2(sender, ..) => sender.ready().await,
        }
    }

    /// Sends a request. What was not sent comes back with the error. On HTTP/1, `lines` are those of its head, and `ears` hear
    /// of interim answers.
    pub async fn send(
        &mut self,
        head: Option<(Lines, Arc<dyn Ears>)>,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match self {
            Self::Http1(sender, heads, _) => {
                let asked = if request.method() == Method::HEAD { Asked::Head } else { Asked::Body };
                if let Some((lines, ears)) = head {
                    heads.send(lines, asked, ears);
                }
                sender.try_send_request(request).await
            }
            Self::Http2(sender, ..) => sender.try_send_request(request).await,
        }
    }

    /// The head of the answer as it came, where it can be had.
    pub fn head(&self) -> Option<Result<Read, GrammarFault>> {
        match self {
            Self::Http1(_, heads, _) => heads.answer(),
            Self::Http2(..) => None,
        }
    }

    /// What is written on the connection next, where that is ours to say.
    pub fn next_head(&self) -> Option<NextHead> {
        match self {
            Self::Http1(_, heads, _) => Some(heads.next()),
            Self::Http2(..) => None,
        }
    }

    /// Whether the origin has ended it.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender, ..) => sender.is_closed(),
            Self::Http2(sender, ..) => sender.is_closed(),
        }
    }
}
