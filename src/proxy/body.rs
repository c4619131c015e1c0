//! How does a body pass through?
//!
//! Frame by frame, never gathered: a frame is asked for when the other side can take it, so a slow reader holds the
//! sender back. On its way the bytes are counted, trailers are judged, silence is bounded, and whoever waits for the end
//! (the account, the pool) learns of it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot;

use super::{
    account::Account,
    arriving::Arriving,
    gate::Watch,
    recorder::UnderWay,
    session::Scope,
    stall::Stall,
    verbatim::{NextHead, trailers},
};

/// Why a body broke off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// Judges a trailer section and gives back what may pass.
pub type TrailerJudge = Box<dyn Fn(HeaderMap) -> HeaderMap + Send + Sync>;

/// A body on its way through.
#[derive(Debug)]
pub struct Body {
    source: Source,
    /// Dropped with the body: the answer is no longer under way.
    _under_way: Option<UnderWay>,
    /// Held for as long as the body lives, so that its connection is not taken for an idle one.
    _scope: Option<Scope>,
}

#[derive(Debug)]
enum Source {
    /// Written by us, or nothing.
    Own(Option<Bytes>),
    Passing(Box<Passing>),
}

/// Which side's body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client.
    Up,
    /// From the origin.
    Down,
}

/// Whether a body may be asked for.
#[derive(Debug)]
enum Gate {
    Open,
    Closed(oneshot::Receiver<()>),
}

/// A body that comes from a peer.
pub struct Passing {
    incoming: Arriving,
    way: Way,
    account: Arc<Account>,
    trailers: TrailerJudge,
    /// What is written on the connection of HTTP/1 that the body goes out on.
    wire: Option<NextHead>,
    /// The longest silence of an origin; the client's is judged by the recorder.
    patience: Option<Duration>,
    silence: Stall,
    /// Closed until the origin asks for the body; see `Expect: 100-continue`.
    gate: Gate,
    at_end: Option<Box<dyn FnOnce() + Send + Sync>>,
    /// Dropped with the answer: see [`Watch`].
    watch: Option<Watch>,
    is_done: bool,
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self { source: Source::Own(None), _under_way: None, _scope: None }
    }

    /// A body of our own.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self {
            source: Source::Own(Some(bytes.into()).filter(|bytes: &Bytes| !bytes.is_empty())),
            _under_way: None,
            _scope: None,
        }
    }

    /// A peer's body.
    pub fn passing(incoming: impl Into<Arriving>, way: Way, account: Arc<Account>, trailers: TrailerJudge) -> Self {
        let passing = Passing {
            incoming: incoming.into(),
            way,
            account,
            trailers,
            wire: None,
            patience: None,
            silence: Stall::default(),
            gate: Gate::Open,
            at_end: None,
            watch: None,
            is_done: false,
        };
        Self { source: Source::Passing(Box::new(passing)), _under_way: None, _scope: None }
    }

    /// Marks the answer that this is the body of as under way for as long as the body lives.
    #[must_use]
    pub fn under_way(mut self, under_way: UnderWay) -> Self {
        self._under_way = Some(under_way);
        self
    }

    /// Marks the tunnel that this body passes in as busy for as long as the body lives.
    #[must_use]
    pub fn inside(mut self, scope: Scope) -> Self {
        self._scope = Some(scope);
        self
    }

    /// The connection of HTTP/1 that the body goes out on, for its trailers; nothing for HTTP/2.
    #[must_use]
    pub fn onto(mut self, wire: Option<NextHead>) -> Self {
        self.edit(|passing| passing.wire = wire);
        self
    }

    /// Breaks off when the peer says nothing for so long.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.edit(|passing| passing.patience = Some(patience));
        self
    }

    /// Holds the body back until the gate is opened. It breaks off if the other end of the gate is dropped.
    #[must_use]
    pub fn behind(mut self, gate: oneshot::Receiver<()>) -> Self {
        self.edit(|passing| passing.gate = Gate::Closed(gate));
        self
    }

    /// Holds the watch over the gate of the request for as long as the answer is under way.
    #[must_use]
    pub fn watching(mut self, watch: Option<Watch>) -> Self {
        self.edit(|passing| passing.watch = watch);
        self
    }

    /// Calls back once the body has come to its proper end.
    #[must_use]
    pub fn at_end(mut self, call: impl FnOnce() + Send + Sync + 'static) -> Self {
        self.edit(|passing| {
            passing.at_end = Some(Box::new(call));
            if passing.incoming.is_end_stream() {
                passing.finish();
            }
        });
        self
    }

    fn edit(&mut self, change: impl FnOnce(&mut Passing)) {
        if let Source::Passing(passing) = &mut self.source {
            change(passing);
        }
    }
}

impl Passing {
    /// Whether the body may be asked for. If nobody opens any more, the exchange is over: the final answer came first.
    fn poll_gate(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        if let Gate::Closed(gate) = &mut self.gate {
            ready!(Pin::new(gate).poll(cx))?;
            self.gate = Gate::Open;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(patience) = self.patience else { return Poll::Pending };
        ready!(self.silence.poll(cx, patience));
        Poll::Ready(Some(Err(self.broken("the origin fell silent in the middle of its answer".into()))))
    }

    fn frame(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        self.silence.calm();
        if let Some(data) = frame.data_ref() {
            self.count(data.len() as u64);
        }
        match frame.into_trailers() {
            Ok(trailers) => {
                // Nothing follows trailers (RFC 9110 §6.5), and nobody asks for what comes after them.
                self.finish();
                let trailers = (self.trailers)(trailers);
                match &self.wire {
                    Some(wire) => {
                        wire.set_trailers(&trailers);
                        Frame::trailers(trailers::stand_in())
                    }
                    None => Frame::trailers(trailers),
                }
            }
            Err(frame) => {
                if self.incoming.is_end_stream() {
                    self.finish();
                }
                frame
            }
        }
    }

    fn count(&self, bytes: u64) {
        match self.way {
            Way::Up => self.account.sent(bytes),
            Way::Down => self.account.received(bytes),
        }
    }

    fn broken(&mut self, error: BodyError) -> BodyError {
        let whose = match self.way {
            Way::Up => "the client's body broke off",
            Way::Down => "the answer broke off",
        };
        self.account.fails_with(format!("{whose}: {}", super::fault::chain(error.as_ref())));
        self.is_done = true;
        // That was no proper end.
        self.at_end = None;
        error
    }

    fn finish(&mut self) {
        self.is_done = true;
        if let Some(call) = self.at_end.take() {
            call();
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if self.is_done || self.incoming.is_end_stream() {
            self.finish();
        } else if self.way == Way::Down {
            self.account.fails_with("the client went away before the end of the answer".into());
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let passing = match &mut self.source {
            Source::Own(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Passing(passing) => passing,
        };
        if let Err(shut) = ready!(passing.poll_gate(cx)) {
            return Poll::Ready(Some(Err(shut)));
        }
        match Pin::new(&mut passing.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(passing.frame(frame)))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(passing.broken(error)))),
            Poll::Ready(None) => {
                passing.finish();
                Poll::Ready(None)
            }
            Poll::Pending => passing.poll_silence(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Own(bytes) => bytes.is_none(),
            Source::Passing(passing) => passing.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Source::Passing(passing) => passing.incoming.size_hint(),
        }
    }
}

impl std::fmt::Debug for Passing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passing").field("way", &self.way).field("is_done", &self.is_done).finish_non_exhaustive()
    }
}
