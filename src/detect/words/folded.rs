//! Where in a name do its tokens begin?

/// Longer names say no more in what follows.
pub(in crate::detect) const LONGEST: usize = 64;

/// A place in a folded name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::detect) struct Piece {
    pub start: usize,
    pub end: usize,
}

impl Piece {
    /// How it is written in this name, folded.
    pub fn of(self, name: &[u8]) -> String {
        String::from_utf8_lossy(Folded::new(name).piece(self)).into_owned()
    }
}

/// What a byte is in a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sign,
    Small,
    Large,
    Digit,
}

static KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Sign; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'a'..=b'z' => Kind::Small,
            b'A'..=b'Z' => Kind::Large,
            b'0'..=b'9' => Kind::Digit,
            _ => Kind::Sign,
        };
        byte += 1;
    }
    kinds
};

/// A name without separators, in lower case; bit n of `borders` is set where a token begins at n.
#[derive(Clone, Debug)]
pub(in crate::detect) struct Folded {
    pub text: [u8; LONGEST],
    pub len: usize,
    pub borders: u64,
}

impl Folded {
    pub fn new(name: &[u8]) -> Self {
        let mut folded = Self { text: [0; LONGEST], len: 0, borders: 1 };
        let mut last = Kind::Sign;
        for &byte in name {
            let kind = KINDS.get(usize::from(byte)).copied().unwrap_or(Kind::Sign);
            // Digits have the bit that makes letters small. A sign is written over by what follows.
            let Some(slot) = folded.text.get_mut(folded.len) else { break };
            *slot = byte | 0x20;
            let opens = kind != Kind::Sign && (last == Kind::Sign || last == Kind::Small && kind == Kind::Large);
            folded.borders |= u64::from(opens) << folded.len;
            folded.len += usize::from(kind != Kind::Sign);
            last = kind;
        }
        folded.mark_border();
        folded
    }

    /// Behind as many letters as there is room for stands one without a mark.
    pub fn mark_border(&mut self) {
        self.borders |= u32::try_from(self.len).ok().and_then(|len| 1_u64.checked_shl(len)).unwrap_or(0);
    }

    pub fn text(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    /// The first border from a place on; behind the text nothing but borders stands.
    fn border_from(&self, from: usize) -> usize {
        u32::try_from(from).ok().and_then(|bits| self.borders.checked_shr(bits)).map_or(from, |rest| {
            // Behind as many letters as there is room for.
            if rest == 0 { LONGEST } else { from + rest.trailing_zeros() as usize }
        })
    }

    /// What stands before a place in its token.
    pub fn front_of_token(&self, to: usize) -> Option<&[u8]> {
        let before = self.borders & !(u64::MAX.checked_shl(u32::try_from(to).ok()?).unwrap_or(0) << 1);
        self.text.get(before.checked_ilog2()? as usize..to)
    }

    /// Where tokens begin, up to a place.
    pub fn borders_before(&self, end: usize) -> impl Iterator<Item = usize> {
        let mut rest = self.borders & !(u64::MAX << end);
        std::iter::from_fn(move || {
            let at = rest.trailing_zeros() as usize;
            rest &= rest.wrapping_sub(1);
            (at < LONGEST).then_some(at)
        })
    }

    /// What stands behind a place in its token.
    pub fn rest_of_token(&self, from: usize) -> Option<&[u8]> {
        self.text.get(from..self.border_from(from)).filter(|_| from <= self.len)
    }

    /// Tokens between two places, cut there.
    pub fn pieces(&self, from: usize, to: usize) -> impl Iterator<Item = Piece> {
        let mut start = from;
        std::iter::from_fn(move || {
            let end = (start < to).then(|| self.border_from(start + 1).min(to))?;
            Some(Piece { start: std::mem::replace(&mut start, end), end })
        })
    }

    /// The first token behind `X-`: who writes, or what.
    pub fn vendor(&self) -> Option<Piece> {
        self.pieces(0, self.len).find(|piece| !matches!(self.piece(*piece), b"x" | b"http"))
    }

    /// All tokens.
    pub fn tokens(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces(0, self.len).map(|piece| self.piece(piece))
    }

    pub fn piece(&self, piece: Piece) -> &[u8] {
        self.text.get(piece.start..piece.end).unwrap_or_default()
    }
}
