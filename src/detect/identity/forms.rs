//! Is this a form of one of the user's own?
//!
//! Only digests are kept, SipHash under a key that the process draws at random: one look-up, however many there are.

use std::hash::{BuildHasher, RandomState};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    Identity,
    filter::{Filter, Sum},
    spellings, written,
};
use crate::detect::{Identifier, digested::ByDigest, finding::Severity, report::severity_of};

/// The longest form in digits; more can only be something else.
pub(super) const MOST_DIGITS: usize = 24;

/// The shortest.
pub(super) const FEWEST_DIGITS: usize = 8;

/// What a form stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub identifier: Identifier,
    pub severity: Severity,
    /// Whether so few digits stand here that they count only on their own.
    pub partial: bool,
}

/// What is looked up; the same bytes are something else in another role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// Digits as ASCII, perhaps with a filler.
    Digits,
    /// An address in lower case.
    Account,
    /// What a hash function made of either.
    Hash,
}

/// The digests of every form.
pub(super) struct Forms {
    key: RandomState,
    digits: Filter,
    hashes: Filter,
    known: ByDigest<Form>,
    hashed: Hashed,
    has_numbers: bool,
    has_devices: bool,
    has_accounts: bool,
}

impl Default for Forms {
    fn default() -> Self {
        let key = RandomState::new();
        let filter = || Filter::new((key.hash_one("one"), key.hash_one("other")));
        Self {
            digits: filter(),
            hashes: filter(),
            key,
            known: ByDigest::default(),
            hashed: Hashed::default(),
            has_numbers: false,
            has_devices: false,
            has_accounts: false,
        }
    }
}

impl Forms {
    /// Adds every form of one value, as `fit` left it.
    pub fn add(&mut self, identifier: Identifier, plain: &str) {
        match identifier {
            Identifier::Account => self.add_account(plain),
            _ => self.add_number(identifier, plain),
        }
    }

    /// To be called when everything was added.
    pub fn seal(&mut self) {
        self.digits.seal();
        self.hashes.seal();
        self.hashed.seal();
    }

    /// Whether digits with this sum may be a form.
    pub fn may_be_digits(&self, sum: Sum) -> bool {
        self.digits.may_be(sum.mark())
    }

    /// Whether a hash that begins like this may be that of a form.
    pub fn may_be_hash(&self, front: [u8; 4]) -> bool {
        self.hashes.may_be(u32::from_be_bytes(front).into())
    }

    /// What stands for these bytes.
    pub fn lookup(&self, role: Role, bytes: &[u8]) -> Option<Form> {
        let digest = self.key.hash_one((role, bytes));
        if role == Role::Hash { self.hashed.get(digest) } else { self.known.get(&digest).copied() }
    }

    /// Whether an IMEI is among them.
    pub fn has_devices(&self) -> bool {
        self.has_devices
    }

    /// Whether anything is among them that is no number.
    pub fn has_accounts(&self) -> bool {
        self.has_accounts
    }

    /// Whether there are numbers.
    pub fn has_numbers(&self) -> bool {
        self.has_numbers
    }

    fn add_number(&mut self, identifier: Identifier, plain: &str) {
        self.has_numbers = true;
        self.has_devices |= identifier == Identifier::Imei;
        for spelling in spellings::straight(identifier, plain) {
            self.insert_digits(identifier, &spelling);
            self.insert_hashes(identifier, &spelling.digits);
        }
        for spelling in spellings::turned(identifier, plain) {
            self.insert_digits(identifier, &spelling);
        }
        if identifier == Identifier::Msisdn {
            for sign in ["+", "tel:+"] {
                self.insert_hashes(identifier, &Zeroizing::new(format!("{sign}{plain}")));
            }
        }
        for spelling in written::spellings(identifier, plain) {
            self.insert_hashes(identifier, &spelling);
        }
    }

    fn add_account(&mut self, plain: &str) {
        self.has_accounts = true;
        let small = Zeroizing::new(plain.to_lowercase());
        let backwards = Zeroizing::new(small.chars().rev().collect::<String>());
        let form = Form { identifier: Identifier::Account, severity: Severity::Critical, partial: false };
        self.insert(Role::Account, small.as_bytes(), form);
        self.insert(Role::Account, backwards.as_bytes(), form);
        for spelling in spellings::address(plain) {
            self.insert_hashes(Identifier::Account, &spelling);
        }
    }

    fn insert_digits(&mut self, identifier: Identifier, spelling: &spellings::Spelling) {
        let digits = spelling.digits.as_bytes();
        if (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len()) {
            self.digits.add(Sum::of(digits).mark());
            let form = Form { identifier, severity: severity_of(identifier), partial: spelling.partial };
            self.insert(Role::Digits, digits, form);
        }
    }

    /// Who knows the function tries all numbers in a minute; but nobody reads it off. Who makes hashes in a shell mostly
    /// hashes the end of the line as well.
    fn insert_hashes(&mut self, identifier: Identifier, spelling: &str) {
        if spelling.len() < FEWEST_DIGITS {
            return;
        }
        for end in ["", "\n"] {
            self.insert_hash(&Md5::new().chain_update(spelling).chain_update(end).finalize(), identifier);
            self.insert_hash(&Sha1::new().chain_update(spelling).chain_update(end).finalize(), identifier);
            self.insert_hash(&Sha256::new().chain_update(spelling).chain_update(end).finalize(), identifier);
        }
    }

    fn insert_hash(&mut self, hash: &[u8], identifier: Identifier) {
        if let Some(&front) = hash.first_chunk() {
            self.hashes.add(u32::from_be_bytes(front).into());
        }
        self.hashed.add(self.key.hash_one((Role::Hash, hash)), identifier);
    }

    /// A form that belongs to two stands for the one that was registered first.
    fn insert(&mut self, role: Role, bytes: &[u8], form: Form) {
        let digest = self.key.hash_one((role, bytes));
        let known = self.known.entry(digest).or_insert(form);
        known.partial &= form.partial;
    }
}

/// What hash functions made of every spelling: some two thousand of a phone number. So only eight bytes are kept of each,
/// of which the last one tells its kind.
#[derive(Default)]
struct Hashed(Vec<u64>);

impl Hashed {
    fn add(&mut self, digest: u64, identifier: Identifier) {
        let kind = Identity::KINDS.iter().position(|&kind| kind == identifier).unwrap_or_default();
        self.0.push(digest & !0xff | kind as u64);
    }

    /// The first of equal ones stays.
    fn seal(&mut self) {
        self.0.sort_by_key(|digest| digest >> 8);
        self.0.dedup_by_key(|digest| *digest >> 8);
        self.0.shrink_to_fit();
    }

    fn get(&self, digest: u64) -> Option<Form> {
        let at = self.0.binary_search_by_key(&(digest >> 8), |known| known >> 8).ok()?;
        let identifier = *Identity::KINDS.get((self.0.get(at)? & 0xff) as usize)?;
        Some(Form { identifier, severity: severity_of(identifier).min(Severity::High), partial: false })
    }
}
