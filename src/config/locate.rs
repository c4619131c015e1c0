//! Which file is the configuration?

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// What the process's surroundings say about files.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `--config`
    pub explicit: Option<PathBuf>,
    /// The files that are taken where they exist, best first.
    pub candidates: Vec<PathBuf>,
    /// What relative paths in a configuration are relative to; empty for the working directory.
    pub base: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process(explicit: Option<&Path>) -> Self {
        Self::new(explicit, |name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn new(explicit: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let named = explicit.map(Path::to_owned).or_else(|| variable("CLIR_CONFIG").map(PathBuf::from));
        // The XDG base directory specification: relative paths are ignored, and ~/.config stands in for none.
        let absolute = |path: PathBuf| path.is_absolute().then_some(path);
        let home = variable("XDG_CONFIG_HOME").map(PathBuf::from).and_then(absolute).or_else(|| {
            let home = variable("HOME").map(PathBuf::from).and_then(absolute)?;
            Some(home.join(".config"))
        });
        let mut candidates = vec![PathBuf::from("config/clir.toml")];
        candidates.extend(home.map(|home| home.join("clir/clir.toml")));
        candidates.push(PathBuf::from("/etc/clir/clir.toml"));
        Self { explicit: named, candidates, base: state_directory(variable("STATE_DIRECTORY")) }
    }

    /// The file to read; nothing means the compiled-in configuration. A file that was named need not exist: that it
    /// does not is for the reader to tell. One that exists and cannot be read is not passed over.
    pub fn file(&self) -> Option<PathBuf> {
        let exists = |path: &&PathBuf| path.try_exists().unwrap_or(true);
        self.explicit.clone().or_else(|| self.candidates.iter().find(exists).cloned())
    }
}

/// systemd separates several directories by colons; the first is ours.
fn state_directory(variable: Option<OsString>) -> PathBuf {
    variable.as_ref().and_then(|paths| env::split_paths(paths).next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(explicit: Option<&str>, variables: &[(&str, &str)]) -> Surroundings {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Surroundings::new(explicit.map(Path::new), find)
    }

    #[test]
    fn what_is_named_comes_first_and_need_not_exist() {
        let variables = [("CLIR_CONFIG", "/nowhere/b.toml")];
        assert_eq!(surroundings(Some("/nowhere/a.toml"), &variables).file().unwrap(), Path::new("/nowhere/a.toml"));
        assert_eq!(surroundings(None, &variables).file().unwrap(), Path::new("/nowhere/b.toml"));
    }

    #[test]
    fn candidates_stand_in_the_documented_order() {
        let order = |variables: &[_]| surroundings(None, variables).candidates;
        let expected = ["config/clir.toml", "/x/clir/clir.toml", "/etc/clir/clir.toml"].map(PathBuf::from);
        assert_eq!(order(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]), expected);
        assert_eq!(order(&[("HOME", "/h")])[1], Path::new("/h/.config/clir/clir.toml"));
        assert_eq!(order(&[("XDG_CONFIG_HOME", "relative")]).len(), 2);
    }

    #[test]
    fn the_first_that_exists_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("first.toml"), dir.path().join("second.toml"));
        std::fs::write(&second, "").unwrap();
        let mut surroundings =
            Surroundings { candidates: vec![first.clone(), second.clone()], ..Surroundings::default() };
        assert_eq!(surroundings.file(), Some(second));
        std::fs::write(&first, "").unwrap();
        assert_eq!(surroundings.file(), Some(first));
        surroundings.candidates.clear();
        assert_eq!(surroundings.file(), None);
    }

    #[test]
    fn the_state_directory_is_the_first_of_several() {
        assert_eq!(surroundings(None, &[("STATE_DIRECTORY", "/var/lib/clir:/other")]).base, Path::new("/var/lib/clir"));
        assert_eq!(surroundings(None, &[]).base, Path::new(""));
    }
}
