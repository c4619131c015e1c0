//! Is every fault told, where it is and with a cure?

use std::{collections::BTreeSet, fs, path::Path};

use jiff::civil::Date;

use super::{load::load_in, locate::Surroundings, *};

const TODAY: Date = Date::constant(2026, 11, 22);

fn load_file(path: &Path) -> Result<Loaded, Report> {
    let base = path.parent().unwrap().to_owned();
    load_in(&Surroundings { explicit: Some(path.to_owned()), candidates: Vec::new(), base }, TODAY)
}

fn load_text(text: &str) -> Result<Loaded, Report> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clir.toml");
    fs::write(&path, text).unwrap();
    load_file(&path)
}

fn load_builtin() -> Result<Loaded, Report> {
    load_in(&Surroundings::default(), TODAY)
}

#[test]
fn five() {
    let text = r#"
[[listener]]
adress = "[::]:8080"
vantage = "beyond-carier"

[access]
clients = ["10.0.0.0/33"]
users = ["alice:hunter2"]

[limits]
headers = "many"

[[rule]]
name = "x"
when = { severity = "hgih" }
unless = { partner = ["biling"] }
action = "strip"

[[identity]]
value = "447700900123"
"#;
    println!("{}", load_text(text).unwrap_err());
    println!("{:?}", load_text("a = \nb = [1,\n[log]\nkeep_days = 0\nvalues = \nusers = [\"hunter2\"\n"));
    println!("{:?}", load_builtin());
}
