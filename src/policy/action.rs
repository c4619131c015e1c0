//! What can a rule do?

use bytes::Bytes;

/// What a rule does with what it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave it, and say so in the event.
    Keep,
    /// Take it out: the field line, or the cookie pair or query parameter that holds the finding.
    Strip,
    /// Put something else in the place of the found bytes.
    Redact(Redaction),
    /// Put this text in the place of the whole value.
    Replace(Bytes),
    /// Refuse the request with this status.
    Block(u16),
}

/// What a redaction leaves in the place of the found bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// As many asterisks.
    Mask,
    /// A digest under the installation's key, the same for every site.
    Hash,
    /// Digits for digits and letters for letters, keyed, different for each registrable domain.
    Pseudonym,
}

impl Action {
    /// Whether nothing of what was found is passed on: such a rule may be believed in on anybody's word.
    pub fn withholds(&self) -> bool {
        matches!(self, Self::Strip | Self::Block(_))
    }

    /// The word that stands in events: `keep`, `strip`, `redact`, `replace` or `block`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Strip => "strip",
            Self::Redact(_) => "redact",
            Self::Replace(_) => "replace",
            Self::Block(_) => "block",
        }
    }

    /// Whether it changes what it matches, so that a field that frames the message must be spared.
    pub fn edits(&self) -> bool {
        matches!(self, Self::Strip | Self::Redact(_) | Self::Replace(_))
    }
}

impl Redaction {
    /// Every redaction.
    pub const ALL: &'static [Self] = &[Self::Mask, Self::Hash, Self::Pseudonym];

    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::Hash => "hash",
            Self::Pseudonym => "pseudonym",
        }
    }
}
