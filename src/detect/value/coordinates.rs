//! Is this a position on the map?
//!
//! Degrees with three decimals and more (a hundred metres), in pairs, with or without words around them: `geo:` (RFC 5870),
//! JSON, WKT, ISO 6709; degrees, minutes and seconds; NMEA 0183.

/// Words that stand beside coordinates. With any other word it is something else.
const WORDS: &[&str] = &[
    "geo",
    "gps",
    "point",
    "lat",
    "latitude",
    "lon",
    "lng",
    "long",
    "longitude",
    "n",
    "s",
    "e",
    "w",
    "u",
    "acc",
    "accuracy",
    "alt",
    "altitude",
    "deg",
    "type",
    "coordinates",
    "crs",
    "wgs",
    "srid",
    "position",
    "pos",
    "location",
    "loc",
    "m",
];

/// More numbers than these are something else.
const NUMBERS: usize = 8;

/// A number as it is written.
#[derive(Clone, Copy, Default)]
struct Number {
    value: f64,
    decimals: usize,
}

/// What a value holds.
#[derive(Default)]
struct Reading {
    numbers: [Number; NUMBERS],
    count: usize,
    /// Whether words stand beside the numbers.
    words: bool,
    /// The letters of hemispheres, lower case.
    sides: [u8; 2],
    sides_count: usize,
}

/// Whether the value holds one pair of coordinates and nothing else.
pub(super) fn is_pair(value: &[u8]) -> bool {
    if is_jphone(value) {
        return true;
    }
    let Some(reading) = read(value) else { return false };
    let sides = matches!(reading.sides, [b'n' | b's', b'e' | b'w']);
    match reading.numbers.get(..reading.count).unwrap_or_default() {
        [a, b] if is_precise(*a, *b) => true,
        [a, b, ..] if reading.words && is_precise(*a, *b) => true,
        [a, b] => sides && is_nmea(*a, 90.0) && is_nmea(*b, 180.0),
        [_, _, _, _] | [_, _, _, _, _, _] => sides && is_sexagesimal_pair(&reading),
        _ => false,
    }
}

/// `352051%1a1394500%1aTokyo`: degrees, minutes and seconds as J-PHONE wrote them, with SUB between and behind them.
fn is_jphone(value: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'%', value) else { return false };
    let angle = |digits: Option<&[u8]>, least: usize, most: u32| {
        let digits = digits.filter(|digits| (least..=9).contains(&digits.len())).unwrap_or_default();
        let degrees = digits.get(..least - 4).and_then(|front| std::str::from_utf8(front).ok()?.parse::<u32>().ok());
        digits.iter().all(u8::is_ascii_digit) && degrees.is_some_and(|degrees| degrees <= most)
    };
    let behind = |from: usize| value.get(from..from + 3).filter(|sign| sign.eq_ignore_ascii_case(b"%1a"));
    let Some(rest) = behind(end).and_then(|_| value.get(end + 3..)) else { return false };
    let second = memchr::memchr(b'%', rest).filter(|&at| behind(end + 3 + at).is_some());
    angle(value.get(..end), 6, 90) && second.is_some_and(|at| angle(rest.get(..at), 7, 180))
}

/// Degrees in either order, as WKT and GeoJSON begin with the longitude.
fn is_precise(a: Number, b: Number) -> bool {
    let within = |a: f64, b: f64| a.abs() <= 90.0 && b.abs() <= 180.0;
    a.decimals >= 3 && b.decimals >= 3 && (within(a.value, b.value) || within(b.value, a.value))
}

/// `5130.4400,N,00007.6700,W`: degrees and minutes in one number.
fn is_nmea(number: Number, most: f64) -> bool {
    number.decimals >= 2 && (0.0..=most).contains(&(number.value / 100.0)) && number.value % 100.0 < 60.0
}

fn is_sexagesimal_pair(reading: &Reading) -> bool {
    let numbers = reading.numbers.get(..reading.count).unwrap_or_default();
    let (a, b) = numbers.split_at(reading.count / 2);
    is_sexagesimal(a, 90.0) && is_sexagesimal(b, 180.0)
}

