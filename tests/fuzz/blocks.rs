//! Are header blocks of HTTP/2 read within bounds, and is what passes one unambiguous message?

use std::ops::ControlFlow;

use clir::exchange::{
    Field, Version,
    grammar::{FieldList, Framing},
    hpack::{HeaderDecoder, literal},
};

use crate::engine::{fuzz, magnitude, outcome};

/// Several blocks of one connection: their table is the same.
const BLOCKS: usize = 4;
const MOST: usize = 4 * 1024;

#[test]
fn blocks() {
    let words: &[&[u8]] = &[
        b"\x82\x87\x84\x41\x09a.example",
        b"\x40\x03x-a\x01b",
        b"\xbe",
        b"\x3f\xe1\x1f",
        b"\x20",
        b"\x0f\x2b",
        b"\xff\xff\xff\xff\x7f",
        b":path",
        b":protocol",
        b"content-length",
        b"transfer-encoding",
    ];
    fuzz("blocks", 8 * 1024, words, |input| {
        let mut decoder = HeaderDecoder::default();
        let size = input.len().div_ceil(BLOCKS).max(1);
        let seen: Vec<_> = input.chunks(size).map_while(|block| judged(&mut decoder, block)).collect();
        outcome((seen, magnitude(input.len())))
    });
}

/// What came of a block, as far as it could be read.
fn judged(decoder: &mut HeaderDecoder, block: &[u8]) -> Option<(bool, String, u32)> {
    let mut list = FieldList::new(MOST);
    let mut fields = Vec::new();
    let decoded = decoder.decode(block, |field| {
        fields.push(field.clone());
        list.push(field);
        if list.size() > 4 * MOST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    decoded.ok()?;
    assert_written_alike(&fields);
    let count = magnitude(fields.len());
    if list.is_too_large() {
        return Some((true, String::new(), count));
    }
    let said = match list.request(false) {
        Err(malformed) => malformed.to_string(),
        Ok(request) => {
            let head = request.head;
            let is_line = |bytes: &[u8]| !bytes.iter().any(|byte| b"\r\n\0".contains(byte));
            let is_sound = |field: &Field| {
                is_line(&field.name) && is_line(&field.value) && !field.name.iter().any(u8::is_ascii_uppercase)
            };
            assert!(head.fields.iter().all(is_sound), "{head:?}");
            assert!(!head.method.is_empty() && head.fields.first("connection").is_none());
            assert!(Framing::of_request(Version::Http11, &head.fields) != Ok(Framing::Chunked));
            format!("{} {}", head.method == "CONNECT", request.protocol.is_some())
        }
    };
    Some((false, said, count))
}

/// What is shown to the library instead is read as the same.
fn assert_written_alike(fields: &[Field]) {
    let mut block = Vec::new();
    for field in fields {
        literal(&field.name, &field.value, &mut block);
    }
    let mut again = Vec::new();
    let read = HeaderDecoder::default().decode(&block, |field| {
        again.push(field);
        ControlFlow::Continue(())
    });
    assert_eq!((read, again.as_slice()), (Ok(()), fields));
}
