//! How is one authority replaced by another?

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    CertAuthority,
    authority::{belong, make},
    error::{AuthorityError, date},
    seconds,
    store::Store,
};

/// What a rotation did.
#[derive(Debug)]
pub struct Rotated {
    /// The new authority.
    pub authority: CertAuthority,
    /// Where the old certificate is kept.
    pub old_certificate: PathBuf,
    /// Where the old key is kept.
    pub old_key: PathBuf,
}

/// Makes a new authority in the place of the one in `dir`, whose files are kept under a name with today's date (UTC).
/// A crash in between leaves the old or the new one in place, never half of each.
///
/// # Errors
/// [`AuthorityError::Missing`] when there is nothing to replace, and whatever reading and writing can bring. The old one
/// need not be sound, only there: replacing an exposed or expired one is what this is for.
pub fn rotate(dir: &Path, now: SystemTime) -> Result<Rotated, AuthorityError> {
    let store = Store::new(dir);
    // Without this, asking to rotate nothing would make the directory.
    store.read_any()?;
    let _lock = store.lock()?;
    store.recover(belong)?;
    let old = store.read_any()?;
    let (old_certificate, old_key) = store.keep_old(&old, &date(seconds(now)))?;
    store.stage(&make(now)?)?;
    store.commit()?;
    Ok(Rotated { authority: CertAuthority::load(dir)?, old_certificate, old_key })
}
