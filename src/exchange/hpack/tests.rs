//! Is what h2 writes read as it was meant, and is nothing else believed?

use super::*;

fn decoded(decoder: &mut HeaderDecoder, block: &[u8]) -> Result<Vec<(String, String)>, CompressionFault> {
    let mut fields = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    decoder.decode(block, |field| {
        fields.push((text(&field.name), text(&field.value)));
        ControlFlow::Continue(())
    })?;
    Ok(fields)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// RFC 7541, Appendix C.4: with Huffman code, and a table that grows.
#[test]
fn the_standards_examples_are_read() {
    let mut decoder = HeaderDecoder::default();
    let first = b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
    let request = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")];
    assert_eq!(decoded(&mut decoder, first).unwrap(), pairs(&request));
    let second = b"\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf";
    assert_eq!(
        decoded(&mut decoder, second).unwrap(),
        pairs(&[&request[..], &[("cache-control", "no-cache")]].concat())
    );
    let third = b"\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf";
    let request = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ];
    assert_eq!(decoded(&mut decoder, third).unwrap(), pairs(&request));
    assert_eq!(decoder.table.field(62).unwrap().name, "custom-key");
    assert_eq!(decoder.table.field(64).unwrap().name, ":authority");
    assert!(decoder.table.field(65).is_err());
}

/// RFC 7541, Appendix C.5, with a table of 256 bytes: the oldest go.
#[test]
fn a_full_table_forgets_the_oldest() {
    let mut decoder = HeaderDecoder::default();
    let mut block = vec![0x3f, 0xe1, 0x01];
    for index in 0..7 {
        block.push(0x40);
        literal(b"name", index.to_string().as_bytes(), &mut block);
        // Behind the prefix of what enters no table: the same strings.
        block.remove(block.len() - 8);
    }
    decoded(&mut decoder, &block).unwrap();
    let values: Vec<_> =
        (62..69).map_while(|number| decoder.table.field(number).ok()).map(|field| field.value).collect();
    assert_eq!(values, ["6", "5", "4", "3", "2", "1"]);
    // One that is larger than the table leaves nothing.
    let mut block = vec![0x40];
    literal(b"", &[b'a'; 300], &mut block);
    block.remove(1);
    decoded(&mut decoder, &block).unwrap();
    assert!(decoder.table.field(62).is_err());
}

#[test]
fn what_does_not_fit_is_refused() {
    use CompressionFault::{Huffman, Index, Integer, TableSize, Truncated};
    let cases: &[(&[u8], CompressionFault)] = &[
        (b"\x80", Index),
        (b"\xbe", Index),
        (b"\xff\xff\xff\x7f", Index),
        (b"\xff\xff\xff\xff\xff\x01", Integer),
        (b"\xff\x80\x80\x80\x80\x00", Integer),
        (b"\xff", Truncated),
        (b"\xff\xff", Truncated),
        (b"\x00", Truncated),
        (b"\x00\x01", Truncated),
        (b"\x00\x01a", Truncated),
        (b"\x00\x01a\x02b", Truncated),
        (b"\x00\x7f\xff\xff\xff\x7fa", Truncated),
        (b"\x7e\x00", Index),
        (b"\x00\x81\xff\x00", Huffman),
        (b"\x3f\xe2\x1f", TableSize),
        (b"\x82\x20", TableSize),
    ];
    for (block, fault) in cases {
        assert_eq!(decoded(&mut HeaderDecoder::default(), block), Err(*fault), "{block:x?}");
    }
    assert_eq!(decoded(&mut HeaderDecoder::default(), b"\x3f\xe1\x1f\x20\x82").unwrap(), pairs(&[(":method", "GET")]));
}

#[test]
fn whoever_has_enough_is_left_alone() {
    let mut seen = 0;
    let stop = |_| {
        seen += 1;
        ControlFlow::Break(())
    };
    assert_eq!(HeaderDecoder::default().decode(b"\x82\x84\x80", stop), Ok(()));
    assert_eq!(seen, 1);
}

proptest::proptest! {
    #[test]
    fn nothing_brings_it_down(blocks: Vec<Vec<u8>>) {
        let mut decoder = HeaderDecoder::default();
        for block in blocks {
            let _ = decoder.decode(&block, |_| ControlFlow::Continue(()));
            assert!(decoder.table.entries().map(table_size).sum::<usize>() <= TABLE_SIZE);
        }
    }

    #[test]
    fn what_is_written_is_read(fields: Vec<(Vec<u8>, Vec<u8>)>, long in 100_usize..300) {
        let mut block = Vec::new();
        let long = (vec![b'n'; long], vec![b'v'; long * 100]);
        let fields: Vec<_> = fields.into_iter().chain([long]).collect();
        for (name, value) in &fields {
            literal(name, value, &mut block);
        }
        let mut read = Vec::new();
        HeaderDecoder::default().decode(&block, |field| {
            read.push((field.name.to_vec(), field.value.to_vec()));
            ControlFlow::Continue(())
        }).unwrap();
        assert_eq!(read, fields);
    }
}

fn table_size(field: &Field) -> usize {
    field.name.len() + field.value.len() + FIELD_OVERHEAD
}
