//! How is a field written so that it enters no table (RFC 7541 §6.2.2)?

/// Appends a field as it is.
pub fn literal(name: &[u8], value: &[u8], block: &mut Vec<u8>) {
    block.push(0);
    string(name, block);
    string(value, block);
}

fn string(text: &[u8], block: &mut Vec<u8>) {
    const PREFIX: usize = 0x7f;
    let low = |number: usize| u8::try_from(number & PREFIX).unwrap_or_default();
    match text.len().checked_sub(PREFIX) {
        None => block.push(low(text.len())),
        Some(mut rest) => {
            block.push(low(PREFIX));
            while rest > PREFIX {
                block.push(low(rest) | 0x80);
                rest >>= 7;
            }
            block.push(low(rest));
        }
    }
    block.extend_from_slice(text);
}
