//! Which mobile networks are there?
//!
//! ITU-T E.212: a country code (MCC) of three digits, and a network code (MNC) of two or of three; `networks.tsv` holds
//! those assigned. Lists age: what is not in this one may be assigned all the same, and is told apart for that reason.

use std::sync::LazyLock;

/// What the digits at the front of a number say about its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    /// Country and network are assigned.
    Assigned,
    /// The country is, the network is not in the list.
    Unlisted,
}

/// One country's networks: bit n of the sets for network code n.
#[derive(Default)]
struct Country {
    two: u128,
    three: [u64; 16],
}

/// The table, and for each country code the row that it has there.
struct Table {
    rows: Vec<Country>,
    row_of: Vec<Option<u16>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { rows: Vec::new(), row_of: vec![None; 1000] };
    for line in include_str!("networks.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let slot = columns.next().and_then(|code| table.row_of.get_mut(code.parse::<usize>().ok()?));
        if let Some(slot) = slot {
            *slot = u16::try_from(table.rows.len()).ok();
            table.rows.push(Country::read(columns));
        }
    }
    table
});

impl Country {
    fn read(mut columns: std::str::Split<'static, char>) -> Self {
        let mut country = Self::default();
        for code in codes(columns.next()) {
            country.two |= 1u128.checked_shl(code).unwrap_or(0);
        }
        for code in codes(columns.next()) {
            if let Some(word) = country.three.get_mut(code as usize / 64) {
                *word |= 1 << (code % 64);
            }
        }
        country
    }

    fn has_two(&self, code: usize) -> bool {
        self.two >> code.min(127) & 1 == 1
    }

    fn has_three(&self, code: usize) -> bool {
        self.three.get(code / 64).is_some_and(|word| word >> (code % 64) & 1 == 1)
    }
}

/// `00-03 15 100-190`, or `-` for none.
fn codes(column: Option<&'static str>) -> impl Iterator<Item = u32> {
    let ranges = column.unwrap_or_default().split(' ').map(|range| range.split_once('-').unwrap_or((range, range)));
    ranges.filter_map(|(first, last)| Some(first.parse::<u32>().ok()?..=last.parse().ok()?)).flatten()
}

/// What network these digits begin with; nothing if not even the country is in use.
pub(super) fn network(digits: &[u8]) -> Option<Network> {
    let country = country(digits)?;
    let code = |len: usize| digits.get(3..3 + len).and_then(number);
    let assigned =
        code(2).is_some_and(|code| country.has_two(code)) || code(3).is_some_and(|code| country.has_three(code));
    Some(if assigned { Network::Assigned } else { Network::Unlisted })
}

/// What network this is, whose code has as many digits as stand here.
pub(super) fn exactly(country_code: &[u8], network_code: &[u8]) -> Option<Network> {
    let country = country(country_code).filter(|_| country_code.len() == 3)?;
    let code = number(network_code)?;
    match network_code.len() {
        2 if country.has_two(code) => Some(Network::Assigned),
        3 if country.has_three(code) => Some(Network::Assigned),
        2 | 3 => Some(Network::Unlisted),
        _ => None,
    }
}

/// Whether a mobile country code that is in use stands in front.
pub(super) fn has_country(digits: &[u8]) -> bool {
    country(digits).is_some()
}

fn country(digits: &[u8]) -> Option<&'static Country> {
    let row = *TABLE.row_of.get(number(digits.get(..3)?)?)?;
    TABLE.rows.get(usize::from(row?))
}

/// The value of up to three decimal digits; nothing if they are anything else.
fn number(digits: &[u8]) -> Option<usize> {
    let digits = Some(digits).filter(|digits| digits.len() <= 3)?;
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_told_from_countries() {
        for digits in ["00101", "001001", "23415", "310260", "72207", "722070", "99912", "999123"] {
            let expected = if digits == "72207" { Network::Unlisted } else { Network::Assigned };
            assert_eq!(network(digits.as_bytes()), Some(expected), "{digits}");
        }
        assert_eq!(network(b"00155"), Some(Network::Unlisted));
        assert_eq!(network(b"225"), Some(Network::Unlisted));
        for digits in ["", "23", "000", "19901", "2a415", "\u{b2}\u{b3}4"] {
            assert_eq!(network(digits.as_bytes()), None, "{digits}");
        }
    }

    #[test]
    fn the_length_of_a_code_counts_where_it_is_known() {
        assert_eq!(exactly(b"001", b"01"), Some(Network::Assigned));
        assert_eq!(exactly(b"001", b"010"), Some(Network::Unlisted));
        assert_eq!(exactly(b"310", b"260"), Some(Network::Assigned));
        assert_eq!(exactly(b"001", b"1"), None);
        assert_eq!(exactly(b"0010", b"01"), None);
        assert_eq!(exactly(b"001", b"123456789012345678901234567890"), None);
    }

    #[test]
    fn the_table_is_read_whole() {
        for row in include_str!("networks.tsv").lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<_> = row.split('\t').collect();
            assert_eq!(columns.len(), 3, "{row}");
            assert!(has_country(columns[0].as_bytes()), "{row}");
            for (column, len) in [(columns[1], 2), (columns[2], 3)] {
                for code in column.split([' ', '-']).filter(|code| !code.is_empty()) {
                    assert_eq!(code.len(), len, "{row}");
                    assert_eq!(exactly(columns[0].as_bytes(), code.as_bytes()), Some(Network::Assigned), "{row}");
                }
            }
        }
    }
}
