//! Do the files that are compiled in say what the code does, and is the right policy taken?

use std::{fs, path::Path};

use jiff::civil::Date;

use super::{load::load_in, locate::Surroundings, *};

const TODAY: Date = Date::constant(2026, 11, 22);
const CONFIG: &str = include_str!("../../config/clir.toml");

fn load_file(path: &Path) -> Result<Loaded, Report> {
    load_in(&Surroundings { explicit: Some(path.to_owned()), ..Surroundings::default() }, TODAY)
}

/// Loads a configuration that stands in a directory with these files.
fn load_beside(config: &str, files: &[(&str, &str)]) -> Result<Loaded, Report> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files.iter().chain(&[("clir.toml", config)]) {
        fs::write(dir.path().join(name), text).unwrap();
    }
    load_file(&dir.path().join("clir.toml"))
}

fn settings(config: &Config) -> String {
    let Config { listeners, access, routing, tls, log, behaviour, limits, timeouts, upgrading, clients, .. } = config;
    let mode = (config.policy.mode(), upgrading, clients);
    format!(
        "{listeners:?}\n{access:?}\n{routing:?}\n{tls:?}\n{log:?}\n{behaviour:?}\n{limits:?}\n{timeouts:?}\n{mode:?}"
    )
}

fn rule_names(loaded: &Loaded) -> Vec<String> {
    loaded.config.policy.rules().iter().map(|rule| rule.name.to_string()).collect()
}

#[test]
fn what_is_compiled_in_is_sound() {
    let loaded = load_in(&Surroundings::default(), TODAY).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    assert_eq!(loaded.config.policy_file, PolicyFile::BuiltIn);
    assert!(loaded.config.path.is_none() && loaded.files.is_empty());
    assert!(!loaded.config.policy.rules().is_empty());
}

#[test]
fn the_documented_values_are_the_defaults() {
    let documented = load_in(&Surroundings::default(), TODAY).unwrap();
    let nothing_written = load_beside("", &[]).unwrap();
    assert_eq!(settings(&documented.config), settings(&nothing_written.config));
}

/// An unknown key makes the schema list what it knows; each of those must stand in the file.
/// Tables that need not be there stand in comments.
#[test]
fn every_key_of_a_client_is_documented() {
    let report = load_beside("[[client]]\nname = \"a\"\naddress = \"192.0.2.7\"\nqqqqqqqqqqqq = 1\n", &[]).unwrap_err();
    let help = report.diagnostics()[0].help.clone().unwrap();
    let keys: Vec<_> = help.split('`').skip(1).step_by(2).collect();
    let section = CONFIG.split("#   [[client]]\n").nth(1).unwrap().split("\n\n").next().unwrap();
    assert_eq!(keys.len(), 7, "{keys:?}");
    for key in keys {
        assert!(section.lines().any(|line| line.starts_with(&format!("#   {key} "))), "{key}");
    }
}

#[test]
fn rules_of_clients_own_come_first_and_one_file_may_be_of_several() {
    let config = "[[client]]\nname = \"a\"\naddress = \"192.0.2.7\"\npolicy = \"own.toml\"\n\
        [[client]]\nname = \"b\"\naddress = \"192.0.2.8\"\npolicy = \"own.toml\"\n\
        [[client]]\nname = \"c\"\naddress = \"192.0.2.9\"\n\
        [[client.policy]]\nname = \"third\"\naction = \"keep\"\n\
        [[rule]]\nname = \"last\"\naction = \"keep\"\n";
    let own = "[[rule]]\nname = \"second\"\naction = \"strip\"\n";
    let loaded = load_beside(config, &[("own.toml", own)]).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    assert_eq!(rule_names(&loaded), ["third", "second", "last"]);
    let owners: Vec<_> = loaded.config.policy.rules().iter().map(|rule| rule.owners.join(" ")).collect();
    assert_eq!(owners, ["c", "a b", ""]);
    assert!(loaded.files.iter().any(|file| file.ends_with("own.toml")), "a change of it is noticed");
    let faulty = load_beside(config, &[("own.toml", "[[rule]]\nname = \"last\"\naktion = 1\n")]).unwrap_err();
    let mut codes: Vec<_> = faulty.diagnostics().iter().map(|fault| fault.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["duplicate-name", "missing-key", "unknown-key"]);
    assert_eq!(load_beside(config, &[]).unwrap_err().diagnostics()[0].code, "missing-file");
}

