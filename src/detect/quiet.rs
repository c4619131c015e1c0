//! What was judged before, and how did that end?
//!
//! Clients and servers send the same names, and mostly the same values, again and again. What hangs on them alone is
//! worked out once: of each is kept a digest under a random key, and a few bits of what came of it, never a name or a
//! value. Nothing here decides; whoever asks sees to it that all that its answer hangs on is part of the question.
//!
//! Each thread has a small table of its own, so nobody waits. What is new takes the place of what stood there: whoever
//! sends ever new fields costs others what they would cost without it.
//!
//! The digest is NH (Black et al., UMAC, 1999): whoever does not know the key meets another question's digest with one
//! try in 2⁵⁶, whatever is sent, and nothing that is made with it is ever seen.

use std::{
    cell::{Cell, RefCell},
    hash::{BuildHasher, RandomState},
};

/// Places for answers: 64 KiB in each thread that judges.
const SLOTS: usize = 4096;

/// Longer names and values are not remembered.
const LONGEST: usize = 2048;

/// Words of the key: for name and value, each filled up to a block, and for what stands before them.
const KEY: usize = HEAD + 2 * (LONGEST / 8);
const HEAD: usize = 4;

/// The bits of a slot that hold the answer.
const ANSWER: u128 = 0xff;

thread_local! {
    static TABLE: RefCell<Table> = const { RefCell::new(Table { key: Vec::new(), slots: Vec::new() }) };
}

/// What is asked: answers to one question are none to another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    /// What the judgement of an unlisted field that found nothing hung on.
    Field = 1,
    /// Whether pairs of a cookie were found to hold nothing.
    Cookie,
    /// Whether a name that no signature knows is surely a network's.
    Networks,
    /// Whether the words of a name were found to say nothing together.
    Sense,
    /// Whether a name has a word under which applications keep what is theirs.
    Own,
    /// Whether a name has a word of what passes.
    Common,
    /// Whether a value looks like a random token.
    Pseudonym,
}

/// A question that was put, whose answer may be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(u128);

struct Table {
    key: Vec<u64>,
    slots: Vec<u128>,
}

/// The answer, if it is remembered, and the mark to remember one under; nothing for what is too long.
pub(super) fn recall(question: Question, terms: u64, name: &[u8], value: &[u8]) -> Option<(Mark, Option<u8>)> {
    if name.len() > LONGEST || value.len() > LONGEST {
        return None;
    }
    let ask = |table: &RefCell<Table>| {
        let mut table = table.try_borrow_mut().ok()?;
        table.prepare();
        let mark = table.digest([question as u64, terms, name.len() as u64, value.len() as u64], name, value);
        let known = table.slots.get(slot(mark)).filter(|known| **known | ANSWER == mark | ANSWER && **known != 0);
        Some((Mark(mark), known.map(|known| *known as u8)))
    };
    TABLE.try_with(ask).ok().flatten()
}

/// The answer to a question about one text alone, which is worked out if it is not remembered.
pub(super) fn of(question: Question, text: &[u8], work_out: impl FnOnce() -> bool) -> bool {
    match recall(question, 0, text, b"") {
        Some((_, Some(answer))) => answer != 0,
        Some((mark, None)) => {
            let answer = work_out();
            keep(mark, u8::from(answer));
            answer
        }
        None => work_out(),
    }
}

/// Remembers an answer, in place of what stood there.
pub(super) fn keep(Mark(mark): Mark, answer: u8) {
    // Where a thread ends nothing is remembered any more.
    let _ = TABLE.try_with(|table| {
        let mut table = table.try_borrow_mut().ok()?;
        *table.slots.get_mut(slot(mark))? = mark & !ANSWER | u128::from(answer);
        Some(())
    });
}

/// Digests of two questions about one thing may be close to each other; their places are not.
fn slot(mark: u128) -> usize {
    let folded = (mark >> 64) as u64 ^ (mark >> 8) as u64;
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % SLOTS
}

impl Table {
    fn prepare(&mut self) {
        if self.slots.is_empty() {
            let random = RandomState::new();
            self.key = (0..KEY).map(|at| random.hash_one(at)).collect();
            self.slots = vec![0; SLOTS];
        }
    }

    /// What stands in front tells how long the rest is, so that what is filled up with zeros is told from what ends so.
    fn digest(&self, head: [u64; HEAD], name: &[u8], value: &[u8]) -> u128 {
        let (front, rest) = self.key.split_at_checked(HEAD).unwrap_or_default();
        let (head, _) = head.as_chunks();
        let sum = add(0, front, head.iter().copied());
        let (blocks, rest) = rest.split_at_checked(name.len().div_ceil(16) * 2).unwrap_or_default();
        add(add(sum, blocks, words(name)), rest, words(value))
    }
}

/// One product for each two words.
fn add(sum: u128, key: &[u64], words: impl Iterator<Item = [u64; 2]>) -> u128 {
    let (keys, _) = key.as_chunks();
    keys.iter().zip(words).fold(sum, |sum, ([one, other], [first, second])| {
        let product = u128::from(first.wrapping_add(*one)) * u128::from(second.wrapping_add(*other));
        sum.wrapping_add(product)
    })
}

fn words(text: &[u8]) -> impl Iterator<Item = [u64; 2]> {
    let (blocks, rest) = text.as_chunks::<16>();
    let mut last = [0; 16];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let last = (!rest.is_empty()).then_some(last);
    blocks.iter().copied().chain(last).map(|block| {
        let block = u128::from_le_bytes(block);
        [block as u64, (block >> 64) as u64]
    })
}

