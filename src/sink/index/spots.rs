//! Where in the files does what is asked for stand?
//!
//! For those who read the files themselves, in their order, and would rather not read all of them. What is not certain is not
//! said: then the file is to be read.

use std::{collections::HashMap, path::Path};

use rusqlite::{Connection, params};

use super::{
    Kind, Wanted,
    entry::may_be_cut,
    schema,
    walk::{Choice, Walk, look_up_combos},
};

/// With more lines than one in so many, the files themselves are read as quickly.
const ONE_IN: i64 = 16;

/// Whether a term fits what is asked for.
pub type Fits<'a> = Box<dyn Fn(&str) -> bool + 'a>;

/// Of each event that is asked for, one term of this kind fits. It may fit more than is asked for.
pub struct Asked<'a> {
    /// The kind.
    pub kind: Kind,
    /// Whether a term fits.
    pub fits: Fits<'a>,
}

/// What the index knows of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spots {
    /// Up to here it was read.
    pub position: u64,
    /// Which were so many lines.
    pub lines: u64,
    /// Where lines stand that are asked for, in their order: bytes before each, and its length with its end.
    pub wanted: Vec<(u64, u64)>,
}

/// Where it stands in each file, by the file's name. Files that the index does not know, or in which lines stand that are not
/// in the index, are left out. Nothing where much is asked for: then there is nothing to be gained.
///
/// # Errors
/// There is no database, it does not answer, or another version of clir made it.
pub fn spots(dir: &Path, asked: &[Asked<'_>]) -> rusqlite::Result<Option<HashMap<String, Spots>>> {
    let mut database = schema::open_to_read(dir)?;
    // One state of it, however much is written meanwhile.
    let database = database.transaction()?;
    if !schema::is_ours(&database)? {
        return Ok(None);
    }
    let mut choices = asked
        .iter()
        .map(|asked| Choice::fitting(&database, asked.kind, |term| may_be_cut(term) || (asked.fits)(term)))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    look_up_combos(&database, &mut choices)?;
    let mut known = segments(&database)?;
    if !choices.iter().any(Choice::is_empty) {
        let lines: u64 = known.values().map(|(_, spots)| spots.lines).sum();
        let most = i64::try_from(lines).unwrap_or(i64::MAX) / ONE_IN;
        if !choices.iter().any(|choice| choice.can_lead() && choice.count <= most) {
            return Ok(None);
        }
        find(&database, &choices, &mut known)?;
    }
    Ok(Some(known.into_values().map(|(name, spots)| (name, in_order(spots))).collect()))
}

/// Files of which every line is in the index, by their number.
fn segments(database: &Connection) -> rusqlite::Result<HashMap<i64, (String, Spots)>> {
    let mut select = database.prepare("SELECT id, name, position, lines FROM segment WHERE strange = 0")?;
    let rows = select.query_map([], |row| {
        let spots = Spots { position: size(row.get(2)?), lines: size(row.get(3)?), wanted: Vec::new() };
        Ok((row.get(0)?, (row.get(1)?, spots)))
    })?;
    rows.collect()
}

fn find(database: &Connection, choices: &[Choice], known: &mut HashMap<i64, (String, Spots)>) -> rusqlite::Result<()> {
    let mut walk = Walk::new(database, choices, &Wanted::default())?;
    let mut spot = database.prepare("SELECT segment, offset, length FROM exchange WHERE key = ?1")?;
    while let Some(key) = walk.next_fitting()? {
        let (segment, offset, length) =
            spot.query_row(params![key], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)))?;
        if let Some((_, spots)) = known.get_mut(&segment) {
            spots.wanted.push((size(offset), size(length)));
        }
    }
    Ok(())
}

fn in_order(mut spots: Spots) -> Spots {
    spots.wanted.sort_unstable();
    spots
}

fn size(number: i64) -> u64 {
    number.max(0).cast_unsigned()
}