#[test]
fn every_key_is_documented() {
    let tables = [
        "[[listener]]",
        "[access]",
        "[intercept]",
        "[tls]",
        "[upgrade]",
        "[connectivity]",
        "[log]",
        "[behaviour]",
        "[limits]",
        "[timeouts]",
        "[signatures]",
        "[policy]",
    ];
    for table in tables {
        let report = load_beside(&format!("{table}\nqqqqqqqqqqqq = 1\n"), &[]).unwrap_err();
        let help = report.diagnostics()[0].help.clone().unwrap();
        let keys: Vec<_> = help.split('`').skip(1).step_by(2).collect();
        assert!(!keys.is_empty());
        let section = CONFIG.split(&format!("\n{table}\n")).nth(1).unwrap().split("\n[").next().unwrap();
        for key in keys {
            let documents = |line: &str| line.trim_start_matches("# ").split('=').next().unwrap().trim() == key;
            assert!(section.lines().any(documents), "{table} {key}");
        }
    }
}

#[test]
fn without_a_policy_anywhere_the_compiled_in_one_holds() {
    let loaded = load_beside("[log]\nkeep_days = 1\n", &[]).unwrap();
    assert_eq!(loaded.config.policy_file, PolicyFile::BuiltIn);
}

#[test]
fn a_policy_beside_the_configuration_is_taken() {
    let policy = "[[rule]]\nname = \"mine\"\naction = \"strip\"\n";
    let loaded = load_beside("", &[("policy.toml", policy)]).unwrap();
    assert_eq!(rule_names(&loaded), ["mine"]);
    let named =
        load_beside("[policy]\nfile = \"other.toml\"\n", &[("other.toml", policy), ("policy.toml", "")]).unwrap();
    assert_eq!(rule_names(&named), ["mine"]);
}

#[test]
fn rules_in_the_configuration_come_first_and_may_stand_alone() {
    let own = "[[rule]]\nname = \"own\"\nwhen = { severity = \"high\" }\naction = \"keep\"\n";
    let policy = "[[rule]]\nname = \"other\"\naction = \"strip\"\n";
    assert_eq!(rule_names(&load_beside(own, &[("policy.toml", policy)]).unwrap()), ["own"]);
    let both = format!("{own}[policy]\nfile = \"policy.toml\"\n");
    assert_eq!(rule_names(&load_beside(&both, &[("policy.toml", policy)]).unwrap()), ["own", "other"]);
}

#[test]
fn a_policy_that_is_named_must_exist() {
    let report = load_beside("[policy]\nfile = \"policy.toml\"\n", &[]).unwrap_err();
    assert_eq!(report.diagnostics()[0].code, "missing-file");
    assert!(report.diagnostics()[0].position().is_some());
}

#[test]
fn a_rule_may_name_a_partner_of_the_other_file() {
    let partner = "[[partner]]\nname = \"billing\"\nhost = \"*.pay.example\"\n[policy]\nfile = \"policy.toml\"\n";
    let policy = "[[rule]]\nname = \"r\"\nunless = { partner = \"billing\" }\naction = \"strip\"\n";
    let loaded = load_beside(partner, &[("policy.toml", policy)]).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
}

#[test]
fn relative_paths_are_relative_to_the_state_directory() {
    let base = Path::new("/var/lib/clir").to_owned();
    let loaded = load_in(&Surroundings { base, ..Surroundings::default() }, TODAY).unwrap();
    assert_eq!(loaded.config.log.dir, Path::new("/var/lib/clir/logs"));
    assert_eq!(loaded.config.tls.ca_dir, Path::new("/var/lib/clir/certs"));
}

