//! Where does a report stand, and who may read it?

use std::{
    cell::RefCell,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{cli::Failure, exchange::hex};

/// The file with the digests of the others, in the form that `sha256sum` reads.
pub(super) const SUMS: &str = "SHA256SUMS";

/// A directory that is readable by its owner only, and knows the digests of what was put there.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    sums: RefCell<Vec<(String, String)>>,
}

/// A file of the report, while it is written.
pub(super) struct Writing<'a> {
    folder: &'a Folder,
    name: String,
    file: BufWriter<File>,
    digest: Sha256,
}

impl Folder {
    /// Makes it. A directory that is there already is not touched.
    pub(super) fn make(path: Option<&Path>, now: Timestamp) -> Result<Self, Failure> {
        let path = path.map_or_else(|| now.strftime("clir-report-%Y%m%dT%H%M%SZ").to_string().into(), Path::to_owned);
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::new(format!("{} is there already: choose another with --out", path.display()))
            }
            _ => Failure::because(format!("cannot make {}", path.display()), error),
        })?;
        Ok(Self { path, sums: RefCell::default() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a file.
    pub(super) fn begin(&self, name: &str) -> Result<Writing<'_>, Failure> {
        let path = self.path.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|error| Failure::because(format!("cannot make {}", path.display()), error))?;
        Ok(Writing { folder: self, name: name.to_owned(), file: BufWriter::new(file), digest: Sha256::new() })
    }

    /// Writes a whole file.
    pub(super) fn file(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let mut writing = self.begin(name)?;
        writing.write_all(content).map_err(|error| writing.failed(error))?;
        writing.finish()
    }

    /// Writes the digests down; returns the digest of that file.
    pub(super) fn seal(&self) -> Result<String, Failure> {
        let mut sums = self.sums.take();
        sums.sort();
        let text: String = sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
        self.file(SUMS, text.as_bytes())?;
        Ok(hex(&Sha256::digest(text.as_bytes())))
    }
}

impl Write for Writing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.digest.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Writing<'_> {
    /// What went wrong with the file, in words.
    pub(super) fn failed(&self, error: io::Error) -> Failure {
        Failure::because(format!("cannot write {}", self.folder.path.join(&self.name).display()), error)
    }

    /// Ends the file. It is on the disk then.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let done = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        done.map_err(|error| self.failed(error))?;
        let sum = hex(&self.digest.clone().finalize());
        self.folder.sums.borrow_mut().push((self.name, sum));
        Ok(())
    }
}
