//! In what do two lists of fields differ, line by line?

use std::collections::BTreeMap;

use crate::exchange::Fields;

/// A line that is not as it was sent. Indices are those of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Only arrived.
    Added(usize),
    /// Only sent.
    Removed(usize),
    /// The value is another.
    Changed(usize, usize),
    /// The name is spelt otherwise.
    Recased(usize, usize),
    /// It stands elsewhere among those that are on both sides.
    Reordered(usize, usize),
}

/// What became of what was sent. The first line of a name is held against the first of that name, the second against the second;
/// of two lines of one name the ones with equal values belong together.
pub(super) fn changes(sent: &Fields, arrived: &Fields) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut pairs = Vec::new();
    let mut there = by_name(arrived);
    for (name, here) in by_name(sent) {
        let mut others = there.remove(&name).unwrap_or_default();
        let mut left = Vec::new();
        for index in here {
            match others.iter().position(|other| value(sent, index) == value(arrived, *other)) {
                Some(at) => pairs.push((index, others.remove(at))),
                None => left.push(index),
            }
        }
        let mut others = others.into_iter();
        for index in left {
            match others.next() {
                Some(other) => {
                    changes.push(Change::Changed(index, other));
                    pairs.push((index, other));
                }
                None => changes.push(Change::Removed(index)),
            }
        }
        changes.extend(others.map(Change::Added));
    }
    changes.extend(there.into_values().flatten().map(Change::Added));
    let spelt = |&(one, two): &(usize, usize)| {
        let same = sent.get(one).map(|field| &field.name) == arrived.get(two).map(|field| &field.name);
        (!same).then_some(Change::Recased(one, two))
    };
    changes.extend(pairs.iter().filter_map(spelt));
    pairs.sort_unstable();
    changes.extend(moved(&pairs));
    changes.sort_unstable();
    changes
}

fn value(fields: &Fields, index: usize) -> Option<&bytes::Bytes> {
    fields.get(index).map(|field| &field.value)
}

fn by_name(fields: &Fields) -> BTreeMap<String, Vec<usize>> {
    let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (index, field) in fields.iter().enumerate() {
        names.entry(field.name_str().to_ascii_lowercase()).or_default().push(index);
    }
    names
}

/// The fewest lines that have to be moved for the others to stand in the order in which they were sent: those outside a longest
/// increasing run. Heads are short, so that the square of their length does not matter.
fn moved(pairs: &[(usize, usize)]) -> Vec<Change> {
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(pairs.len());
    for (at, &(_, place)) in pairs.iter().enumerate() {
        let before = pairs.iter().zip(&best).take(at).enumerate();
        let before = before.filter(|(_, ((_, other), _))| *other < place).max_by_key(|(_, (_, (length, _)))| *length);
        best.push(before.map_or((1, None), |(index, (_, (length, _)))| (length + 1, Some(index))));
    }
    let mut stays = vec![false; pairs.len()];
    let mut at = best.iter().enumerate().max_by_key(|(_, (length, _))| *length).map(|(index, _)| index);
    while let Some(index) = at {
        if let Some(stay) = stays.get_mut(index) {
            *stay = true;
        }
        at = best.get(index).and_then(|(_, previous)| *previous);
    }
    let moved = pairs.iter().zip(stays).filter(|(_, stays)| !stays);
    moved.map(|((one, two), _)| Change::Reordered(*one, *two)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        text.split('|').filter_map(field).collect()
    }

    fn told(sent: &str, arrived: &str) -> Vec<Change> {
        changes(&fields(sent), &fields(arrived))
    }

    #[test]
    fn what_arrives_as_it_was_sent_is_no_difference() {
        assert!(told("Host: a|X: 1|x: 2", "Host: a|X: 1|x: 2").is_empty());
    }

    #[test]
    fn each_kind_is_told_by_itself() {
        assert_eq!(told("Host: a", "Host: a|X-MSISDN: 1"), [Change::Added(1)]);
        assert_eq!(told("Host: a|A: 1|B: 2", "Host: a|B: 2"), [Change::Removed(1)]);
        assert_eq!(told("Host: a|A: 1", "Host: a|A: 2"), [Change::Changed(1, 1)]);
        assert_eq!(told("Host: a|A: 1", "Host: a|a: 1"), [Change::Recased(1, 1)]);
        assert_eq!(told("Host: a|A: 1|B: 2", "A: 1|B: 2|Host: a"), [Change::Reordered(0, 2)]);
    }

    #[test]
    fn one_of_several_is_told_apart() {
        assert_eq!(told("X: 1|X: 2", "X: 2"), [Change::Removed(0)]);
        assert_eq!(told("X: 1|X: 2", "X: 1|X: 3"), [Change::Changed(1, 1)]);
        assert_eq!(told("X: 1", "X: 1|X: 9"), [Change::Added(1)]);
    }

    #[test]
    fn what_is_there_again_moves_nothing() {
        assert_eq!(told("A: 1|B: 2|C: 3", "Z: 0|A: 1|Y: 9|B: 2|C: 3"), [Change::Added(0), Change::Added(2)]);
    }
}