/// Whatever is printed of a configuration: the numbers in it are not part of it.
#[test]
fn a_loaded_configuration_holds_no_number_in_clear() {
    let text = "[[identity]]\nlabel = \"mine\"\nkind = \"msisdn\"\nvalue = \"+44 7700 900123\"\n\
                [[identity]]\nlabel = \"card\"\nkind = \"iccid\"\nvalue = \"8944100000000000009\"\n";
    let loaded = load_beside(text, &[]).unwrap();
    assert_eq!(loaded.warnings.len(), 1);
    let printed = format!("{loaded:?} {:#?} {}", loaded.config, loaded.warnings);
    assert!(printed.contains("mine") && printed.contains("card"));
    assert!(!printed.contains("7700") && !printed.contains("89441000"), "{printed}");
}

#[test]
fn a_file_that_holds_a_number_is_watched() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "447700900123").unwrap();
    let text = format!("[[identity]]\nlabel = \"mine\"\nkind = \"msisdn\"\nfile = {:?}\n", file.path());
    let loaded = load_beside(&text, &[]).unwrap();
    assert_eq!(loaded.config.identities.len(), 1);
    assert!(loaded.files.iter().any(|watched| watched == file.path()));
}

#[test]
fn a_broken_line_is_told_once() {
    let report = load_beside("[log]\nkeep_days = \nvalues = masked\n[limits]\nheaders = \"x\"\n", &[]).unwrap_err();
    let told: Vec<_> = report.diagnostics().iter().map(|fault| (fault.code, fault.position().unwrap().1)).collect();
    assert_eq!(told, [("syntax", 2), ("syntax", 3), ("wrong-type", 5)]);
}

#[test]
fn an_open_bracket_is_not_told_for_every_line_behind_it() {
    let text = "[access]\nclients = [\"private\",\n\n[log]\nkeep_days = 0\nvalues = \"x\"\nqueue = 1\nmax_bytes = 7\n";
    let report = load_beside(text, &[]).unwrap_err();
    assert_eq!(report.len(), 1, "{report}");
}

#[test]
fn garbage_does_not_fill_the_screen() {
    let report = load_beside(&"?\n".repeat(20_000), &[]).unwrap_err();
    assert!(report.len() > 1000);
    assert!(report.to_string().lines().count() < 1000);
}

/// Loads with a directory of signatures that holds this file.
fn load_with_signatures(name: &str, text: &str) -> Result<Loaded, Report> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), text).unwrap();
    load_beside(&format!("[signatures]\ndir = {:?}\n", dir.path()), &[])
}

#[test]
fn a_file_of_signatures_replaces_its_namesake_and_else_adds() {
    let count = |loaded: Loaded| loaded.config.signatures.len();
    let builtin = count(load_in(&Surroundings::default(), TODAY).unwrap());
    let (name, text) = crate::detect::SignatureSet::builtin_files()[0];
    assert_eq!(count(load_with_signatures(name, text).unwrap()), builtin);
    assert!(count(load_with_signatures(name, "").unwrap()) < builtin);
    assert_eq!(count(load_with_signatures("own.toml", "").unwrap()), builtin);
}

#[test]
fn a_fault_in_a_signature_is_told_in_its_file() {
    let report = load_with_signatures("own.toml", "[[signature]]\nid = 7\n").unwrap_err();
    let (file, line, _) = report.diagnostics()[0].position().unwrap();
    assert!(file.ends_with("own.toml") && line <= 2, "{report}");
}

#[test]
fn a_name_stands_twice_whatever_else_is_wrong() {
    let rules = "[[rule]]\nname = \"a\"\naction = \"stirp\"\n[[rule]]\nname = \"a\"\naction = \"strip\"\n";
    let report = load_beside(rules, &[]).unwrap_err();
    let codes: Vec<_> = report.diagnostics().iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["unknown-word", "duplicate-name"], "{report}");
}

#[test]
fn a_byte_order_mark_moves_no_column_and_a_kind_has_a_near_word() {
    let report = load_beside("\u{feff}mod = 1\n[[listener]]\nkind = \"sock5\"\n", &[]).unwrap_err();
    assert_eq!(report.diagnostics()[0].position().map(|(_, line, column)| (line, column)), Some((1, 1)));
    assert!(report.to_string().contains("did you mean `socks5`?"), "{report}");
}
