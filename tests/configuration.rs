//! Is every fault of a configuration told, with its place and a cure, and is what we ship sound?

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use clir::{
    config::{Code, Report, load},
    detect::SignatureSet,
};
use proptest::prelude::*;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config")
}

/// Everything that is told about a file, warnings of a sound one included, without the names of this machine.
fn told(path: &Path) -> Report {
    load(Some(path)).map_or_else(|report| report, |loaded| loaded.warnings)
}

fn without_machine(text: &str) -> String {
    text.replace(env!("CARGO_MANIFEST_DIR"), "$DIR")
}

fn check(config: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clir")).arg("check").arg("--config").arg(config).output().unwrap()
}

/// Those that need more than a file in this directory, and have tests of their own.
const ELSEWHERE: [Code; 2] = [Code::FileTooLarge, Code::ExposedFile];

/// `tests/data/config/<code>.toml` shows the code; what is told about it is kept as a snapshot.
#[test]
fn every_code_is_shown_by_a_file_of_its_name() {
    for code in Code::ALL.iter().filter(|code| !ELSEWHERE.contains(code)) {
        let report = told(&data().join(code.as_str()).with_extension("toml"));
        let codes: Vec<_> = report.diagnostics().iter().map(|fault| fault.code).collect();
        assert!(codes.contains(&code.as_str()), "{} is not told: {report}", code.as_str());
        insta::assert_snapshot!(code.as_str(), without_machine(&report.to_string()));
    }
}

#[test]
fn codes_are_unique_and_in_kebab_case() {
    let mut words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert!(
        words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'8'))
    );
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Code::ALL.len());
}

#[test]
fn every_fault_comes_with_a_cure() {
    for code in Code::ALL.iter().filter(|code| !ELSEWHERE.contains(code)) {
        for fault in told(&data().join(code.as_str()).with_extension("toml")).diagnostics() {
            assert!(fault.help.as_ref().is_some_and(|help| !help.is_empty()), "{}: {}", fault.code, fault.message);
        }
    }
}

#[test]
fn five_mistakes_are_five_diagnostics_with_line_column_caret_and_suggestion() {
    let output = check(&data().join("five-mistakes.toml"));
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    insta::assert_snapshot!("five-mistakes", without_machine(&String::from_utf8(output.stderr).unwrap()));
}

