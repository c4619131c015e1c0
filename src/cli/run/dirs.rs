//! Can we write where we are told to?
//!
//! Asked before anything is made, and without a trace, so that a start that fails leaves nothing behind.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    process,
};

use crate::cli::Failure;

/// Tries to make a file in `dir`, and the directory if it is not there, then takes both away again.
///
/// # Errors
/// The directory cannot be made or written to.
pub fn probe(dir: &Path) -> Result<(), Failure> {
    let missing = missing(dir);
    let tried = fs::create_dir_all(dir).and_then(|()| write(dir));
    for made in missing {
        // Not empty means that somebody else has begun to use it.
        let _ = fs::remove_dir(made);
    }
    tried.map_err(|error| {
        let what =
            format!("the directory {} cannot be written to; name another in clir.toml or mend it", dir.display());
        Failure::because(what, error)
    })
}

fn write(dir: &Path) -> io::Result<()> {
    let path = dir.join(format!(".clir-probe-{}", process::id()));
    OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(path)
}

/// The directories that have to be made, the innermost first.
fn missing(dir: &Path) -> Vec<PathBuf> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    dir.ancestors().take_while(is_missing).map(Path::to_path_buf).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_behind() {
        let home = tempfile::tempdir().unwrap();
        probe(&home.path().join("a/b")).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_the_way_is_told() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("a"), "").unwrap();
        let failure = probe(&home.path().join("a/b")).unwrap_err();
        assert!(failure.to_string().contains("a/b"));
    }
}
