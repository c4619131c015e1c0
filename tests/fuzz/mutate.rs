//! What do neighbours of a sound input look like?

use fastrand::Rng;

/// Bytes on which readers of text and of records turn.
const TURNING: &[u8] = b"\0\t\n\r \"#%&'(),-./:;<=>?@[\\]_{|}~\x7f\x80\xc0\xe2\xff";

/// Numbers at which arithmetic turns.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "00",
    "255",
    "256",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "0x10",
    "1e9",
    "+5",
];

/// Changes an input a little. `other` is a second input to borrow from.
pub fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[&[u8]], random: &mut Rng) {
    match random.u8(..10) {
        0 => flip(input, random),
        1 => replace_byte(input, random.u8(..), random),
        2 => replace_byte(input, TURNING[random.usize(..TURNING.len())], random),
        3 => insert(input, &[TURNING[random.usize(..TURNING.len())]], random),
        4 if !words.is_empty() => insert(input, words[random.usize(..words.len())], random),
        5 => {
            let gone = range(input.len(), random);
            input.drain(gone);
        }
        6 => {
            let again = input[range(input.len(), random)].repeat(random.usize(1..=3));
            insert(input, &again, random);
        }
        7 => {
            let borrowed = &other[range(other.len(), random)];
            let gone = range(input.len(), random);
            input.splice(gone, borrowed.iter().copied());
        }
        8 => replace_number(input, random),
        _ => lengthen(input, random),
    }
}

fn flip(input: &mut [u8], random: &mut Rng) {
    if let Some(byte) = random.choice(input) {
        *byte ^= 1 << random.u8(..8);
    }
}

fn replace_byte(input: &mut [u8], new: u8, random: &mut Rng) {
    if let Some(byte) = random.choice(input) {
        *byte = new;
    }
}

fn insert(input: &mut Vec<u8>, bytes: &[u8], random: &mut Rng) {
    let at = random.usize(..=input.len());
    input.splice(at..at, bytes.iter().copied());
}

/// Puts a number that is special in the place of one that stands there.
fn replace_number(input: &mut Vec<u8>, random: &mut Rng) {
    let from = random.usize(..=input.len());
    let Some(start) = input[from..].iter().position(u8::is_ascii_digit).map(|at| from + at) else { return };
    let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = NUMBERS[random.usize(..NUMBERS.len())];
    input.splice(start..start + length, number.bytes());
}

/// Makes one place very long, now and then: limits are there to be crossed.
fn lengthen(input: &mut Vec<u8>, random: &mut Rng) {
    if random.u8(..16) > 0 {
        return;
    }
    let piece = input[range(input.len(), random)].to_vec();
    let count = 1 << random.u8(4..13);
    if piece.len() * count < 64 * 1024 {
        insert(input, &piece.repeat(count), random);
    }
}

/// A part of something of this length, more often short than long.
fn range(length: usize, random: &mut Rng) -> std::ops::Range<usize> {
    let start = random.usize(..=length);
    let most = if random.bool() { 8 } else { length };
    start..(start + random.usize(..=most)).min(length)
}
