//! Who reads the body that a peer sends?

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::upstream::Arrival;

/// A peer's body as it arrives.
#[derive(Debug)]
pub enum Arriving {
    /// Read by hyper.
    Hyper(Incoming),
    /// Read by whoever asks for it.
    Direct(Arrival),
    /// There is none.
    Nothing,
}

impl From<Incoming> for Arriving {
    fn from(incoming: Incoming) -> Self {
        Self::Hyper(incoming)
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(match &mut *self {
            Self::Hyper(incoming) => ready!(Pin::new(incoming).poll_frame(cx)).map(|frame| frame.map_err(Into::into)),
            Self::Direct(arrival) => ready!(Pin::new(arrival).poll_frame(cx)).map(|frame| frame.map_err(Into::into)),
            Self::Nothing => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Hyper(incoming) => incoming.is_end_stream(),
            Self::Direct(arrival) => arrival.is_end_stream(),
            Self::Nothing => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Hyper(incoming) => incoming.size_hint(),
            Self::Direct(arrival) => arrival.size_hint(),
            Self::Nothing => SizeHint::with_exact(0),
        }
    }
}