#[test]
fn no_secret_is_quoted() {
    let user = told(&data().join("invalid-user.toml")).to_string();
    assert!(!user.contains("correct-horse") && !user.contains("broken-hash"), "{user}");
    let exit = told(&data().join("invalid-exit.toml")).to_string();
    assert!(!exit.contains("correct-horse"), "{exit}");
    for code in [
        "missing-key",
        "unknown-word",
        "invalid-identity",
        "doubtful-identity",
        "conflicting-keys",
        "duplicate-name",
        "wrong-type",
    ] {
        let told = told(&data().join(code).with_extension("toml")).to_string();
        // A cure shows how a number is written.
        let others = told.replace("as in \"+44 7700 900123\"", "");
        let digits = |line: &&str| line.bytes().filter(u8::is_ascii_digit).count() > 8;
        assert_eq!(others.lines().find(digits), None, "{told}");
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let report = load(Some(Path::new("no/such/clir.toml"))).unwrap_err();
    assert_eq!(report.diagnostics()[0].code, "missing-file");
}

#[test]
fn a_file_without_end_is_not_read_to_its_end() {
    let report = load(Some(Path::new("/dev/zero"))).unwrap_err();
    assert_eq!(report.diagnostics()[0].code, "file-too-large");
}

#[test]
fn what_is_shipped_is_sound() {
    for name in ["clir.toml", "observe.toml", "strict.toml"] {
        let output = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name));
        assert_eq!(output.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_sound_configuration_is_summed_up() {
    let output = check(&data().join("sound/clir.toml"));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let built_in = format!("signatures     {}", SignatureSet::builtin().len());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(&built_in), "{told}");
    insta::assert_snapshot!("sound", without_machine(&told.replace(&built_in, "signatures     [all built in]")));
}

/// A configuration with one number in a file, written with these permissions, and one in a variable.
#[cfg(unix)]
fn check_identities(text: &str, mode: u32) -> Output {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let (config, file) = (dir.path().join("clir.toml"), dir.path().join("number"));
    let identities = "[[identity]]\nlabel = \"phone\"\nkind = \"msisdn\"\nfile = \"number\"\n\
        [[identity]]\nlabel = \"mail\"\nkind = \"account\"\nenv = \"CLIR_OWN_MAIL\"\n\
        [[identity]]\nlabel = \"card\"\nkind = \"imsi\"\nvalue = \"001010123456789\"\n";
    fs::write(&config, identities).unwrap();
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_clir"));
    command.args(["check", "--config"]).arg(&config).env("STATE_DIRECTORY", dir.path());
    command.env("CLIR_OWN_MAIL", "me@example.org").output().unwrap()
}

#[cfg(unix)]
#[test]
fn identities_are_told_by_their_labels_only() {
    let output = check_identities("+44 7700 900123\n", 0o600);
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("identities     3: phone (msisdn), mail (account), card (imsi)\n"), "{told}");
    assert!(!told.contains("900123") && !told.contains("me@") && !told.contains("001010"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_file_of_a_number_is_for_its_owner_and_for_one_number() {
    let told = |text: &str, mode| String::from_utf8(check_identities(text, mode).stderr).unwrap();
    assert_eq!(told("447700900123", 0o640), "");
    assert!(told("447700900123", 0o644).contains("warning[exposed-file]"));
    assert!(told("", 0o600).contains("error[empty-value]"));
    let two = told("447700900123\n447700900456\n", 0o600);
    assert!(two.contains("error[invalid-identity]") && !two.contains("900123"), "{two}");
    assert!(told(&"4".repeat(9_000), 0o600).contains("error[invalid-identity]"));
}

#[test]
fn a_fault_in_the_policy_file_is_told_in_that_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("clir.toml"), "[policy]\nmode = \"enforce\"\n").unwrap();
    fs::write(dir.path().join("policy.toml"), "[[rule]]\nname = \"a\"\naction = \"stirp\"\n").unwrap();
    let report = load(Some(&dir.path().join("clir.toml"))).unwrap_err();
    let (file, line, column) = report.diagnostics()[0].position().unwrap();
    assert!(file.ends_with("policy.toml"));
    assert_eq!((line, column), (3, 10));
}

#[test]
fn faults_of_own_signatures_are_told_with_place_and_cure() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("clir.toml");
    for name in ["mistakes", "examples"] {
        let signatures = data().join("../signatures").join(name).canonicalize().unwrap();
        fs::write(&config, format!("[signatures]\ndir = {signatures:?}\n")).unwrap();
        let report = load(Some(&config)).unwrap_err();
        let faults = report.diagnostics();
        assert!(faults.iter().all(|fault| fault.help.is_some() && fault.position().is_some()), "{report}");
        insta::assert_snapshot!(format!("signature-{name}"), without_machine(&report.to_string()));
        assert_eq!(check(&config).status.code(), Some(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let _ = told(file.path()).to_string();
    }

    /// Files that are almost right: lines of sound ones, shuffled, cut and with characters changed.
    #[test]
    fn any_mixture_of_lines_is_read_without_panic(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), "[\\[\\]{}=\"'\nä0,.]?"), 0..30),
    ) {
        let lines: Vec<String> = fs::read_dir(data()).unwrap()
            .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let mut text = String::new();
        for (line, place, change) in &picks {
            let line = line.get(&lines);
            let at = line.floor_char_boundary(place.index(line.len() + 1));
            text.push_str(&line[..at]);
            text.push_str(change);
            text.push_str(&line[at..]);
            text.push('\n');
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let _ = told(file.path()).to_string();
    }
}
