//! How is what has come of it shown?

mod bars;
mod lines;
mod svg;
mod table;

use std::{error::Error, fs, path::Path};

pub use lines::{Curve, draw as curve};

use crate::{options::Options, proxies, results::Results, scenario};

/// Where the README's table stands.
const BEGIN: &str = "<!-- made by `cargo bench --bench peers -- --readme`: begin -->";
const END: &str = "<!-- end -->";

/// What can be measured, and what is here.
pub fn list() -> String {
    let proxy = |proxy: &proxies::Proxy| {
        let there = proxy.find().map_or_else(|| "not installed".into(), |path| proxy.version_of(&path));
        format!("  {:<14} {there:<16} {}\n", proxy.name, proxy.what)
    };
    let row = |row: &scenario::Scenario| format!("  {:<14} {}\n", row.name, row.title);
    let (proxies, rows): (String, String) =
        (proxies::ALL.iter().map(proxy).collect(), scenario::ALL.iter().map(row).collect());
    format!("proxies\n{proxies}\nrows\n{rows}")
}

/// Prints the tables, and writes what was asked for.
pub fn everything(results: &Results, options: &Options) -> Result<(), Box<dyn Error>> {
    println!("{}", table::details(results));
    println!("{}", table::summary(results));
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&results.json())?)?;
    }
    if let Some(path) = &options.plot {
        fs::write(path, bars::draw(results))?;
    }
    if options.readme {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        write(&root.join("docs/benchmarks/peers.svg"), &bars::draw(results))?;
        refresh(&root.join("README.md"), &table::summary(results))?;
    }
    Ok(())
}

/// Writes a file, in a directory that may have to be made.
pub fn write(path: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    Ok(fs::write(path, text)?)
}

fn refresh(path: &Path, table: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("README.md has no place for the table")?;
    let (_, after) = rest.split_once(END).ok_or("README.md has no end of the table")?;
    Ok(fs::write(path, format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))?)
}
