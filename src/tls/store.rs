//! Where do the authority's two files lie, and how do they get there together?
//!
//! Two files cannot be put in place in one step. Both are first written under a pending name; then the key is renamed,
//! then the certificate. Whatever moment a crash picks, [`Store::recover`] can tell what was meant: a pending
//! certificate that belongs to the key in place goes beside it, anything else pending has never been seen by anybody
//! and goes away.

use std::{
    fs,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    error::AuthorityError,
    files::{self, DirLock, PUBLIC, SECRET},
};

/// The directory of an authority.
pub struct Store {
    dir: PathBuf,
}

/// What the two files hold.
pub struct Pair {
    /// PEM; possibly more than one block.
    pub certificate: Vec<u8>,
    /// PEM.
    pub key: Zeroizing<Vec<u8>>,
}

impl Store {
    /// The store in this directory, which need not exist.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The certificate, which phones are given.
    pub fn certificate(&self) -> PathBuf {
        self.dir.join("clir-ca.pem")
    }

    /// The private key, which nobody is given.
    pub fn key(&self) -> PathBuf {
        self.dir.join("clir-ca.key")
    }

    /// Reads both files, provided that nobody else may read the key.
    pub fn read(&self) -> Result<Pair, AuthorityError> {
        let pair = self.read_any()?;
        refuse_exposed(&self.key())?;
        Ok(pair)
    }

    /// Reads both files, whoever else may.
    pub fn read_any(&self) -> Result<Pair, AuthorityError> {
        let (certificate, key) = (self.certificate(), self.key());
        match (read(&certificate)?, read(&key)?) {
            (Some(certificate), Some(key)) => Ok(Pair { certificate, key: Zeroizing::new(key) }),
            (Some(_), None) => Err(AuthorityError::KeyMissing { certificate, key }),
            (None, Some(_)) => Err(AuthorityError::CertificateMissing { key, certificate }),
            (None, None) => Err(AuthorityError::Missing { dir: self.dir.clone() }),
        }
    }

    /// Makes the directory if need be and holds other writers off.
    pub fn lock(&self) -> Result<DirLock, AuthorityError> {
        files::make_dir(&self.dir).map_err(AuthorityError::io("make the directory", &self.dir))?;
        DirLock::take(&self.dir).map_err(AuthorityError::io("open the directory", &self.dir))
    }

    /// Writes both files under their pending names. The lock must be held.
    pub fn stage(&self, pair: &Pair) -> Result<(), AuthorityError> {
        self.discard_pending()?;
        write(&self.pending_key(), &pair.key, SECRET)?;
        write(&self.pending_certificate(), &pair.certificate, PUBLIC)
    }

    /// Puts the staged files in place. The lock must be held.
    pub fn commit(&self) -> Result<(), AuthorityError> {
        rename(&self.pending_key(), &self.key())?;
        rename(&self.pending_certificate(), &self.certificate())?;
        files::sync_dir(&self.dir).map_err(AuthorityError::io("sync the directory", &self.dir))
    }

    /// Ends what a crash left half done; `belong` tells whether a certificate and a key were made together. The lock
    /// must be held.
    pub fn recover(&self, belong: impl FnOnce(&Pair) -> bool) -> Result<(), AuthorityError> {
        let pending = read(&self.pending_certificate())?;
        if let (Some(certificate), Some(key)) = (pending, read(&self.key())?)
            && belong(&Pair { certificate, key: Zeroizing::new(key) })
        {
            rename(&self.pending_certificate(), &self.certificate())?;
        }
        self.discard_pending()
    }

    /// Copies both files to names that end in `-stamp`, or `-stamp-2` and so on if that is taken.
    pub fn keep_old(&self, pair: &Pair, stamp: &str) -> Result<(PathBuf, PathBuf), AuthorityError> {
        let stamps = std::iter::once(stamp.to_owned()).chain((2..1000).map(|number| format!("{stamp}-{number}")));
        for stamp in stamps {
            let certificate = self.dir.join(format!("clir-ca-{stamp}.pem"));
            let key = self.dir.join(format!("clir-ca-{stamp}.key"));
            if certificate.exists() || key.exists() {
                continue;
            }
            write(&key, &pair.key, SECRET)?;
            write(&certificate, &pair.certificate, PUBLIC)?;
            return Ok((certificate, key));
        }
        Err(AuthorityError::Make(format!("{} holds too many old ones", self.dir.display())))
    }

    /// The certificates that were in use before a rotation, as far as they can still be read.
    pub fn retired(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(&self.dir) else { return Vec::new() };
        let names = entries.flatten().map(|entry| entry.path()).filter(|path| is_retired(path));
        names.filter_map(|path| fs::read(path).ok()).collect()
    }

    fn discard_pending(&self) -> Result<(), AuthorityError> {
        for path in [self.pending_key(), self.pending_certificate()] {
            files::remove(&path).map_err(AuthorityError::io("remove", &path))?;
        }
        Ok(())
    }

    fn pending_certificate(&self) -> PathBuf {
        self.dir.join("clir-ca.pem.new")
    }

    fn pending_key(&self) -> PathBuf {
        self.dir.join("clir-ca.key.new")
    }
}

fn is_retired(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("clir-ca-") && name.ends_with(".pem")
}

fn refuse_exposed(key: &Path) -> Result<(), AuthorityError> {
    match files::open_to_others(key).map_err(AuthorityError::io("examine", key))? {
        Some(mode) => Err(AuthorityError::KeyExposed { path: key.to_owned(), mode }),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, AuthorityError> {
    files::read(path).map_err(AuthorityError::io("read", path))
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), AuthorityError> {
    files::write_new(path, bytes, mode).map_err(AuthorityError::io("write", path))
}

fn rename(from: &Path, to: &Path) -> Result<(), AuthorityError> {
    fs::rename(from, to).map_err(AuthorityError::io("put in place", to))
}
