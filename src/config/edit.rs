//! How does a rule get into the policy, while somebody else may be writing it too?
//!
//! As text, before the first rule, so that everything else stays byte for byte; checked as `clir check` does before
//! anything is written; in a new file that takes the old one's place, with its mode and its owner.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    Diagnostic, Gravity, PolicyFile, Report,
    load::{BUILTIN_POLICY, Overlay, POLICY_FILE, load, load_with},
};

/// A file that did not exist is readable for all, as a policy holds no secret.
const MODE: u32 = 0o644;

/// A rule that may be written.
#[derive(Debug)]
pub struct Addition {
    /// The file that it goes to.
    pub path: PathBuf,
    /// Its first line there, counted from one.
    pub line: usize,
    /// What is probably not meant, with the lines of the rule.
    pub warnings: Vec<Told>,
    text: String,
}

/// A fault, with its line in the rule's text, if it is in it.
#[derive(Clone)]
pub struct Told {
    /// Line and column, counted from one.
    pub position: Option<(usize, usize)>,
    /// What and how to mend it.
    pub diagnostic: Diagnostic,
}

/// Why a rule is not written.
#[derive(Debug)]
pub struct Refused {
    /// In a sentence.
    pub message: String,
    /// Fault by fault.
    pub faults: Vec<Told>,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}: {}", self.position, self.diagnostic.code, self.diagnostic.message)
    }
}

impl Refused {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), faults: Vec::new() }
    }
}

/// Checks what the configuration would be with this rule before all others of its file.
///
/// # Errors
/// It would not be sound, or there is no file that the rule could go to.
pub fn add_rule(explicit: Option<&Path>, rule: &str) -> Result<Addition, Refused> {
    let (path, text) = target(explicit)?;
    demand_rules(rule)?;
    let (text, line) = insert(&text, rule);
    let lines = rule.trim_end().lines().count();
    let told = |report: &Report| -> Vec<Told> {
        let faults = report.diagnostics().iter().filter(|fault| {
            // Warnings about anything else were there before.
            fault.gravity == Gravity::Error || within(fault, &path, line, lines).is_some()
        });
        faults.map(|fault| Told { position: within(fault, &path, line, lines), diagnostic: fault.clone() }).collect()
    };
    match load_with(explicit, Some(Overlay { path: &path, text: &text })) {
        Ok(loaded) => Ok(Addition { warnings: told(&loaded.warnings), path, line, text }),
        Err(report) => {
            Err(Refused { message: format!("the rule is not sound: {}", report.summary()), faults: told(&report) })
        }
    }
}

/// The file that rules go to, and what it says now.
fn target(explicit: Option<&Path>) -> Result<(PathBuf, String), Refused> {
    let config = load(explicit).map_err(|report| {
        Refused::new(format!("the configuration on disk is not sound: {}; `clir check` tells more", report.summary()))
    })?;
    let config = config.config;
    let Some(written) = config.path else {
        return Err(Refused::new(
            "clir runs with the configuration that is compiled in, and there is no file to write to: write \
             config/clir.toml (and config/policy.toml beside it), and start clir anew",
        ));
    };
    let path = match config.policy_file {
        PolicyFile::File(path) => path,
        PolicyFile::Inline => written,
        // It begins to hold as soon as it is there, so it begins with what holds now.
        PolicyFile::BuiltIn => return Ok((written.with_file_name(POLICY_FILE), BUILTIN_POLICY.to_owned())),
    };
    let text = fs::read_to_string(&path);
    let text = text.map_err(|error| Refused::new(format!("{} cannot be read: {error}", path.display())))?;
    Ok((path, text))
}

/// Rules and nothing else: anything else would change the tables around them.
fn demand_rules(rule: &str) -> Result<(), Refused> {
    let (table, errors) = DeTable::parse_recoverable(rule);
    let table = table.get_ref();
    let is_only_rules = table.iter().all(|(key, value)| {
        key.get_ref() == "rule" && matches!(value.get_ref(), DeValue::Array(rules) if !rules.is_empty())
    });
    // Broken text is told with its lines.
    if errors.is_empty() && (table.is_empty() || !is_only_rules || !rule.contains("[[")) {
        return Err(Refused::new("write one `[[rule]]`, and nothing else"));
    }
    Ok(())
}

/// The text with the rule before its first one, and the line on which it begins.
fn insert(text: &str, rule: &str) -> (String, usize) {
    let (at, is_end) = first_rule(text).map_or((text.len(), true), |at| (at, false));
    let (before, after) = text.split_at(at);
    let gap = match before {
        "" => "",
        _ if !before.ends_with('\n') => "\n\n",
        _ if is_end && !before.ends_with("\n\n") => "\n",
        _ => "",
    };
    let line = before.matches('\n').count() + gap.matches('\n').count() + 1;
    let end = if is_end { "\n" } else { "\n\n" };
    (format!("{before}{gap}{}{end}{after}", rule.trim_end()), line)
}

