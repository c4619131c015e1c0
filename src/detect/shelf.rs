//! Is this one of those words?
//!
//! Nearly everything that is asked is none of them, and is turned away by its first letters and its length, for less than
//! it costs to compare it with one. The words are small ASCII letters and digits.

/// A longer word counts as one of this length until it is compared.
const LONGEST: usize = 31;

/// Words, each with what it stands for. `BOARDS` is 32, where words are told apart by their first letter, or 1024, where
/// by their first two.
#[derive(Debug)]
pub(super) struct Shelf<T, const BOARDS: usize> {
    /// In the order of their boards.
    words: Vec<(Box<str>, T)>,
    boards: Vec<Board>,
}

/// The words that begin alike.
#[derive(Clone, Copy, Debug, Default)]
struct Board {
    /// Where they stand.
    start: u32,
    end: u32,
    /// How long they are, bit n for n letters.
    lengths: u32,
}

impl<T, const BOARDS: usize> Shelf<T, BOARDS> {
    /// Takes words of which none stands twice.
    pub fn new(words: impl IntoIterator<Item = (Box<str>, T)>) -> Self {
        let mut words: Vec<_> = words.into_iter().collect();
        words.sort_by(|(a, _), (b, _)| (board::<BOARDS>(a.as_bytes()), a).cmp(&(board::<BOARDS>(b.as_bytes()), b)));
        let mut boards = vec![Board::default(); BOARDS];
        for (at, (word, _)) in (0..).zip(&words) {
            if let Some(board) = boards.get_mut(board::<BOARDS>(word.as_bytes())) {
                board.start = if board.lengths == 0 { at } else { board.start };
                board.end = at + 1;
                board.lengths |= length(word.len());
            }
        }
        Self { words, boards }
    }

    /// What a word stands for, if it is one of these.
    pub fn get(&self, word: &[u8]) -> Option<&T> {
        let board = self.boards.get(board::<BOARDS>(word)).filter(|board| board.lengths & length(word.len()) != 0)?;
        self.on(*board).iter().find(|(one, _)| one.as_bytes() == word).map(|(_, meaning)| meaning)
    }

    /// The words that stand at the front of this text, and what they stand for; none that has fewer letters than tell
    /// boards apart, unless the text has as few.
    pub fn fronts(&self, text: &[u8]) -> impl Iterator<Item = (&str, &T)> {
        let board = self.boards.get(board::<BOARDS>(text)).copied().unwrap_or_default();
        // Most words differ in one of their first letters: to call for a comparison costs more than to make it.
        let stands = move |(word, _): &&(Box<str>, T)| {
            word.len() <= text.len() && word.bytes().zip(text).all(|(letter, other)| letter == *other)
        };
        self.on(board).iter().filter(stands).map(|(word, meaning)| (&**word, meaning))
    }

    /// All words.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|(word, _)| &**word)
    }

    fn on(&self, board: Board) -> &[(Box<str>, T)] {
        self.words.get(board.start as usize..board.end as usize).unwrap_or_default()
    }
}

/// Letters and digits count by their last five bits, of which the digits share some with letters.
fn board<const BOARDS: usize>(text: &[u8]) -> usize {
    let letter = |at: usize| text.get(at).map_or(0, |byte| usize::from(byte & 31));
    if BOARDS > 32 { letter(0) << 5 | letter(1) } else { letter(0) }
}

fn length(len: usize) -> u32 {
    1 << len.min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf<const BOARDS: usize>(words: &[&str]) -> Shelf<usize, BOARDS> {
        Shelf::new(words.iter().enumerate().map(|(at, word)| (Box::from(*word), at)))
    }

    #[test]
    fn words_are_found_and_nothing_else_is() {
        let long = "a".repeat(40);
        let words = ["imsi", "imei", "p", "0", "p4", "04", "im", &long];
        let (few, many) = (shelf::<32>(&words), shelf::<1024>(&words));
        for (at, word) in words.iter().enumerate() {
            assert_eq!((few.get(word.as_bytes()), many.get(word.as_bytes())), (Some(&at), Some(&at)), "{word}");
        }
        for other in ["", "i", "ims", "imsj", "imsii", "IMSI", "q", "4p", &"a".repeat(39), &"b".repeat(40)] {
            assert_eq!((few.get(other.as_bytes()), many.get(other.as_bytes())), (None, None), "{other}");
        }
    }

    #[test]
    fn words_are_found_at_the_front() {
        let shelf = shelf::<32>(&["sub", "user", "subs", "u"]);
        assert_eq!(shelf.fronts(b"users").collect::<Vec<_>>(), [("u", &3), ("user", &1)]);
        assert_eq!(shelf.fronts(b"subs").map(|(word, _)| word).collect::<Vec<_>>(), ["sub", "subs"]);
        assert_eq!((shelf.fronts(b"none").count(), shelf.fronts(b"").count(), shelf.fronts(b"se").count()), (0, 0, 0));
    }
}
