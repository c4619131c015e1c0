//! Which numbers and addresses are the user's own?
//!
//! What they are is taken into custody as soon as it is read: no message says it, and no line with it is quoted.

use std::{
    collections::HashSet,
    env,
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    listener::is_printable,
    reader::{Entry, Reader},
    words,
};
use crate::{
    config::{
        Code,
        diagnostic::Faults,
        source::{At, Place},
        suggest::quoted,
    },
    detect::{Identifier, Identity},
    exchange::Sensitive,
};

/// No number or address is longer, whatever stands around it.
const LARGEST_FILE: u64 = 4096;

/// What `[[identity]]` comes to.
#[derive(Default)]
pub struct OwnIdentities {
    /// Those that are sound.
    pub list: Vec<Identity>,
    /// The files that some of them stand in.
    pub files: Vec<PathBuf>,
}

/// Reads every `[[identity]]`; relative files are relative to `base`.
pub fn read(root: &Reader<'_>, base: &Path) -> OwnIdentities {
    let mut own = OwnIdentities::default();
    let Some(entry) = root.get("identity") else { return own };
    let mut labels = HashSet::new();
    for table in entry.tables() {
        let faults = table.faults();
        let label = label(&table);
        let identifier = kind(&table);
        let value = value(&table, base, &mut own.files);
        table.finish();
        if let Some(label) = label.as_ref().filter(|label| !labels.insert(label.value.clone())) {
            let message = format!("another identity is called {} as well", quoted(&label.value));
            faults.error(Code::DuplicateName, &label.place, message, "give each identity a `label` of its own");
        }
        let (Some(label), Some(identifier), Some(value)) = (label, identifier, value) else { continue };
        own.list.extend(sound(Arc::from(label.value), identifier, &value, faults));
    }
    own
}

fn label(table: &Reader<'_>) -> Option<At<String>> {
    let Some(entry) = table.get("label") else {
        table.missing("label", "call it something that tells you which one it is: label = \"my phone\"");
        return None;
    };
    entry.text().filter(|label| is_printable(label, table.faults()))
}

fn kind(table: &Reader<'_>) -> Option<Identifier> {
    let words = Identity::KINDS.iter().map(|kind| kind.as_str());
    let Some(entry) = table.get("kind") else {
        table.missing("kind", "say what it is: msisdn, imsi, imei, iccid or account");
        return None;
    };
    let written = entry.string()?;
    let known = Identity::KINDS.iter().copied().find(|kind| kind.as_str() == written.value);
    if known.is_none() {
        words::unknown(&written, "kind of identity", words, table.faults());
    }
    known
}

/// The value from the one place that is named.
pub fn value(table: &Reader<'_>, base: &Path, files: &mut Vec<PathBuf>) -> Option<At<Sensitive<String>>> {
    let (here, variable, file) = (table.get("value"), table.get("env"), table.get("file"));
    match (here, variable, file) {
        (Some(entry), None, None) => in_custody(&entry),
        (None, Some(entry), None) => from_variable(&entry.text()?, table.faults()),
        (None, None, Some(entry)) => {
            let path = entry.path(base)?;
            files.push(path.clone());
            from_file(&path, entry.place(), table.faults())
        }
        (None, None, None) => {
            let help = "write `value`, or `env` with the name of a variable, or `file` with a path";
            let message =
                format!("this `{}` has no value: one of `value`, `env` and `file` must be there", table.title());
            table.faults().error(Code::MissingKey, &table.place, message, help);
            None
        }
        _ => {
            let message = format!(
                "this `{}` has several values: only one of `value`, `env` and `file` may be there",
                table.title()
            );
            table.faults().error(Code::ConflictingKeys, &table.place, message, "keep one of them");
            None
        }
    }
}

fn in_custody(entry: &Entry<'_>) -> Option<At<Sensitive<String>>> {
    let At { value, place } = entry.text()?;
    Some(At { value: Sensitive::new(value), place })
}

fn from_variable(name: &At<String>, faults: &Faults) -> Option<At<Sensitive<String>>> {
    // A name that is none may be the number itself.
    let possible = name.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.value.starts_with(|first: char| first.is_ascii_digit());
    let shown = if possible { quoted(&name.value) } else { "that is named here".to_owned() };
    let fault = |code, what: &str, help: &str| {
        let message = format!("the environment variable {shown} {what}");
        faults.error(code, &name.place, message, help);
        None
    };
    match possible.then(|| env::var_os(&name.value)).flatten() {
        None => fault(Code::MissingVariable, "is not set", "set it where clir is started, or write `value` or `file`"),
        Some(value) => match value.into_string() {
            Ok(text) if text.trim().is_empty() => fault(Code::EmptyValue, "is empty", "put the value into it"),
            Ok(text) => Some(At { value: Sensitive::new(text), place: name.place.clone() }),
            Err(_) => fault(Code::InvalidIdentity, "is not UTF-8", "put nothing but the value into it"),
        },
    }
}

fn from_file(path: &Path, place: Place, faults: &Faults) -> Option<At<Sensitive<String>>> {
    let shown = path.display();
    let bytes = match read_file(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let help =
                format!("create it; looked for {}", std::path::absolute(path).as_deref().unwrap_or(path).display());
            faults.error(Code::MissingFile, &place, format!("there is no file {shown}"), help);
            return None;
        }
        Err(error) => {
            let help = "it must be a file that the user who runs clir may read";
            faults.error(Code::UnreadableFile, &place, format!("{shown} cannot be read: {error}"), help);
            return None;
        }
    };
    if is_exposed(path) {
        let message = format!("every user of this machine may read {shown}");
        faults.warning(Code::ExposedFile, &place, message, format!("chmod 600 {shown}"));
    }
    let text = std::str::from_utf8(bytes.expose()).ok().map(str::trim).filter(|text| text.lines().count() < 2);
    let sound = text.filter(|_| (bytes.expose().len() as u64) < LARGEST_FILE);
    match sound {
        Some("") => faults.error(Code::EmptyValue, &place, format!("{shown} is empty"), "put the value into it"),
        Some(text) => return Some(At { value: Sensitive::new(text.to_owned()), place }),
        None => {
            let message = format!("{shown} holds more than one line of text");
            faults.error(Code::InvalidIdentity, &place, message, "put nothing but the value into it");
        }
    }
    None
}

fn read_file(path: &Path) -> std::io::Result<Sensitive<Vec<u8>>> {
    // As much room as it may take, so that growing leaves no copies behind.
    let mut bytes = Sensitive::new(Vec::with_capacity(LARGEST_FILE as usize + 1));
    File::open(path)?.take(LARGEST_FILE).read_to_end(bytes.expose_mut())?;
    Ok(bytes)
}

#[cfg(unix)]
fn is_exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_: &Path) -> bool {
    false
}

fn sound(label: Arc<str>, identifier: Identifier, value: &At<Sensitive<String>>, faults: &Faults) -> Option<Identity> {
    match Identity::new(Arc::clone(&label), identifier, &value.value) {
        Ok(identity) => {
            if identity.is_doubtful() {
                let message = format!("the check digit of {} is wrong", quoted(&label));
                faults.warning(Code::DoubtfulIdentity, &value.place, message, "compare it with the card once more");
            }
            Some(identity)
        }
        Err(misfit) => {
            let message = format!("the value of {} does not fit its kind: {misfit}", quoted(&label));
            faults.error(Code::InvalidIdentity, &value.place, message, misfit.cure());
            None
        }
    }
}
