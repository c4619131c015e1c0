//! What is hyper shown of a client's requests?
//!
//! Of a head that is sound, what frames the message, and the stream's number: the head itself waits for the service. A
//! head or trailers that are malformed (RFC 9113 §8.1.1) become ones that h2 refuses, with a reset of that stream alone.

use std::{collections::BTreeSet, fmt};

use super::{
    blocks::{Judge, Unreadable},
    heads::{Heads, Received},
};
use crate::exchange::{
    RequestHead,
    grammar::{FieldList, GrammarFault, Http2Request, Malformed},
    hpack::literal,
};

/// Is told of requests that are malformed: nobody else will hear of them.
pub type Tell = Box<dyn FnMut(RequestHead, Malformed) + Send>;

/// Judges what a client sends.
pub struct Requests {
    heads: Heads,
    tell: Tell,
    /// Whether streams may speak something else (RFC 8441).
    extended_connect: bool,
    /// The newest stream.
    last: u32,
    /// Streams whose body has not ended.
    open: BTreeSet<u32>,
}

impl Requests {
    /// A judge that leaves sound heads in `heads`, and says to `tell` which are malformed.
    pub fn new(heads: Heads, extended_connect: bool, tell: Tell) -> Self {
        Self { heads, tell, extended_connect, last: 0, open: BTreeSet::new() }
    }

    fn head(
        &mut self,
        stream: u32,
        ends_stream: bool,
        mut list: FieldList,
        shown: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        if list.is_too_large() {
            let head = RequestHead { fields: <_>::default(), ..list.remains() };
            frame_head(stream, ends_stream, &stand_in(&head), shown);
            return self.keep(stream, Received::Refused(head, GrammarFault::HeadTooLarge));
        }
        match list.request(ends_stream).and_then(|request| self.admit(request)) {
            Ok(request) => {
                frame_head(stream, ends_stream, &request, shown);
                self.keep(stream, Received::Sound(request.head))
            }
            Err(malformed) => {
                (self.tell)(list.remains(), malformed);
                self.refuse(stream, shown);
                Ok(())
            }
        }
    }

    fn admit(&self, request: Http2Request) -> Result<Http2Request, Malformed> {
        let may = self.extended_connect || request.protocol.is_none();
        if may { Ok(request) } else { Err(Malformed::PseudoField) }
    }

    fn keep(&self, stream: u32, received: Received) -> Result<(), Unreadable> {
        if self.heads.put(stream, received) { Ok(()) } else { Err(Unreadable::Flood) }
    }

    /// Shows what h2 refuses in heads and trailers alike, as an error of the stream (RFC 9113 §8.2.2).
    fn refuse(&mut self, stream: u32, shown: &mut Vec<u8>) {
        self.open.remove(&stream);
        literal(b"te", b"", shown);
    }
}

impl Judge for Requests {
    fn judge(
        &mut self,
        stream: u32,
        ends_stream: bool,
        list: FieldList,
        shown: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        if stream > self.last {
            self.last = stream;
            self.open.insert(stream);
            return self.head(stream, ends_stream, list, shown);
        }
        // On a stream that is not open h2 is to complain of that.
        if self.open.contains(&stream) && (list.is_too_large() || list.check_trailers().is_err()) {
            self.refuse(stream, shown);
            return Ok(());
        }
        for field in list.iter() {
            literal(&field.name, &field.value, shown);
        }
        Ok(())
    }

    fn ended(&mut self, stream: u32) {
        self.open.remove(&stream);
    }
}

/// What h2 has to know of a head: all else is taken from the head itself.
fn frame_head(stream: u32, ends_stream: bool, request: &Http2Request, shown: &mut Vec<u8>) {
    let Http2Request { head, protocol, length } = request;
    literal(b":method", &head.method, shown);
    literal(b":authority", stream.to_string().as_bytes(), shown);
    if head.method != "CONNECT" || protocol.is_some() {
        literal(b":scheme", b"https", shown);
        literal(b":path", b"/", shown);
    }
    if let Some(protocol) = protocol {
        literal(b":protocol", protocol, shown);
    }
    if let Some(length) = length.filter(|_| !ends_stream) {
        literal(b"content-length", length.to_string().as_bytes(), shown);
    }
}

/// A request that is answered with a refusal whatever it says.
fn stand_in(head: &RequestHead) -> Http2Request {
    let method = if head.method == "HEAD" { "HEAD".into() } else { "POST".into() };
    Http2Request { head: RequestHead { method, ..head.clone() }, protocol: None, length: None }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("last", &self.last).field("open", &self.open).finish_non_exhaustive()
    }
}
