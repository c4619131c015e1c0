//! Which fields does a block of HPACK stand for (RFC 7541)?
//!
//! Field by field, in the order in which they were sent, which no map keeps. It does not ask what they mean: that is the
//! grammar's part. Of the crates that offer this, none holds what strangers send to bounds without keeping the order from
//! us, so it is done here, and held against h2's encoder.

mod huffman;
mod table;
mod write;

use std::ops::ControlFlow;

use bytes::Bytes;

use super::Field;
use table::Table;
pub use write::literal;

/// The most that a peer's table may hold: we never announce another size than that of the beginning (RFC 9113 §6.5.2).
const TABLE_SIZE: usize = 4096;
/// Bytes of an integer, its prefix included: none of 28 bits needs more.
const INTEGER_BYTES: usize = 5;
/// What a field counts beyond its bytes, in tables and in lists (RFC 7541 §4.1, RFC 9113 §6.5.2).
pub const FIELD_OVERHEAD: usize = 32;

/// Why a block cannot be read. The connection is of no use afterwards: both sides' tables may differ (RFC 9113 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressionFault {
    /// It ends in the middle of a field.
    #[error("a header block ends in the middle of a field")]
    Truncated,
    /// A number is larger than any that is needed.
    #[error("a number in a header block is too large")]
    Integer,
    /// No table has such an entry.
    #[error("a header block refers to a field that is in no table")]
    Index,
    /// The code has no such word, or is padded otherwise than with its end.
    #[error("a header block holds an invalid Huffman code")]
    Huffman,
    /// The table is to be larger than was allowed, or its size is changed behind a field.
    #[error("a header block changes the table's size where or as it may not")]
    TableSize,
}

/// Reads the blocks of one direction of a connection, in their order.
#[derive(Debug)]
pub struct HeaderDecoder {
    table: Table,
}

impl Default for HeaderDecoder {
    fn default() -> Self {
        Self { table: Table::new(TABLE_SIZE) }
    }
}

impl HeaderDecoder {
    /// Reads a whole block, and calls for each of its fields until it is told to break off; the decoder is of no use then.
    ///
    /// # Errors
    /// [`CompressionFault`] at the first byte that does not fit.
    pub fn decode(
        &mut self,
        block: &[u8],
        mut each: impl FnMut(Field) -> ControlFlow<()>,
    ) -> Result<(), CompressionFault> {
        let mut input = Input(block);
        let mut scratch = Vec::new();
        let mut is_first = true;
        while let Some(kind) = input.take() {
            let field = match kind {
                0x80.. => self.table.field(input.integer(kind, 7)?)?,
                0x40.. => {
                    let field = self.literal(kind, 6, &mut input, &mut scratch)?;
                    self.table.insert(field.clone());
                    field
                }
                0x20.. if is_first => {
                    self.resize(input.integer(kind, 5)?)?;
                    continue;
                }
                0x20.. => return Err(CompressionFault::TableSize),
                // Never indexed or not indexed: it is not for us to put it into a table (RFC 7541 §6.2.2 and §6.2.3).
                _ => self.literal(kind, 4, &mut input, &mut scratch)?,
            };
            is_first = false;
            if each(field).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn literal(
        &self,
        kind: u8,
        prefix: u32,
        input: &mut Input<'_>,
        scratch: &mut Vec<u8>,
    ) -> Result<Field, CompressionFault> {
        let name = match input.integer(kind, prefix)? {
            0 => input.string(scratch)?,
            index => self.table.field(index)?.name,
        };
        Ok(Field { name, value: input.string(scratch)? })
    }

    fn resize(&mut self, size: usize) -> Result<(), CompressionFault> {
        if size > TABLE_SIZE {
            return Err(CompressionFault::TableSize);
        }
        self.table.resize(size);
        Ok(())
    }
}

/// What is left of a block.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The integer that begins in the lowest bits of `first` (RFC 7541 §5.1).
    fn integer(&mut self, first: u8, prefix: u32) -> Result<usize, CompressionFault> {
        let mask = 0xff_u8 >> (8 - prefix);
        let mut value = usize::from(first & mask);
        if first & mask != mask {
            return Ok(value);
        }
        for shift in (0..).step_by(7).take(INTEGER_BYTES - 1) {
            let byte = self.take().ok_or(CompressionFault::Truncated)?;
            value += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(CompressionFault::Integer)
    }

    /// A string (RFC 7541 §5.2), in memory of its own: what stays in a table must not hold a whole block.
    fn string(&mut self, scratch: &mut Vec<u8>) -> Result<Bytes, CompressionFault> {
        let first = self.take().ok_or(CompressionFault::Truncated)?;
        let length = self.integer(first, 7)?;
        let (string, rest) = self.0.split_at_checked(length).ok_or(CompressionFault::Truncated)?;
        self.0 = rest;
        if first & 0x80 == 0 {
            return Ok(Bytes::copy_from_slice(string));
        }
        scratch.clear();
        huffman::decode(string, scratch)?;
        Ok(Bytes::copy_from_slice(scratch))
    }
}

#[cfg(test)]
mod tests;