/// Degrees, minutes and perhaps seconds.
fn is_sexagesimal(parts: &[Number], most: f64) -> bool {
    let Some((degrees, sixtieths)) = parts.split_first() else { return false };
    let sound = sixtieths.iter().all(|part| (0.0..60.0).contains(&part.value));
    sound && degrees.decimals == 0 && (0.0..=most).contains(&degrees.value)
}

/// Reads all numbers, and what stands beside them. Nothing if that is anything else than belongs to coordinates.
fn read(value: &[u8]) -> Option<Reading> {
    let (mut reading, mut at) = (Reading::default(), 0);
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.first()?.to_ascii_lowercase();
        if first.is_ascii_alphabetic() {
            let len = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            reading.take_word(rest.get(..len)?)?;
            at += len;
        } else if let Some((len, number)) = number(rest) {
            *reading.numbers.get_mut(reading.count)? = number;
            reading.count += 1;
            at += len;
        } else {
            is_mark(first).then_some(())?;
            at += 1;
        }
    }
    Some(reading)
}

impl Reading {
    fn take_word(&mut self, word: &[u8]) -> Option<()> {
        WORDS.iter().find(|known| word.eq_ignore_ascii_case(known.as_bytes()))?;
        match word.first().map(u8::to_ascii_lowercase) {
            Some(side @ (b'n' | b's' | b'e' | b'w')) if word.len() == 1 => {
                *self.sides.get_mut(self.sides_count)? = side;
                self.sides_count += 1;
            }
            _ => self.words = true,
        }
        Some(())
    }
}

/// What stands between numbers and words: borders, signs for degrees, minutes and seconds (also in UTF-8).
fn is_mark(byte: u8) -> bool {
    b" \t,;:/=\"'{}[]()+_&|?".contains(&byte)
        || matches!(byte, 0xc2 | 0xb0 | 0xba | 0xe2 | 0x80 | 0x99 | 0x9d | 0xb2 | 0xb3)
}

/// A decimal number at the front, and its length.
fn number(text: &[u8]) -> Option<(usize, Number)> {
    let sign = usize::from(matches!(text.first()?, b'+' | b'-'));
    let digits = |from: usize| text.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(sign);
    let decimals = if text.get(sign + whole) == Some(&b'.') { digits(sign + whole + 1) } else { 0 };
    if whole == 0 || whole > 6 || decimals > 18 {
        return None;
    }
    let len = sign + whole + if decimals > 0 { decimals + 1 } else { 0 };
    let value = std::str::from_utf8(text.get(..len)?).ok()?.parse().ok()?;
    Some((len, Number { value, decimals }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_in_every_notation() {
        for value in [
            "51.5074,-0.1278",
            "51.5074;-0.1278",
            "51.5074 -0.1278",
            "+51.5074-000.1278/",
            "51.5074N, 0.1278W",
            "N51.5074 W0.1278",
            "geo:51.5074,-0.1278",
            "geo:51.5074,-0.1278;u=35",
            "lat=51.5074;lon=-0.1278",
            "latitude=51.507412&longitude=-0.127812&accuracy=10",
            "{\"lat\":51.5074,\"lng\":-0.1278}",
            "{\"type\":\"Point\",\"coordinates\":[-120.1278,51.5074]}",
            "POINT(-120.1278 51.5074)",
            "51°30'26\"N 0°7'39\"W",
            "51°30′26.4″N, 0°7′39.5″W",
            "51 30 26 N 0 7 39 W",
            "N 51°30.440' W 000°07.670'",
            "5130.4400,N,00007.6700,W",
        ] {
            assert!(is_pair(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn other_numbers_are_no_position() {
        for value in [
            "",
            "51.5074",
            "51.5,-0.1",
            "1.234,5.678,9.012",
            "91.123,181.456",
            "2023-11-15",
            "12:30:15 4 5 6",
            "text/html",
            "gzip;q=1.000, br;q=0.999",
            "v=1.2345,6.7890",
            "192.0.2.1",
            "1,2,3,4",
            "30-11-2023 12:30",
            "5199.4400,N,00007.67,W",
            "-.",
            "+",
            "--1.2345,2.3456",
            "1e5.123,1.234",
        ] {
            assert!(!is_pair(value.as_bytes()), "{value}");
        }
    }
}
