//! Do the tables in README.md agree with the program?

use std::{collections::BTreeMap, process::Output};

use tempfile::TempDir;

use super::{
    blocks::{code, read, root, table},
    support::setup,
};

fn clir(arguments: &[&str]) -> Output {
    let dir = TempDir::with_prefix("clir-readme-").unwrap();
    setup::clir(dir.path()).args(arguments).output().unwrap()
}

fn help(command: &str) -> String {
    let words: Vec<_> = command.split(' ').filter(|word| !word.is_empty()).chain(["--help"]).collect();
    String::from_utf8(clir(&words).stdout).unwrap()
}

/// `section.key` and value of everything that the documented configuration sets.
fn defaults() -> BTreeMap<String, toml::Value> {
    let config: toml::Table = read(&root().join("config/clir.toml")).parse().unwrap();
    let keys = |(section, value): (String, toml::Value)| {
        let table = match value {
            toml::Value::Array(tables) => tables[0].as_table().unwrap().clone(),
            value => value.as_table().unwrap().clone(),
        };
        table.into_iter().map(move |(key, value)| (format!("{section}.{key}"), value)).collect::<Vec<_>>()
    };
    config.into_iter().flat_map(keys).collect()
}

#[test]
fn every_key_stands_there_with_its_default() {
    let mut documented = BTreeMap::new();
    for row in table("key").into_iter().filter(|row| row.len() == 3) {
        let key = code(&row[0]).remove(0);
        // Keys without a default stand in the configuration as comments.
        if key == "signatures.dir" || row[1] == "none" {
            let name = key.rsplit('.').next().unwrap();
            let is_told =
                |line: &str| line.strip_prefix("# ").is_some_and(|line| line.starts_with(&format!("{name} ")));
            assert!(read(&root().join("config/clir.toml")).lines().any(is_told), "{key} stands nowhere");
            continue;
        }
        let default = format!("it = {}", code(&row[1]).remove(0)).parse::<toml::Table>().unwrap();
        documented.insert(key, default["it"].clone());
    }
    assert_eq!(documented, defaults());
}

#[test]
fn every_command_stands_there_with_options_that_exist() {
    let rows = table("command");
    let of = |row: &Vec<String>| {
        let words = code(&row[0]).remove(0);
        words.split(' ').take_while(|word| word.chars().all(|c| c.is_ascii_lowercase())).collect::<Vec<_>>().join(" ")
    };
    let listed: Vec<_> = rows.iter().map(of).collect();
    let all = help("");
    let offered = all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in offered.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next()) {
        let is_listed = listed.iter().any(|row| row == command || row.starts_with(&format!("{command} ")));
        assert!(is_listed || command == "help", "README.md does not list {command}");
    }
    for (row, command) in rows.iter().zip(&listed) {
        let help = help(command);
        assert!(help.contains("Usage: clir"), "there is no {command}: {help}");
        for option in row.iter().flat_map(|cell| code(cell)).flat_map(options) {
            assert!(help.contains(&option), "clir {command} has no {option}");
        }
    }
}

fn options(code: String) -> Vec<String> {
    code.split([' ', '`']).filter(|word| word.starts_with("--")).map(str::to_owned).collect()
}

#[test]
fn options_of_log_and_explain_are_all_there() {
    let rows = table("command");
    for command in ["log", "explain", "scan"] {
        let row = rows.iter().find(|row| row[0].starts_with(&format!("`{command}"))).unwrap();
        let help = help(command);
        let is_common = |option: &str| ["--config", "--verbose", "--quiet", "--help"].contains(&option);
        let words = help
            .split_whitespace()
            .filter(|word| word.starts_with("--"))
            .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
        for option in words.filter(|option| !is_common(option) && option.len() > 2) {
            assert!(row[1].contains(option), "README.md does not tell of clir {command} {option}");
        }
    }
}

#[test]
fn exit_codes_mean_what_is_said() {
    let codes: Vec<_> = table("exit code").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(codes, ["0", "1", "2", "3"]);
    let capture = root().join("tests/data/captures/two.http");
    let capture = capture.to_str().unwrap();
    let exit = |arguments: &[&str]| clir(arguments).status.code();
    assert_eq!(exit(&["check"]), Some(0));
    assert_eq!(exit(&["--config", "nowhere.toml", "check"]), Some(1));
    assert_eq!(exit(&["no-command"]), Some(2));
    assert_eq!(exit(&["scan", "--fail-on", "low", capture]), Some(3));
}
