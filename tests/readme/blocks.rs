//! Which blocks does README.md hold?

use std::{fs, path::Path, path::PathBuf};

/// One fenced block.
#[derive(Clone, Debug)]
pub struct Block {
    /// The language.
    pub language: String,
    /// The file that it is to be saved as, where it has a name.
    pub name: Option<String>,
    pub text: String,
    /// The line on which it begins.
    pub line: usize,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// README.md
pub fn readme() -> String {
    read(&root().join("README.md"))
}

pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The blocks of README.md in this language.
pub fn blocks(language: &str) -> Vec<Block> {
    let found: Vec<_> = parse(&readme()).into_iter().filter(|block| block.language == language).collect();
    assert!(!found.is_empty(), "README.md has no {language} block");
    found
}

fn parse(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if is_open => is_open = false,
            Some(info) => {
                let mut words = info.split(' ').map(str::to_owned);
                let language = words.next().unwrap_or_default();
                blocks.push(Block { language, name: words.next(), text: String::new(), line: index + 1 });
                is_open = true;
            }
            None if is_open => blocks.last_mut().unwrap().text += &format!("{line}\n"),
            None => {}
        }
    }
    assert!(!is_open, "a block has no end");
    blocks
}

/// The table whose header row begins with this cell, as rows of cells.
pub fn table(first_cell: &str) -> Vec<Vec<String>> {
    let text = readme();
    let header = format!("| {first_cell} |");
    let rows = text.lines().skip_while(|line| !line.starts_with(&header)).skip(2);
    let rows: Vec<_> = rows.take_while(|line| line.starts_with('|')).map(cells).collect();
    assert!(!rows.is_empty(), "README.md has no table of {first_cell}");
    rows
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim_start_matches('|').trim_end_matches('|').replace("\\|", "\u{1}");
    row.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// What stands between backquotes.
pub fn code(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