/// Where the first rule begins, with the comment that stands right above it.
fn first_rule(text: &str) -> Option<usize> {
    let (table, _) = DeTable::parse_recoverable(text);
    let DeValue::Array(rules) = table.get_ref().get("rule")?.get_ref() else { return None };
    let start = rules.iter().next()?.span().start.min(text.len());
    let mut at = text.get(..start)?.rfind('\n').map_or(0, |end| end + 1);
    while let Some(above) = text.get(..at.saturating_sub(1)) {
        let line = above.rfind('\n').map_or(0, |end| end + 1);
        if at == 0 || !text.get(line..at).is_some_and(|line| line.starts_with('#')) {
            break;
        }
        at = line;
    }
    Some(at)
}

/// A fault's line and column in the rule's own text.
fn within(fault: &Diagnostic, path: &Path, first: usize, lines: usize) -> Option<(usize, usize)> {
    let (file, line, column) = fault.position()?;
    let is_here = file == path.display().to_string() && (first..first + lines).contains(&line);
    is_here.then(|| (line - first + 1, column))
}

impl Addition {
    /// Writes it.
    ///
    /// # Errors
    /// The file cannot be written, or not with its owner; then it is as it was.
    pub fn write(&self) -> io::Result<()> {
        // Through a link, to what it leads to.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let known = fs::metadata(&path).ok();
        let beside = beside(&path);
        let written = self.write_beside(&beside, known.as_ref()).and_then(|()| fs::rename(&beside, &path));
        if written.is_err() {
            // What is left of it would only be in the way.
            let _ = fs::remove_file(&beside);
        }
        written?;
        // The name is on disk as well; where directories cannot be synced it is all the same.
        let _ = path.parent().map(File::open).and_then(Result::ok).map(|dir| dir.sync_all());
        Ok(())
    }

    fn write_beside(&self, beside: &Path, known: Option<&fs::Metadata>) -> io::Result<()> {
        let mode = known.map_or(MODE, |known| known.permissions().mode() & 0o7777);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode & 0o700).open(beside)?;
        if let Some(known) = known {
            let ours = file.metadata()?;
            if (ours.uid(), ours.gid()) != (known.uid(), known.gid()) {
                fchown(&file, Some(known.uid()), Some(known.gid()))?;
            }
        }
        file.write_all(self.text.as_bytes())?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.clir-{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "[[rule]]\nname = \"new\"\naction = \"keep\"\n";

    #[test]
    fn it_stands_before_the_first_rule_and_nothing_else_moves() {
        let text = "# policy\n\n[[partner]]\nname = \"p\"\nhost = \"a.example\"\n\n# about one\n[[rule]]\r\nname = \"one\" # ä\naction = \"strip\"";
        let (new, line) = insert(text, RULE);
        let at = text.find("# about").unwrap();
        assert_eq!(new, format!("{}{RULE}\n{}", &text[..at], &text[at..]));
        assert_eq!((line, new.lines().nth(line - 1)), (7, Some("[[rule]]")));
    }

    #[test]
    fn without_any_rule_it_stands_at_the_end() {
        assert_eq!(insert("", RULE), (RULE.to_owned(), 1));
        assert_eq!(insert("# x", RULE), (format!("# x\n\n{RULE}"), 3));
        assert_eq!(insert("[a]\nb = 1\n", RULE), (format!("[a]\nb = 1\n\n{RULE}"), 4));
        assert_eq!(insert("[[rule]]\nname = \"x\"\n", RULE).1, 1);
    }

    #[test]
    fn nothing_but_rules_is_taken() {
        for text in
            ["", "a = 1", "[policy]\nmode = \"observe\"", "rule = []", "[[rule]]\nname=\"a\"\n[access]\nclients = []"]
        {
            assert!(demand_rules(text).is_err(), "{text}");
        }
        assert!(demand_rules(RULE).is_ok());
    }

    #[test]
    fn mode_and_links_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (config, policy, link) =
            (dir.path().join("clir.toml"), dir.path().join("real.toml"), dir.path().join("policy.toml"));
        fs::write(&config, "[policy]\nfile = \"policy.toml\"\n").unwrap();
        fs::write(&policy, "[[rule]]\nname = \"one\"\naction = \"strip\"\n").unwrap();
        fs::set_permissions(&policy, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&policy, &link).unwrap();
        let addition = add_rule(Some(&config), RULE).unwrap();
        addition.write().unwrap();
        assert_eq!(fs::metadata(&policy).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&policy).unwrap().starts_with(RULE));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
        let refused = add_rule(Some(&config), "[[rule]]\nname = \"b\"\naction = \"stripp\"\n").unwrap_err();
        assert_eq!(refused.faults[0].position.map(|(line, _)| line), Some(3));
    }
}
