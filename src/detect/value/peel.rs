//! Is a value something that is no number, as it stands or below its encodings?

use super::{
    decode::{self, ATTEMPT, Buffer, DEPTH, LONGEST},
    opaque::trim,
};

/// Whether a value is such a thing, without what stands around it; if `decode`, what it says decoded is asked as well,
/// within bounds.
pub(super) fn any(value: &[u8], decode: bool, is_one: fn(&[u8]) -> bool) -> bool {
    let depth = if decode { DEPTH } else { 0 };
    Peeling { is_one, work: decode::work(value.len()) }.reaches(trim(value), depth)
}

/// The way to what is encoded.
struct Peeling {
    is_one: fn(&[u8]) -> bool,
    /// How much may still be decoded.
    work: usize,
}

impl Peeling {
    fn reaches(&mut self, value: &[u8], depth: usize) -> bool {
        if (self.is_one)(value) {
            return true;
        }
        let Some(deeper) = depth.checked_sub(1) else { return false };
        let mut buffer: Buffer = [0; LONGEST];
        decode::PLAIN_TEXT.iter().any(|(_, decoder)| {
            let Some(left) = self.work.checked_sub(ATTEMPT) else { return false };
            self.work = left;
            let Some(inner) = decoder(value, &mut buffer).and_then(|len| buffer.get(..len)) else { return false };
            self.work = self.work.saturating_sub(inner.len());
            self.reaches(trim(inner), deeper)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn three_encodings_are_undone_and_not_four() {
        let mut value = "needle".to_owned();
        for layers in 0..=DEPTH + 1 {
            assert_eq!(any(value.as_bytes(), true, |text| text == b"needle"), layers <= DEPTH, "{layers}");
            assert_eq!(any(value.as_bytes(), false, |text| text == b"needle"), layers == 0, "{layers}");
            value = STANDARD.encode(value);
        }
    }

    #[test]
    fn what_can_be_decoded_in_every_way_ends_soon() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let value = "\u{e9}\"NDQ3\\u0034\u{200b}1f\\\\%34\u{664}%uff14::NDQ3".repeat(6);
        let count = |_: &[u8]| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            false
        };
        assert!(!any(value.as_bytes(), true, count));
        let asked = ASKED.load(Ordering::Relaxed);
        assert!((2..=16).contains(&asked), "{asked}");
    }
}
