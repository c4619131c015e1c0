//! What do the header blocks of a connection say, and what is hyper shown of them?
//!
//! Follows the bytes from frame to frame. All frames pass as they are but those that carry header blocks: a block is
//! gathered, decoded, given to a [`Judge`], and what that shows is written in its place, without any compression. So
//! there is one reading of each block, ours, and h2 sees nothing that was not judged.

use std::ops::ControlFlow;

use bytes::{Buf, BufMut, BytesMut};

use super::header::{
    COMPRESSION_ERROR, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, FrameHeader, Kind, LENGTH, PADDED, PRIORITY,
    block_header,
};
use crate::exchange::{
    grammar::FieldList,
    hpack::{CompressionFault, HeaderDecoder},
};

/// The longest frame that we take and send: nobody is told of another size (RFC 9113 §6.5.2).
const LONGEST: usize = 16 * 1024;
/// Bytes of a priority (RFC 9113 §6.2).
const PRIORITY_LENGTH: usize = 5;
/// A block that stands for so many times the limit is an attack: there is no answer to it.
const ABUSE: usize = 4;
/// The same of its own bytes, which are held until it has ended.
const LONGEST_BLOCK: usize = 2;

/// Decides what hyper is shown of a block.
pub trait Judge: Send {
    /// Writes the block that hyper is shown instead of `list`, as HPACK that uses no table.
    ///
    /// # Errors
    /// [`Unreadable::Flood`] when there are more than anybody needs.
    fn judge(&mut self, stream: u32, ends_stream: bool, list: FieldList, shown: &mut Vec<u8>)
    -> Result<(), Unreadable>;

    /// The peer says nothing more on this stream, or we have reset it.
    fn ended(&mut self, stream: u32);
}

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The tables of both sides may differ from now on.
    #[error(transparent)]
    Compression(CompressionFault),
    /// Blocks are far larger, or far more, than they may be.
    #[error("header blocks are far larger or more than they may be")]
    Flood,
}

impl Unreadable {
    /// The code that tells the peer.
    pub fn code(self) -> u32 {
        match self {
            Self::Compression(_) => COMPRESSION_ERROR,
            Self::Flood => ENHANCE_YOUR_CALM,
        }
    }
}

/// Reads one direction of a connection.
#[derive(Debug)]
pub struct BlockReader<J> {
    judge: J,
    /// The largest section that is taken.
    most: usize,
    decoder: HeaderDecoder,
    state: State,
    block: Option<Block>,
    /// Written for hyper, and not yet taken.
    shown: BytesMut,
}

#[derive(Debug)]
enum State {
    /// So many bytes pass; then a frame begins.
    Passing(usize),
    /// A frame's header has begun.
    Header([u8; LENGTH], usize),
    /// So many bytes of a frame of the block are to come.
    Payload(FrameHeader, usize),
    /// The frames are broken. h2 sees them and says so.
    Broken,
}

/// A header block that has begun.
#[derive(Debug)]
struct Block {
    first: FrameHeader,
    priority: Option<[u8; PRIORITY_LENGTH]>,
    bytes: BytesMut,
}

impl<J: Judge> BlockReader<J> {
    /// A reader for what comes behind `preface` bytes; sections are to have `most` bytes, as RFC 9113 §6.5.2 counts.
    pub fn new(preface: usize, most: usize, judge: J) -> Self {
        Self {
            judge,
            most,
            decoder: HeaderDecoder::default(),
            state: State::Passing(preface),
            block: None,
            shown: BytesMut::new(),
        }
    }

    /// Whoever judges.
    pub fn judge_mut(&mut self) -> &mut J {
        &mut self.judge
    }

