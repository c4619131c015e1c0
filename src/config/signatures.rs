//! Which signature files replace those that are compiled in, or add to them?

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Code,
    diagnostic::Faults,
    source::{At, Source},
};

/// File names with what the files say, sorted by name.
pub type SignatureFiles = Vec<(String, String)>;

/// Reads every `*.toml` of the directory that `[signatures] dir` names; none means none.
pub fn read(dir: Option<&At<PathBuf>>, faults: &Faults) -> SignatureFiles {
    let Some(dir) = dir else { return Vec::new() };
    let paths = match toml_files(&dir.value) {
        Ok(paths) => paths,
        Err(error) => {
            let message = format!("the directory {} cannot be read: {error}", dir.value.display());
            let help = "name a directory with signature files, or leave the key out";
            faults.error(Code::UnreadableFile, &dir.place, message, help);
            return Vec::new();
        }
    };
    let read = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        Some((name, Source::read(&path, Some(&dir.place), faults)?.text.clone()))
    };
    paths.into_iter().filter_map(read).collect()
}

fn toml_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}
