//! When has a file changed?
//!
//! Editors and deployment tools replace a file by renaming another over it, or turn a symbolic link. The directories
//! are watched, therefore, and any stir in them is followed by a look at the files themselves: what counts is that a
//! file is another one than before. Stirs come in bursts, and a file may be half written, so the look waits for quiet.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use notify::{RecommendedWatcher, RecursiveMode};

/// So long nothing must stir.
const QUIET: Duration = Duration::from_millis(200);
/// So long a look is put off at most, in a directory that never rests.
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    /// Dropping it closes the channel, which ends the thread.
    _watcher: RecommendedWatcher,
}

/// Calls `changed`, on a thread of its own, whenever one of the files is another than before. A directory among them
/// stands for the files in it. Files need not exist yet; their directories must.
///
/// # Errors
/// When a directory cannot be watched.
pub fn watch(files: Vec<PathBuf>, changed: impl Fn() + Send + 'static) -> notify::Result<Watcher> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // The thread only needs to know that something stirred; while it has not looked yet, once is enough.
    // That somebody reads a file is no stir, or our own look at a directory would be followed by another for ever.
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = sender.try_send(());
        }
    })?;
    let mut watched: Vec<PathBuf> = Vec::new();
    for directory in files.iter().flat_map(|file| directories(file)) {
        if !watched.contains(&directory) {
            notify::Watcher::watch(&mut watcher, &directory, RecursiveMode::NonRecursive)?;
            watched.push(directory);
        }
    }
    let before = look(&files);
    thread::Builder::new().name("clir-watch".into()).spawn(move || follow(&receiver, &files, before, changed))?;
    Ok(Watcher { _watcher: watcher })
}

fn follow(stirs: &Receiver<()>, files: &[PathBuf], mut before: Vec<Look>, changed: impl Fn()) {
    while stirs.recv().is_ok() {
        if !wait_for_quiet(stirs) {
            return;
        }
        let now = look(files);
        if now != before {
            before = now;
            changed();
        }
    }
}

/// Answers false when the watcher is gone.
fn wait_for_quiet(stirs: &Receiver<()>) -> bool {
    let end = Instant::now() + LONGEST_DELAY;
    while Instant::now() < end {
        match stirs.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}

/// The directory that a file is in, and for a directory itself as well.
fn directories(file: &Path) -> Vec<PathBuf> {
    let parent = match file.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("/"),
    };
    let itself = file.is_dir().then(|| file.to_owned());
    std::iter::once(parent).chain(itself).collect()
}

/// What tells one state of a file from another; nothing for a file that is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Look {
    path: PathBuf,
    state: Option<(u64, Option<SystemTime>, u64)>,
}

fn look(files: &[PathBuf]) -> Vec<Look> {
    files.iter().flat_map(|file| std::iter::once(look_at(file)).chain(look_inside(file))).collect()
}

/// What tells one state of these files from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps(Vec<Look>);

/// How these files, and those in these directories, look now.
pub fn stamps(files: &[PathBuf]) -> Stamps {
    Stamps(look(files))
}

fn look_at(file: &Path) -> Look {
    let metadata = fs::metadata(file).ok().filter(|metadata| !metadata.is_dir());
    let state = metadata.map(|metadata| (metadata.len(), metadata.modified().ok(), inode(&metadata)));
    Look { path: file.to_owned(), state }
}

fn look_inside(directory: &Path) -> Vec<Look> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(io::Result::ok);
    let mut looks: Vec<_> = entries.map(|entry| look_at(&entry.path())).collect();
    looks.sort();
    looks
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than any delay by which a change may be told.
    const PATIENCE: Duration = Duration::from_secs(10);

    struct Watched {
        _dir: tempfile::TempDir,
        file: PathBuf,
        told: Receiver<()>,
        _watcher: Watcher,
    }

    fn watched() -> Watched {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.toml");
        fs::write(&file, "one").unwrap();
        let (sender, told) = mpsc::channel();
        let watcher = watch(vec![file.clone()], move || sender.send(()).unwrap()).unwrap();
        Watched { _dir: dir, file, told, _watcher: watcher }
    }

    #[test]
    fn a_file_written_over_is_told_once() {
        let watched = watched();
        for text in ["two", "three", "fourth"] {
            fs::write(&watched.file, text).unwrap();
        }
        watched.told.recv_timeout(PATIENCE).unwrap();
        assert_eq!(watched.told.recv_timeout(2 * QUIET), Err(RecvTimeoutError::Timeout));
    }

    #[test]
    fn a_file_replaced_is_told_every_time() {
        let watched = watched();
        for text in ["two", "six"] {
            let other = watched.file.with_extension("new");
            fs::write(&other, text).unwrap();
            fs::rename(&other, &watched.file).unwrap();
            watched.told.recv_timeout(PATIENCE).unwrap();
        }
    }

    #[test]
    fn a_file_removed_and_written_again_is_told() {
        let watched = watched();
        fs::remove_file(&watched.file).unwrap();
        watched.told.recv_timeout(PATIENCE).unwrap();
        fs::write(&watched.file, "two").unwrap();
        watched.told.recv_timeout(PATIENCE).unwrap();
    }

    #[test]
    fn other_files_in_the_directory_do_not_matter() {
        let watched = watched();
        fs::write(watched.file.with_extension("log"), "noise").unwrap();
        assert_eq!(watched.told.recv_timeout(3 * QUIET), Err(RecvTimeoutError::Timeout));
    }
}