/// What a judgement hung on beside name and value: which questions were asked, and which of them answered with yes.
#[derive(Debug, Default)]
pub(super) struct Asked(Cell<u8>);

/// How many questions there may be.
const QUESTIONS: u32 = 4;

impl Asked {
    /// Notes a question, by its number, and the answer.
    pub fn hear(&self, question: u32, answer: bool) -> bool {
        self.0.set(self.0.get() | 1 << question | u8::from(answer) << (question + QUESTIONS));
        answer
    }

    /// Whether a question was asked and the answer was yes.
    pub fn has_heard(kept: u8, question: u32) -> bool {
        kept >> (question + QUESTIONS) & 1 == 1
    }

    /// What was asked since this was last taken, to be kept.
    pub fn take(&self) -> u8 {
        self.0.take()
    }
}

/// Whether all that was asked then would be answered alike now.
pub(super) fn is_answered_alike(kept: u8, answers: &[&dyn Fn() -> bool; QUESTIONS as usize]) -> bool {
    let alike = |(question, answer): (u32, &&dyn Fn() -> bool)| {
        kept >> question & 1 == 0 || answer() == (kept >> (question + QUESTIONS) & 1 == 1)
    };
    (0..).zip(answers).all(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &[u8], value: &[u8]) -> Option<u8> {
        recall(Question::Field, 0, name, value).unwrap().1
    }

    #[test]
    fn what_was_kept_is_known_and_nothing_else() {
        let long = [b'a'; LONGEST];
        let pairs: &[(&[u8], &[u8])] = &[
            (b"", b""),
            (b"a", b""),
            (b"", b"a"),
            (b"a", b"\0"),
            (b"a\0", b""),
            (b"ab", b"c"),
            (b"a", b"bc"),
            (b"0123456789abcdef", b"x"),
            (b"0123456789abcde", b"fx"),
            (&long, &long),
            (&long, b""),
            (b"", &long),
        ];
        for (at, (name, value)) in pairs.iter().enumerate() {
            assert_eq!(known(name, value), None, "{at}");
            keep(recall(Question::Field, 0, name, value).unwrap().0, at as u8);
            assert_eq!(known(name, value), Some(at as u8));
            assert!(recall(Question::Cookie, 0, name, value).unwrap().1.is_none());
            assert!(recall(Question::Field, 1, name, value).unwrap().1.is_none());
        }
        assert!(recall(Question::Field, 0, &[b'a'; LONGEST + 1], b"").is_none());
    }

    #[test]
    fn what_is_new_takes_the_place_of_what_is_old() {
        let names: Vec<String> = (0..SLOTS * 8).map(|at| format!("x-{at}")).collect();
        for name in &names {
            assert!(of(Question::Own, name.as_bytes(), || true));
        }
        let kept = |names: &[String]| names.iter().filter(|name| is_known(name)).count();
        let (old, new) = (kept(&names[..SLOTS]), kept(&names[SLOTS * 7..]));
        assert!(old < SLOTS / 50 && new > SLOTS / 2, "{old}, {new}");
        TABLE.with_borrow(|table| assert_eq!((table.slots.len(), table.key.len()), (SLOTS, KEY)));
    }

    fn is_known(name: &str) -> bool {
        recall(Question::Own, 0, name.as_bytes(), b"").unwrap().1.is_some()
    }

    #[test]
    fn what_is_asked_of_one_name_has_a_place_each() {
        let slots = |name: &str| {
            let marks = [Question::Networks, Question::Own, Question::Common].map(|question| {
                let (mark, _) = recall(question, 0, name.as_bytes(), b"").unwrap();
                slot(mark.0)
            });
            marks[0] != marks[1] && marks[1] != marks[2] && marks[0] != marks[2]
        };
        let apart = (0..1000).filter(|at| slots(&format!("X-Name-{at}"))).count();
        assert!(apart > 980, "{apart} of 1000");
    }

    #[test]
    fn a_digest_hangs_on_every_bit_and_on_the_key() {
        let table = || {
            let mut table = Table { key: Vec::new(), slots: Vec::new() };
            table.prepare();
            table
        };
        let (table, other) = (table(), table());
        let mut random = fastrand::Rng::with_seed(7);
        for len in 1..200 {
            let text: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
            let head = [1, 0, 0, len as u64];
            let digest = table.digest(head, b"", &text);
            assert_ne!(digest, other.digest(head, b"", &text));
            for bit in 0..len * 8 {
                let mut changed = text.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(table.digest(head, b"", &changed) | ANSWER, digest | ANSWER, "{len}, {bit}");
            }
        }
    }

    #[test]
    fn only_what_was_asked_has_to_be_alike() {
        let asked = Asked::default();
        assert!(asked.hear(0, true) && !asked.hear(2, false));
        let kept = asked.take();
        let (yes, no) = (|| true, || false);
        assert!(is_answered_alike(kept, &[&yes, &no, &no, &yes]) && is_answered_alike(kept, &[&yes, &yes, &no, &no]));
        assert!(!is_answered_alike(kept, &[&no, &no, &no, &no]) && !is_answered_alike(kept, &[&yes, &no, &yes, &no]));
        assert_eq!(asked.take(), 0);
    }
}
