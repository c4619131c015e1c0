//! Does a value say where the phone is?

use super::{
    cell, coordinates,
    decode::{self, Buffer, LONGEST as ROOM},
    networks::{Network, network},
    opaque::trim,
    peel,
};

/// Longer values are something else that holds one.
const LONGEST: usize = 256;

/// Whether this is a cell or a position on the map, as text, as octets in hexadecimal or base64, or, if `decode`, encoded
/// further.
pub(in crate::detect) fn is_position(value: &[u8], decode: bool) -> bool {
    let value = trim(value);
    value.len() <= LONGEST && peel::any(value, decode, is_one)
}

/// Whether this is a position on the map in clear, and nothing else.
pub(in crate::detect) fn is_coordinates(value: &[u8]) -> bool {
    let value = trim(value);
    value.len() <= LONGEST && coordinates::is_pair(value)
}

/// Whether this is an assigned network's code with the number of an area or a cell behind it, in hexadecimal digits and
/// without a separator: `00101` and `1eefbe0f0`.
pub(in crate::detect) fn is_glued_cell(value: &[u8]) -> bool {
    let decimal = value.get(..6).is_some_and(|front| front.iter().take(5).all(u8::is_ascii_digit));
    let network = || value.get(..5).and_then(network) == Some(Network::Assigned);
    (11..=15).contains(&value.len()) && decimal && value.iter().all(u8::is_ascii_hexdigit) && network()
}

/// Whether it is one as it stands, or as octets.
fn is_one(value: &[u8]) -> bool {
    let mut buffer: Buffer = [0; ROOM];
    let mut octets = || {
        let len = decode::octets(value, &mut buffer)?;
        buffer.get(..len).map(cell::is_binary)
    };
    cell::is_text(value) || coordinates::is_pair(value) || octets() == Some(true)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn positions_are_cells_or_coordinates_however_encoded() {
        let octets = b"\x82\x00\xf1\x10\x00\x5e\x00\xf1\x10\x0a\xec\xab\x0a";
        let hex: String = octets.iter().map(|byte| format!("{byte:02x}")).collect();
        for value in [
            &STANDARD.encode(octets),
            &hex,
            &hex.to_uppercase(),
            &format!("0x{hex}"),
            &STANDARD.encode(&hex),
            "82:00:f1:10:00:5e:00:f1:10:0a:ec:ab:0a",
            "234-15-1A2B-3C4D",
            "51.5074%2C-0.1278",
            "%7B%22lat%22%3A51.5074%2C%22lng%22%3A-0.1278%7D",
            &STANDARD.encode("mcc=001;mnc=01;lac=1234;ci=5678"),
            &STANDARD.encode(STANDARD.encode("51.5074,-0.1278")),
        ] {
            assert!(is_position(value.as_bytes(), true), "{value}");
        }
        for value in ["", "1", "5fa86fafe83e0b32f0f861ed", "1700000000123", "2023-11-15", "text/html;q=0.123"] {
            assert!(!is_position(value.as_bytes(), true), "{value}");
        }
    }
}