    /// How many of these bytes pass as they are, because they come before the next header block. Those are taken.
    pub fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let State::Passing(left) = &mut self.state {
            let rest = bytes.get(at..).unwrap_or_default();
            let passed = rest.len().min(*left);
            *left -= passed;
            at += passed;
            let Some(header) = rest.get(passed..).and_then(|rest| rest.first_chunk::<LENGTH>()) else { return at };
            let frame = FrameHeader::parse(*header);
            if self.block.is_some() || matches!(frame.kind, Kind::Headers | Kind::Continuation) {
                return at;
            }
            self.note(frame);
            at += LENGTH;
            self.state = State::Passing(frame.length);
        }
        at
    }

    /// Takes bytes, and keeps what hyper is to be shown.
    ///
    /// # Errors
    /// [`Unreadable`], when nothing of this connection can be read any more.
    pub fn read(&mut self, mut bytes: &[u8]) -> Result<(), Unreadable> {
        while !bytes.is_empty() {
            let taken = match &mut self.state {
                State::Broken => {
                    self.shown.extend_from_slice(bytes);
                    bytes.len()
                }
                State::Passing(0) => {
                    self.state = State::Header([0; LENGTH], 0);
                    0
                }
                State::Passing(left) => {
                    let taken = bytes.len().min(*left);
                    *left -= taken;
                    self.shown.extend_from_slice(bytes.get(..taken).unwrap_or_default());
                    taken
                }
                State::Header(..) => self.read_header(bytes)?,
                State::Payload(..) => self.read_payload(bytes)?,
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Moves what hyper is to be shown into `buffer`; whether there was anything.
    pub fn show(&mut self, mut buffer: impl BufMut) -> bool {
        if self.shown.is_empty() {
            return false;
        }
        let count = self.shown.len().min(buffer.remaining_mut());
        buffer.put_slice(self.shown.get(..count).unwrap_or_default());
        self.shown.advance(count);
        if self.shown.is_empty() {
            // An idle connection holds nothing.
            self.shown = BytesMut::new();
        }
        true
    }

    fn read_header(&mut self, bytes: &[u8]) -> Result<usize, Unreadable> {
        let State::Header(header, filled) = &mut self.state else { return Ok(0) };
        let mut taken = 0;
        for (slot, byte) in header.iter_mut().skip(*filled).zip(bytes) {
            *slot = *byte;
            taken += 1;
        }
        *filled += taken;
        if *filled == LENGTH {
            let header = *header;
            self.begin_frame(header)?;
        }
        Ok(taken)
    }

    fn begin_frame(&mut self, header: [u8; LENGTH]) -> Result<(), Unreadable> {
        let frame = FrameHeader::parse(header);
        let belongs = match (&self.block, frame.kind) {
            (None, Kind::Headers) => true,
            (None, kind) => {
                self.note(frame);
                self.shown.extend_from_slice(&header);
                let is_lost = kind == Kind::Continuation;
                self.state = if is_lost { State::Broken } else { State::Passing(frame.length) };
                return Ok(());
            }
            (Some(block), kind) => kind == Kind::Continuation && block.first.stream == frame.stream,
        };
        if !belongs || frame.length > LONGEST {
            self.break_off(&header);
            return Ok(());
        }
        if frame.kind == Kind::Headers {
            self.block = Some(Block { first: frame, priority: None, bytes: BytesMut::new() });
        }
        self.state = State::Payload(frame, frame.length);
        // A frame may be empty.
        self.read_payload(&[]).map(|_| ())
    }

    fn read_payload(&mut self, bytes: &[u8]) -> Result<usize, Unreadable> {
        let (State::Payload(frame, left), Some(block)) = (&mut self.state, &mut self.block) else { return Ok(0) };
        let taken = bytes.len().min(*left);
        *left -= taken;
        block.bytes.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        let frame = *frame;
        if *left == 0 {
            self.state = State::Passing(0);
            self.end_frame(frame)?;
        }
        Ok(taken)
    }

    fn end_frame(&mut self, frame: FrameHeader) -> Result<(), Unreadable> {
        let Some(mut block) = self.block.take() else { return Ok(()) };
        if block.bytes.len() > self.most.saturating_mul(LONGEST_BLOCK) {
            return Err(Unreadable::Flood);
        }
        let is_headers = frame.kind == Kind::Headers;
        if is_headers && !block.strip() {
            // Its padding is longer than itself: h2 is shown the same.
            self.break_off(&block_header(true, 1, frame.flags & (PADDED | PRIORITY) | END_HEADERS, frame.stream));
            self.shown.put_u8(u8::MAX);
            return Ok(());
        }
        if frame.flags & END_HEADERS == 0 {
            self.block = Some(block);
            return Ok(());
        }
        self.end_block(&block)
    }

    fn end_block(&mut self, block: &Block) -> Result<(), Unreadable> {
        let mut list = FieldList::new(self.most);
        let abuse = self.most.saturating_mul(ABUSE);
        let decoded = self.decoder.decode(&block.bytes, |field| {
            list.push(field);
            if list.size() > abuse { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        decoded.map_err(Unreadable::Compression)?;
        if list.size() > abuse {
            return Err(Unreadable::Flood);
        }
        let mut shown = Vec::with_capacity(128);
        let FrameHeader { stream, ends_stream, .. } = block.first;
        self.judge.judge(stream, ends_stream, list, &mut shown)?;
        if ends_stream {
            self.judge.ended(stream);
        }
        self.show_block(block, &shown);
        Ok(())
    }

    /// Writes a block in as many frames as it takes.
    fn show_block(&mut self, block: &Block, mut rest: &[u8]) {
        let mut room = LONGEST - PRIORITY_LENGTH;
        let mut is_first = true;
        loop {
            let (now, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            let priority = block.priority.as_ref().filter(|_| is_first).map_or(&[][..], |priority| priority);
            let mut flags = if is_first { block.first.flags & (END_STREAM | PRIORITY) } else { 0 };
            if later.is_empty() {
                flags |= END_HEADERS;
            }
            let header = block_header(is_first, priority.len() + now.len(), flags, block.first.stream);
            for part in [&header, priority, now] {
                self.shown.extend_from_slice(part);
            }
            if later.is_empty() {
                return;
            }
            (rest, room, is_first) = (later, LONGEST, false);
        }
    }

    /// The frame with this header is none that may come now: h2 is shown it, behind what of a block came before.
    fn break_off(&mut self, header: &[u8; LENGTH]) {
        if let Some(block) = self.block.take() {
            self.shown.extend_from_slice(&block_header(true, 0, 0, block.first.stream));
        }
        self.shown.extend_from_slice(header);
        self.state = State::Broken;
    }

    fn note(&mut self, frame: FrameHeader) {
        if frame.ends_stream || frame.kind == Kind::Reset {
            self.judge.ended(frame.stream);
        }
    }
}

impl Block {
    /// Takes away what surrounds the fragment in a frame of `HEADERS` (RFC 9113 §6.2); whether it was sound.
    fn strip(&mut self) -> bool {
        let is_padded = self.first.flags & PADDED != 0;
        let padding = if is_padded { self.take::<1>().map(|[length]| usize::from(length)) } else { Some(0) };
        if self.first.flags & PRIORITY != 0 {
            self.priority = self.take();
            if self.priority.is_none() {
                return false;
            }
        }
        let Some(length) = padding.and_then(|padding| self.bytes.len().checked_sub(padding)) else { return false };
        self.bytes.truncate(length);
        true
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.bytes.first_chunk()?;
        self.bytes.advance(N);
        Some(taken)
    }
}
