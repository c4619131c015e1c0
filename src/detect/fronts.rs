//! Can a word of the vocabulary stand in this name at all?
//!
//! Nearly all keys of cookies are turned away by how words begin, for less than it costs to fold and to search them.

/// Which letters words begin with.
///
/// Letters and digits count by their last five bits, of which the digits share some with letters; what is behind the end
/// counts as zero.
#[derive(Debug)]
pub(super) struct Fronts {
    /// For each pair that a word begins with, what may follow.
    third: [u32; 1024],
    /// For the second and third, what may follow.
    fourth: [u32; 1024],
}

/// Anything may follow.
const ANY: u32 = u32::MAX;

impl Fronts {
    /// Of these words, some of which count misspelt as well.
    pub fn of<'a>(words: &[&str], misspellable: impl Iterator<Item = &'a str>) -> Self {
        let mut fronts = Self { third: [0; 1024], fourth: [0; 1024] };
        words.iter().for_each(|word| fronts.add(word.as_bytes()));
        misspellable.for_each(|word| fronts.add_misspelt(word.as_bytes()));
        fronts
    }

    /// What is misspelt further back begins like the word itself.
    fn add_misspelt(&mut self, word: &[u8]) {
        for at in 1..4.min(word.len()) {
            let (front, rest) = word.split_at(at);
            let behind = rest.get(1..).unwrap_or_default();
            let swapped = [behind.get(..1).unwrap_or_default(), rest.get(..1).unwrap_or_default()].concat();
            self.add(&[front, behind].concat());
            self.add(&[front, &swapped, behind.get(1..).unwrap_or_default()].concat());
            for letter in 0..32 {
                self.add(&[front, &[letter], behind].concat());
                self.add(&[front, &[letter], rest].concat());
            }
        }
    }

    fn add(&mut self, word: &[u8]) {
        let at = |place: usize| word.get(place).copied();
        let (third, fourth) = (at(2).map_or(ANY, bit), at(3).map_or(ANY, bit));
        // Behind a word of two letters stands anything, so a third letter that is not known is all of them.
        let seconds = at(2).map_or(0..32, |third| third & 31..(third & 31) + 1);
        let pair = |first: u8, second: u8| usize::from(first & 31) << 5 | usize::from(second & 31);
        let [Some(first), Some(second)] = [at(0), at(1)] else { return self.admit_all() };
        self.third.get_mut(pair(first, second)).into_iter().for_each(|set| *set |= third);
        for third in seconds {
            self.fourth.get_mut(pair(second, third)).into_iter().for_each(|set| *set |= fourth);
        }
    }

    /// A word of one letter may stand anywhere.
    fn admit_all(&mut self) {
        *self = Self { third: [ANY; 1024], fourth: [ANY; 1024] };
    }

    /// Whether a word may stand in this name, misspelt or not; if not, none does.
    pub fn may_stand_in(&self, name: &[u8]) -> bool {
        let mut window = Window { fronts: self, pair: 0, open: false };
        for &byte in name {
            let letter = LETTERS.get(usize::from(byte)).copied().unwrap_or(SIGN);
            if letter != SIGN && window.ends_front(letter) {
                return true;
            }
        }
        window.ends_front(0) || window.ends_front(0)
    }
}

/// What stands before a letter.
struct Window<'a> {
    fronts: &'a Fronts,
    pair: usize,
    open: bool,
}

impl Window<'_> {
    /// Takes one more letter; true if a word may begin with the last four.
    fn ends_front(&mut self, letter: u8) -> bool {
        let follows = |set: &[u32; 1024]| set.get(self.pair).is_some_and(|set| set >> letter & 1 != 0);
        let ends = self.open && follows(&self.fronts.fourth);
        self.open = follows(&self.fronts.third);
        self.pair = (self.pair << 5 | usize::from(letter)) & 1023;
        ends
    }
}

/// What is neither a letter nor a digit.
const SIGN: u8 = 0xff;

static LETTERS: [u8; 256] = {
    let mut letters = [SIGN; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() {
            letters[byte] = byte as u8 & 31;
        }
        byte += 1;
    }
    letters
};

/// A bit for a letter or a digit.
pub(super) fn bit(byte: u8) -> u32 {
    1 << (byte & 31)
}
