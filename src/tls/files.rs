//! How does a secret get onto the disk?
//!
//! Whole or not at all, and never readable by others, not even for a moment: created exclusively with its final mode,
//! written, synced. Callers rename what must appear at once.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// The mode of a file that only its owner may read.
pub const SECRET: u32 = 0o600;
/// The mode of a file that anybody may read.
pub const PUBLIC: u32 = 0o644;

/// Makes the directory, and those above it, for the owner only. One that exists stays as it is.
pub fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Writes a file that must not exist yet and waits until the disk has it. What could not be written whole is removed.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // The first error is the one to report; a leftover is dealt with by the next start.
        let _ = fs::remove_file(path);
    }
    written
}

/// Removes a file; one that is not there is fine.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads a file; one that is not there is `None`.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The permission bits of a file if anybody but its owner has any, else `None`.
pub fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    let mode = fs::metadata(path)?.mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// Makes renames in this directory last beyond a loss of power.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Holds off other processes that want to write to the same directory. Released when dropped, or when the process ends.
pub struct DirLock {
    _file: File,
}

impl DirLock {
    /// Waits for the lock. A file system that knows no locks is no obstacle: every file is created exclusively, so two
    /// writers at once would end in an error, not in a mixture.
    pub fn take(dir: &Path) -> io::Result<Self> {
        let file = File::open(dir)?;
        if let Err(error) = file.lock() {
            tracing::debug!(%error, "the directory of the certificate authority cannot be locked");
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_born_with_its_mode_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        write_new(&path, b"first", SECRET).unwrap();
        assert_eq!(open_to_others(&path).unwrap(), None);
        assert_eq!(write_new(&path, b"second", SECRET).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(&path).unwrap().unwrap(), b"first");
    }

    #[test]
    fn a_directory_is_made_for_the_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("a/b");
        make_dir(&made).unwrap();
        make_dir(&made).unwrap();
        assert_eq!(open_to_others(&made).unwrap(), None);
    }

    #[test]
    fn what_is_not_there_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(&dir.path().join("x")).unwrap().is_none());
        remove(&dir.path().join("x")).unwrap();
    }
}
