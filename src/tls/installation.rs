//! Which secret makes the digests of this installation its own?

use std::{fs, io, path::Path};

use zeroize::Zeroizing;

use super::{
    files::{self, DirLock, SECRET},
    random,
};
use crate::exchange::InstallationKey;

const NAME: &str = "installation.key";

/// Loads the installation's key from `dir`, or makes it: 32 random bytes, in hexadecimal, mode 0600. Of several
/// processes that start at once one makes it, and the others load that.
///
/// # Errors
/// The directory or the file cannot be read or written, others may read the file, or it holds something else. The
/// message names the file and the cure.
pub fn installation_key(dir: &Path) -> io::Result<InstallationKey> {
    let path = dir.join(NAME);
    if let Some(key) = load(&path)? {
        return Ok(key);
    }
    files::make_dir(dir).map_err(context("make the directory", dir))?;
    let _lock = DirLock::take(dir).map_err(context("open the directory", dir))?;
    match load(&path)? {
        Some(key) => Ok(key),
        None => create(dir, &path),
    }
}

fn load(path: &Path) -> io::Result<Option<InstallationKey>> {
    let Some(text) = files::read(path).map_err(context("read", path))? else { return Ok(None) };
    let text = Zeroizing::new(text);
    if let Some(mode) = files::open_to_others(path).map_err(context("examine", path))? {
        let message = format!("others may read {0} (mode {mode:04o}): run `chmod 600 {0}`", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    let key = from_hex(text.trim_ascii()).ok_or_else(|| damaged(path))?;
    Ok(Some(InstallationKey::new(key)))
}

fn create(dir: &Path, path: &Path) -> io::Result<InstallationKey> {
    let bytes: [u8; 32] = random().map_err(|_| io::Error::other("the system gives no random bytes"))?;
    let text: Zeroizing<String> =
        Zeroizing::new(bytes.iter().map(|byte| format!("{byte:02x}")).chain(["\n".into()]).collect());
    let pending = dir.join(format!("{NAME}.new"));
    files::remove(&pending).map_err(context("remove", &pending))?;
    files::write_new(&pending, text.as_bytes(), SECRET).map_err(context("write", &pending))?;
    fs::rename(&pending, path).and_then(|()| files::sync_dir(dir)).map_err(context("put in place", path))?;
    Ok(InstallationKey::new(bytes))
}

fn from_hex(text: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(text.chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(key)
}

fn damaged(path: &Path) -> io::Error {
    let path = path.display();
    let message = format!(
        "{path} does not hold 64 hexadecimal digits: restore it, or remove it so that a new key is made (digests in \
         older events then no longer compare with new ones)"
    );
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn context(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {action} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_nobody_elses_to_read() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("certs");
        let made = installation_key(&dir).unwrap();
        assert_eq!(installation_key(&dir).unwrap().expose(), made.expose());
        assert_ne!(made.expose(), &[0; 32]);
        let path = dir.join(NAME);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = installation_key(&dir).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn many_that_start_at_once_agree() {
        let dir = tempfile::tempdir().unwrap();
        let keys = super::super::tests::at_once(8, || *installation_key(dir.path()).unwrap().expose());
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_damaged_key_is_named_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        for text in ["", "00", &"g".repeat(64), &"+1".repeat(32), &"0".repeat(66)] {
            files::remove(&path).unwrap();
            files::write_new(&path, text.as_bytes(), SECRET).unwrap();
            let error = installation_key(dir.path()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(error.to_string().contains(NAME), "{error}");
            assert_eq!(fs::read(&path).unwrap(), text.as_bytes());
        }
    }
}
