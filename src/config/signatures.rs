//! Which signatures hold: those that are compiled in, and those of a directory that replace them or add to them?

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::de::DeTable;

use super::{
    Code,
    diagnostic::{Faults, Gravity},
    source::{At, Place, Source},
    syntax,
};
use crate::detect::{SignatureFault, SignatureSet};

/// Compiles the signatures; nothing after a fault. `dir` is what `[signatures] dir` names: a file there replaces the
/// compiled-in one of the same name, and any other adds to them.
pub fn read(dir: Option<&At<PathBuf>>, faults: &Faults) -> Option<Arc<SignatureSet>> {
    let Some(dir) = dir else { return Some(Arc::new(SignatureSet::builtin())) };
    let own = own_files(dir, faults)?;
    let is_replaced = |name: &str| own.iter().any(|(other, _)| other == name);
    let compiled_in = SignatureSet::builtin_files().iter().filter(|(name, _)| !is_replaced(name));
    // First, so that what stands in two files is a fault of the own one.
    let compiled_in = compiled_in.map(|(name, text)| {
        let label = format!("built-in {name}");
        (label.clone(), Source::new(label, *text))
    });
    let (sound, broken): (Vec<_>, Vec<_>) = own.iter().cloned().partition(|(_, source)| is_toml(source, faults));
    let files: Vec<_> = compiled_in.chain(sound).collect();
    let texts: Vec<_> = files.iter().map(|(name, source)| (name.clone(), source.text.clone())).collect();
    match SignatureSet::parse(&texts) {
        Ok(set) => broken.is_empty().then(|| Arc::new(set)),
        Err(list) => {
            list.into_iter().for_each(|fault| tell(fault, &files, faults));
            None
        }
    }
}

/// Whether it can be read; what cannot is told as in any other file.
fn is_toml(source: &Arc<Source>, faults: &Faults) -> bool {
    let (_, errors) = DeTable::parse_recoverable(&source.text);
    syntax::tell(source, &errors, faults);
    errors.is_empty()
}

/// Every `*.toml` of the directory, sorted by name.
fn own_files(dir: &At<PathBuf>, faults: &Faults) -> Option<Vec<(String, Arc<Source>)>> {
    let paths = match toml_files(&dir.value) {
        Ok(paths) => paths,
        Err(error) => {
            let message = format!("the directory {} cannot be read: {error}", dir.value.display());
            let help = "name a directory with signature files, or leave the key out";
            faults.error(Code::UnreadableFile, &dir.place, message, help);
            return None;
        }
    };
    let read = |path: &PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((name, Source::read(path, Some(&dir.place), faults)?))
    };
    Some(paths.iter().filter_map(read).collect())
}

fn toml_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

fn tell(fault: SignatureFault, files: &[(String, Arc<Source>)], faults: &Faults) {
    let source = files.iter().find(|(name, _)| *name == fault.file).map(|(_, source)| Arc::clone(source));
    let place = source.map(|source| Place { source, span: fault.span });
    faults.push(fault.code, Gravity::Error, place, fault.message, fault.help);
}
