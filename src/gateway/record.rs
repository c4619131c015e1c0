//! What was changed, so that exactly that can be taken back?

use std::{
    collections::BTreeMap,
    env, fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{plan::PolicyRoute, programs::Trouble};

/// Where records are kept: it is gone with the next boot, as what they tell of is.
const DIRECTORY: &str = "/run/clir-gateway";

/// Where the record of this network namespace is.
#[derive(Clone, Debug)]
pub struct Home {
    path: PathBuf,
}

impl Default for Home {
    fn default() -> Self {
        let given = env::var_os("RUNTIME_DIRECTORY").filter(|dir| !dir.is_empty());
        let dir = given.as_ref().and_then(|dirs| env::split_paths(dirs).next());
        Self::in_directory(&dir.unwrap_or_else(|| PathBuf::from(DIRECTORY)))
    }
}

impl Home {
    /// In this directory. Namespaces share directories, so each has a name of its own.
    pub fn in_directory(dir: &Path) -> Self {
        let namespace = fs::metadata("/proc/self/ns/net").map_or(0, |file| file.ino());
        Self { path: dir.join(format!("gateway-{namespace}.json")) }
    }

    /// What was recorded, unless it is about a namespace that is no more: numbers of namespaces are used again.
    ///
    /// # Errors
    /// The file cannot be read, or another version wrote it.
    pub fn load(&self, links: &BTreeMap<String, String>) -> Result<Option<Record>, Trouble> {
        let record: Record = match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| self.trouble(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.trouble(error)),
        };
        let is_same = |(name, card): (&String, &String)| links.get(name).is_none_or(|it| it == card);
        Ok(record.links.iter().all(is_same).then_some(record))
    }

    /// Writes it down, whole or not at all.
    ///
    /// # Errors
    /// The directory cannot be written to.
    pub fn save(&self, record: &Record) -> Result<(), Trouble> {
        let write = || {
            let dir = self.path.parent().unwrap_or(Path::new("/"));
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
            let beside = self.path.with_extension("new");
            fs::write(&beside, serde_json::to_vec(record)?)?;
            fs::rename(&beside, &self.path)
        };
        write().map_err(|error| self.trouble(error))
    }

    /// Forgets it.
    ///
    /// # Errors
    /// The file is there and cannot be deleted.
    pub fn forget(&self) -> Result<(), Trouble> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.trouble(error)),
            _ => Ok(()),
        }
    }

    fn trouble(&self, error: io::Error) -> Trouble {
        Trouble::File { path: self.path.clone(), error }
    }
}

/// What `up` has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The interfaces of the LAN and the addresses of their cards.
    pub links: BTreeMap<String, String>,
    /// The rules as they were given to `nft`.
    pub ruleset: String,
    /// The rules as the kernel listed them afterwards.
    pub listing: Value,
    /// Settings of the kernel that were otherwise.
    pub sysctls: Vec<Changed>,
    /// Rules and routes that were not there.
    pub routes: Vec<PolicyRoute>,
}

/// A setting of the kernel that was otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its path below `/proc/sys`.
    pub key: String,
    /// What it was.
    pub before: String,
    /// What it was set to.
    pub after: String,
}
